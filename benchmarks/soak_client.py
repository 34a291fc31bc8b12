"""A client that checks every reply: that it was asked for, that it is of the kind that was expected, and that it is whole."""

import collections
import json
import socket
import subprocess
from typing import Any, NamedTuple

from daemon import HERE

OK = "ok"
# Nothing here takes as long; a reply that does not come is a failure.
PATIENCE = 60


class Unexpected(Exception):
    """Something that the daemon should not have said, or did not say."""


def required_members():
    """The members that a method's result must have, by method, as the published description has them."""
    document = json.loads((HERE.parent / "spec" / "openrpc.json").read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    required = {}
    for method in document["methods"]:
        schema = method.get("result", {}).get("schema", {})
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
        required[method["name"]] = frozenset(schema.get("required", []))
    return required


REQUIRED = required_members()


class Call(NamedTuple):
    """A request and what may come of it: `ok`, or codes of errors."""

    method: str
    params: Any = None
    expect: tuple = (OK,)


def call(method, params=None, *expect):
    return Call(method, params, expect or (OK,))


class Client:
    """Over a socket or a child's standard input and output, one JSON text a line or with `Content-Length` headers."""

    def __init__(self, tally, framed, path=None, child=None):
        self.tally, self.framed, self.wire, self.child = tally, framed, None, child
        self.last, self.heard, self.waiting = 0, collections.deque(), {}
        if path:
            self.wire = socket.socket(socket.AF_UNIX)
            self.wire.settimeout(PATIENCE)
            self.wire.connect(str(path))
            self.reader, self.write = self.wire.makefile("rb"), self.wire.sendall
        else:
            self.reader, self.write = child.stdout, self.write_to_child

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        if self.wire:
            self.wire.close()

    def write_to_child(self, text):
        self.child.stdin.write(text)
        self.child.stdin.flush()

    # What goes out

    def frame(self, message):
        text = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()
        return b"Content-Length: %d\r\n\r\n%b" % (len(text), text) if self.framed else text + b"\n"

    def request(self, asked):
        """A request's message, which is from now on waited for."""
        self.last += 1
        # Ids are numbers and texts, which come back as they were.
        number = self.last if self.last % 3 else f"r{self.last}"
        self.waiting[number] = asked
        message = {"jsonrpc": "2.0", "id": number, "method": asked.method}
        if asked.params is not None:
            message["params"] = asked.params
        return message

    def send(self, *calls):
        """Sends requests in one write and answers their ids."""
        messages = [self.request(asked) for asked in calls]
        self.write(b"".join(self.frame(message) for message in messages))
        return [message["id"] for message in messages]

    def notify(self, method, params=None):
        message = {"jsonrpc": "2.0", "method": method}
        self.write(self.frame(message if params is None else message | {"params": params}))

    # What comes in

    def receive(self):
        """The next message; None at the end."""
        line = self.reader.readline()
        if self.framed and line:
            length = None
            while line not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                line = self.reader.readline()
            if length is None:
                raise Unexpected("a frame without its length")
            line = self.reader.read(length)
            if len(line) < length:
                raise Unexpected("half a frame")
        elif line and not line.endswith(b"\n"):
            raise Unexpected("half a line")
        return json.loads(line) if line else None

    def replies(self):
        """The next replies as pairs of id and outcome; notifications before them are kept in `heard`."""
        while True:
            message = self.receive()
            if message is None:
                raise Unexpected(f"the daemon closed the connection; waited for: {list(self.waiting.values())[:3]}")
            if isinstance(message, list):
                return [self.judge(reply) for reply in message]
            if "method" not in message:
                return [self.judge(message)]
            self.heard.append(message)

    def judge(self, reply, unasked=None):
        """The id and the result of a reply, or its error's code, if it may be like this. `unasked` is what one without an id may say."""
        number = reply.get("id")
        asked = unasked if number is None else self.waiting.pop(number, None)
        if asked is None:
            raise Unexpected(f"a reply to nothing that was asked: {str(reply)[:500]}")
        if ("result" in reply) == ("error" in reply):
            raise Unexpected(f"{asked.method}: neither result nor error, or both: {str(reply)[:500]}")
        if "error" in reply:
            error = reply["error"]
            data = error.get("data") or {}
            outcome = data.get("code")
            whole = isinstance(error.get("code"), int) and error.get("message") and "retryable" in data and data.get("requestId")
        else:
            outcome, result = OK, reply["result"]
            whole = not REQUIRED.get(asked.method) or REQUIRED[asked.method] <= result.keys()
        if outcome not in asked.expect or not whole:
            raise Unexpected(f"{asked.method} {str(asked.params)[:300]}: wanted {' or '.join(asked.expect)}, came {str(reply)[:700]}")
        self.tally[asked.method, outcome] += 1
        return number, reply["result"] if outcome == OK else outcome

    def wait(self, *numbers):
        """The outcomes of requests that were sent, in this order. Others may be answered meanwhile."""
        found = {}
        while len(found) < len(numbers):
            for number, outcome in self.replies():
                if number not in numbers:
                    raise Unexpected(f"the reply to {number} came when nobody waited for it")
                found[number] = outcome
        return [found[number] for number in numbers]

    # Both

    def ask(self, method, params=None, *expect):
        """A method's result, or the code of its error where that may be."""
        return self.wait(*self.send(call(method, params, *expect)))[0]

    def ask_all(self, calls):
        """The same of requests that are sent at once."""
        return self.wait(*self.send(*calls))

    def batch(self, items, nameless=()):
        """Sends `items`, calls and ready messages, as one array. `nameless` has the codes of errors that come without an id."""
        messages = [self.request(item) if isinstance(item, Call) else item for item in items]
        self.write(self.frame(messages))
        reply = self.receive()
        if not isinstance(reply, list):
            raise Unexpected(f"a batch was answered with {str(reply)[:500]}")
        codes = list(nameless)
        for part in reply:
            self.judge(part, unasked=call("(none)", None, *codes))
            if part.get("id") is None:
                codes.remove(part["error"]["data"]["code"])
        if self.waiting or codes:
            raise Unexpected(f"a batch lacks replies: {self.waiting} {codes}")

    def spoil(self, text, code):
        """Sends bytes that are no message, which one error without id says."""
        self.write(text)
        reply = self.receive()
        if not isinstance(reply, dict) or reply.get("id", 0) is not None:
            raise Unexpected(f"{text[:60]!r} was answered with {str(reply)[:500]}")
        self.judge(reply, unasked=call("(none)", None, code))

    def ended(self):
        """Checks that the daemon has nothing more to say and closes."""
        if (message := self.receive()) is not None:
            raise Unexpected(f"came before the end: {str(message)[:500]}")

    def take(self, method):
        """The notifications of a method that have come, which are all that have."""
        taken = list(self.heard)
        self.heard.clear()
        for message in taken:
            if message["method"] != method:
                raise Unexpected(f"nobody asked for {str(message)[:500]}")
        return [message["params"] for message in taken]

    def next(self, method):
        """The next notification, which must be of a method, while no reply is due."""
        message = self.heard.popleft() if self.heard else self.receive()
        if message is None or message.get("method") != method:
            raise Unexpected(f"wanted {method}, came {str(message)[:500]}")
        return message["params"]


class Relay:
    """An editor's daemon on standard input and output, which connects to the one that has the store."""

    def __init__(self, binary, environment, tally):
        self.process = subprocess.Popen([binary, "--stdio"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.client = Client(tally, True, child=self.process)

    def __enter__(self):
        return self.client

    def __exit__(self, kind, *_):
        """Ends as editors do, and checks that it did."""
        try:
            if kind is None:
                self.client.ask("shutdown")
                self.client.notify("exit")
                self.client.ended()
                if self.process.wait(PATIENCE) != 0:
                    raise Unexpected(f"the relay ended with {self.process.returncode}")
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
