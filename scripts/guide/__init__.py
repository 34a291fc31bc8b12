"""What scripts/test-guide is made of: it reads a document's commands, runs them as they stand there, and looks at what comes of them.

A chapter's commands are written once, in the document. A function for the chapter runs them in their order and says what each has to do;
a command that no function runs, or that is no longer in the document, is a failure that names it."""
