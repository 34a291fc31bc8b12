"""A daemon, and database servers, that live in a temporary directory and end with whoever started them.

Benchmarks and the evaluation put `scripts` on their path and import this."""
