"""The rows of the assistant: what the daemon adds before a model hears of a question, and to each token of the answer."""

import contextlib
import itertools
import json
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

from daemon import HERE, UNLIMITED, Throwaway
from rows import Row

# 5,000 tables of ten columns, named as people name them.
AREAS = ["sales", "billing", "stock", "shipping", "hr", "payroll", "support", "crm", "web", "catalogue", "audit", "fleet", "clinic",
         "school", "library", "hotel", "travel", "energy", "farm", "factory", "quality", "legal", "tax", "bank", "loan"]
THINGS = ["order", "customer", "invoice", "payment", "product", "price", "discount", "address", "contact", "contract", "employee", "shift",
          "ticket", "message", "visit", "page", "session", "event", "device", "sensor", "reading", "vehicle", "trip", "route", "patient",
          "appointment", "course", "exam", "book", "loan", "room", "booking", "guest", "meter", "field", "harvest", "machine", "part",
          "batch", "defect"]
KINDS = ["", "_line", "_status", "_history", "_note"]
COLUMNS = ["name", "status", "created_at", "updated_at", "amount", "quantity", "city", "country", "email", "phone", "kind", "code",
           "description", "priority", "started_at", "ended_at", "total", "currency", "weight", "rating", "comment", "language"]
TURNS = 60
TOKENS = 2000


def tables():
    """The statements that make them, parents first."""
    for number, (area, thing, kind) in enumerate(itertools.product(AREAS, THINGS, KINDS)):
        columns = [COLUMNS[(number * 7 + place * 5) % len(COLUMNS)] + (str(place) if place > 4 else "") for place in range(8)]
        # Its head, or the thing before it.
        other = f"{area}_{thing}" if kind else f"{area}_{THINGS[max(THINGS.index(thing) - 1, 0)]}"
        yield (f"CREATE TABLE {area}_{thing}{kind} (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES {other} (id), "
               + ", ".join(f"{column} TEXT" for column in columns) + ")")


def questions():
    """No two alike."""
    for number in itertools.count():
        area, thing = AREAS[number * 7 % len(AREAS)], THINGS[number * 11 % len(THINGS)]
        column = COLUMNS[number * 3 % len(COLUMNS)].replace("_", " ")
        yield [f"How many {thing}s of {area} had more than {number} in {column} last month?",
               f"Which {area} {thing} has the highest {column}, and what is its status? ({number})",
               f"List the {number + 5} latest {thing} notes of {area} by {column}."][number % 3]


class Model:
    """The model server, and a client that asks it directly."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, str(HERE / "model_server.py"), *self.options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())
        self.wire = socket.create_connection(("127.0.0.1", self.port))
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def __exit__(self, *_):
        self.wire.close()
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    @property
    def environment(self):
        return {"DBASSIST_MODEL_URL": f"http://127.0.0.1:{self.port}/v1", "DBASSIST_MODEL": "bench", "DBASSIST_LIMITS_CHAT_DAY_TOKENS": "0"}

    def request(self):
        """What it says of the request that it has answered last."""
        return json.loads(self.process.stdout.readline())

    def post(self, text, size):
        """Asks directly, with a body of at least `size` bytes. Answers the times of the request's first byte there and of the answer's end."""
        text = json.dumps({"model": "bench", "stream": True, "messages": [{"role": "user", "content": text.ljust(size - 88)}]}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        request, tail = head % len(text) + text, b""
        began = time.monotonic_ns()
        self.wire.sendall(request)
        while not tail.endswith(b"\r\n0\r\n\r\n"):
            tail = tail[-8:] + self.wire.recv(1 << 20)
        return self.request()["arrivedNs"] - began, time.monotonic_ns() - began


class Bench:
    """Turns of one project."""

    def __init__(self, model, connection, project):
        self.model, self.connection, self.project, self.size = model, connection, project, 0
        self.questions = questions()
        self.times = {"ours": [], "theirs": []}
        # The schema is read, and everything has been used once.
        for _ in range(5):
            self.turn(next(self.questions))

    def turn(self, content):
        """Nanoseconds until the first byte of the request is at the model, and until the reply is here, with every event before it."""
        connection, number = self.connection, self.connection.last + 1
        params = {"projectId": self.project, "content": content, "partialResultToken": "t"}
        began = time.monotonic_ns()
        connection.send("chat.send", params)
        end = b'"id":%d' % number
        while end not in (line := connection.replies.readline())[:40]:
            if not line:
                raise SystemExit("the daemon closed the connection")
        took = time.monotonic_ns() - began
        if b'"error":{' in line[:200]:
            raise SystemExit(f"chat.send: {line[:500]!r}")
        asked = self.model.request()
        self.size = asked["bodyBytes"]
        if line.count(b"word ") < (TOKENS - 1 if "stream" in content else 0):
            raise SystemExit(f"chat.send: not all of the answer came: {line[:500]!r}")
        return asked["arrivedNs"] - began, took

    def to_model(self):
        """The median, in µs, of turns with different questions."""
        times = [self.turn(next(self.questions))[0] / 1e3 for _ in range(TURNS)]
        self.times["ours"] += times
        return statistics.median(times)

    def to_model_directly(self):
        """The same of a client that has nothing to do but to send as much."""
        times = [self.model.post(next(self.questions), self.size)[0] / 1e3 for _ in range(TURNS)]
        self.times["theirs"] += times
        return statistics.median(times)

    def worst(self, side, measure):
        """The 99th percentile of all turns so far."""
        if not self.times[side]:
            measure()
        return statistics.quantiles(self.times[side], n=100)[98]

    def token(self):
        """Microseconds a token of an answer that is read as it comes."""
        return self.turn(f"{next(self.questions)} Please stream {TOKENS} tokens.")[1] / 1e3 / TOKENS

    def token_directly(self):
        return self.model.post(f"Please stream {TOKENS} tokens.", self.size)[1] / 1e3 / TOKENS


def rows(binary, place, servers):
    """All of them; `servers` has the PostgreSQL that runs, if one does."""
    place = Path(place) / "chat"
    place.mkdir(mode=0o700)
    file = place / "wide.sqlite"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.executescript("BEGIN;" + ";".join(tables()) + "; COMMIT")
    databases = [("SQLite", "sqlite", f"sqlite://{file}")]
    for server in servers:
        databases.append(("PostgreSQL", "postgresql", server.wide("\n".join(f"{statement};" for statement in tables()))))
    with Model() as model, Throwaway(binary, place, model.environment | UNLIMITED) as daemon:
        for name, kind, string in databases:
            project = daemon.project(kind, string)
            daemon.call("project.update", {"projectId": project, "assistant": {"acceptedRights": ["superuser"]}}, daemon.token)
            with daemon.connect(daemon.token) as connection:
                bench = Bench(model, connection, project)
                yield Row(f"question to model, {name}", "µs", False, bench.to_model, bench.to_model_directly, "a POST as long")
                yield Row("the same, 99 of 100", "µs", False, lambda bench=bench: bench.worst("ours", bench.to_model),
                          lambda bench=bench: bench.worst("theirs", bench.to_model_directly), "a POST as long")
                if kind == "sqlite":
                    yield Row("a token of an answer", "µs", False, bench.token, bench.token_directly, "the model's stream")
                    yield Row("what the daemon adds to it", "µs", False,
                              lambda bench=bench: bench.token() - bench.token_directly())
