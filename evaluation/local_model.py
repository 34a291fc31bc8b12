"""The small model of scripts/model-server, for as long as it is needed."""

import contextlib
import json
import subprocess
from pathlib import Path

SERVER = Path(__file__).resolve().parent.parent / "scripts" / "model-server"
# What model-server exits with if what it needs cannot be had now.
UNAVAILABLE = 75


class Unavailable(Exception):
    """The model cannot be downloaded here and now."""


@contextlib.contextmanager
def local_model(size="1.5b", log=None):
    """Serves the model; gives its address, up to /v1, and its name. What the server says goes to stderr, or to the file `log`."""
    with contextlib.ExitStack() as stack:
        errors = stack.enter_context(open(log, "ab")) if log else None
        process = subprocess.Popen([SERVER, "--model", size], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        try:
            line = process.stdout.readline()
            if not line:
                if process.wait() == UNAVAILABLE:
                    raise Unavailable(f"scripts/model-server cannot get what it needs{f': see {log}' if log else '.'}")
                raise SystemExit(f"scripts/model-server failed ({process.returncode}).")
            served = json.loads(line)
            yield served["url"], served["model"]
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
