"""A daemon of our own, and a client of it."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

PASSWORD = "nine lives of an engine"


class Refused(Exception):
    """An error that the daemon answered: its `error` member."""

    def __init__(self, method, error):
        super().__init__(f"{method}: {error['message']}")
        self.error = error

    @property
    def code(self):
        """What a program tells errors apart by."""
        return (self.error.get("data") or {}).get("code", "")


class Daemon:
    """A daemon of our own on a socket, with an account, in a directory."""

    def __init__(self, binary, place, environment=None, around=()):
        """`environment` is added to what little it gets; `around` is a program that runs it, such as strace, with its arguments."""
        self.binary, self.place, self.socket = binary, Path(place), Path(place) / "s"
        self.around = [str(part) for part in around]
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(place), "XDG_RUNTIME_DIR": str(place),
            "DBASSIST_STATE_DIR": f"{place}/state", "DBASSIST_SOCKET": str(self.socket), **(environment or {}),
        }
        self.store = self.place / "state" / "store.sqlite"
        self.process = None

    def __enter__(self):
        self.start()
        self.sign_up()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, patience=20):
        """Starts it, waits until it serves, and answers after how many seconds it did."""
        began = time.monotonic()
        with open(self.place / "log", "ab") as log:
            self.process = subprocess.Popen([*self.around, self.binary, "serve"], env=self.environment, stderr=log,
                                            stdin=subprocess.DEVNULL)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() - began > patience:
                self.stop()
                raise SystemExit("the daemon did not start: " + self.log())
            time.sleep(0.01)
        return time.monotonic() - began

    def log(self):
        """The end of what it logged."""
        return (self.place / "log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def answers(self):
        try:
            with Connection(self.socket):
                return True
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def sign_up(self):
        self.token = self.call("auth.signup", {"name": "Ada", "email": "ada@example.com", "password": PASSWORD})["token"]

    def call(self, method, params, token=None):
        """One call over a connection of its own."""
        with self.connect(token) as connection:
            return connection.call(method, params)

    def connect(self, token=None):
        return Connection(self.socket, token)

    def project(self, kind, connection, **more):
        """The id of a new project."""
        params = {"name": kind, "databaseType": kind, "connectionString": connection, **more}
        return self.call("project.create", params, self.token)["id"]


class Connection:
    """A connection that speaks one JSON text a line, one request at a time."""

    def __init__(self, path, token=None):
        self.wire = socket.socket(socket.AF_UNIX)
        try:
            self.wire.connect(str(path))
        except OSError:
            self.wire.close()
            raise
        self.replies = self.wire.makefile("rb")
        self.last = 0
        if token:
            self.notify("auth.attach", {"token": token})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.replies.close()
        self.wire.close()

    def notify(self, method, params):
        self.wire.sendall(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode() + b"\n")

    def send(self, method, params):
        self.last += 1
        message = {"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}
        self.wire.sendall(json.dumps(message).encode() + b"\n")
        return self.last

    def receive(self):
        """The next message."""
        line = self.replies.readline()
        if not line:
            raise SystemExit("the daemon closed the connection")
        return json.loads(line)

    def call(self, method, params, on_notification=None):
        """What a method answers; raises `Refused` where that is an error."""
        reply = self.result(self.send(method, params), on_notification)
        if "error" in reply:
            raise Refused(method, reply["error"])
        return reply["result"]

    def seconds(self, method, params):
        """How long one call takes; the reply is read and not looked at."""
        self.last += 1
        line = json.dumps({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}).encode() + b"\n"
        began = time.perf_counter()
        self.wire.sendall(line)
        reply = self.replies.readline()
        took = time.perf_counter() - began
        if b'"error":{' in reply[:200]:
            raise SystemExit(f"{method}: {reply[:500]!r}")
        return took

    def result(self, number, on_notification=None):
        """The reply to a request; what else comes before it is dropped, or given to `on_notification`."""
        while (message := self.receive()).get("id") != number:
            if on_notification:
                on_notification(message)
        return message
