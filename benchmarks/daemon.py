"""A daemon of our own to measure, and the client that does."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOAD = HERE / ".build" / "rpcload"
PASSWORD = "nine lives of an engine"


def measure(*command, **options):
    """What a program that prints one JSON object measured."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} failed ({done.returncode}): {done.stderr.strip()}")
    return json.loads(done.stdout)


class Daemon:
    """A daemon of our own on a socket, with an account, in a temporary directory."""

    def __init__(self, binary, place):
        self.binary, self.place, self.socket = binary, Path(place), Path(place) / "s"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": place, "XDG_RUNTIME_DIR": place,
            "DBASSIST_STATE_DIR": f"{place}/state", "DBASSIST_SOCKET": str(self.socket),
        }
        self.store = self.place / "state" / "store.sqlite"
        self.process = None
        # A store belongs to one process, so daemons on stdio have another.
        self.stdio_environment = self.environment | {"DBASSIST_STATE_DIR": f"{place}/stdio-state"}

    def __enter__(self):
        self.start()
        self.sign_up()
        # Makes the store, which every later start on stdio finds.
        measure(LOAD, "--mode", "start", *self.over_stdio(), env=self.stdio_environment)
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, patience=20):
        """Starts it, waits until it serves, and answers after how many seconds it did."""
        began = time.monotonic()
        with open(self.place / "log", "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=self.environment, stderr=log, stdin=subprocess.DEVNULL)
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() - began > patience:
                raise SystemExit("the daemon did not start: " + (self.place / "log").read_text()[-2000:])
            time.sleep(0.01)
        return time.monotonic() - began

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

    def project(self, kind, connection):
        """The id of a new project."""
        params = {"name": kind, "databaseType": kind, "connectionString": connection}
        return self.call("project.create", params, self.token)["id"]

    def streamed(self, project, sql):
        """Seconds until the last row of a pushed result is here, read and dropped."""
        params = json.dumps({"projectId": project, "sql": sql, "partialResultToken": 1, "timeoutMs": 120000})
        return measure(*self.over_socket(), "--token", self.token, "--requests", 1, "--expect", "result", "--method", "query.run",
                       "--params", params)["p50Us"] / 1e6

    def over_socket(self):
        return [LOAD, "--socket", self.socket]

    def over_stdio(self):
        return ["--", self.binary, "--stdio"]

    def first_page(self, project, sql):
        """Milliseconds from the request to the first page of a pushed result; the rest is not waited for."""
        with self.connect(self.token) as connection:
            connection.call("auth.whoami", {})
            began = time.monotonic()
            connection.send("query.run", {"projectId": project, "sql": sql, "partialResultToken": 1, "timeoutMs": 120000})
            connection.receive()
            return (time.monotonic() - began) * 1000

    def peak(self, work):
        """The most memory in KiB that the daemon has resident while `work` goes on (VmHWM of proc(5), reset before)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        work()
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


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

    def call(self, method, params):
        reply = self.result(self.send(method, params))
        if "error" in reply:
            raise SystemExit(f"{method}: {reply['error']['message']}")
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

    def result(self, number):
        """The reply to a request; what else comes before it is dropped."""
        while (message := self.receive()).get("id") != number:
            pass
        return message
