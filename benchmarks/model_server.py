#!/usr/bin/env python3
"""A model that answers at once: model_server.py [--quiet]

Speaks as much of OpenAI's chat completions as the daemon uses, streamed over connections that stay open. Its port is the first line it
prints; each request is then a line of JSON: when its first byte was here, by the machine's monotonic clock, and how long its body was.
A request that has "stream N tokens" or "stream N sentences" in it is answered with N events, each in a write of its own, as servers of
models do; any other with one. With `--quiet` it says nothing of requests, and closes connections after two idle seconds. It ends when its standard input does.
"""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import threading
import time

WANTED = re.compile(rb"stream (\d+) (tokens|sentences)")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
QUIET = "--quiet" in sys.argv[1:]
IDLE_SECONDS = 2
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text):
    return b"%x\r\n%b\r\n" % (len(text), text)


def event(value):
    return chunk(b"data: " + json.dumps({"id": "1", "object": "chat.completion.chunk", "model": "bench", **value}).encode() + b"\n\n")


def delta(content, finish=None):
    return event({"choices": [{"index": 0, "delta": content, "finish_reason": finish}]})


TOKEN, SENTENCE = delta({"content": "word "}), delta({"content": "Word. "})
USAGE = event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
END = delta({}, "stop") + USAGE + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def more(wire, size=1 << 20):
    if not (got := wire.recv(size)):
        raise ConnectionError("the client has gone")
    return got


def serve(wire):
    """Answers the requests of one connection, one after another."""
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if QUIET:
        wire.settimeout(IDLE_SECONDS)
    while got := wire.recv(1 << 20):
        arrived = time.monotonic_ns()
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += more(wire)
        length = LENGTH.search(got, 0, end)
        length = int(length[1]) if length else 0
        parts, left = [got], end + 4 + length - len(got)
        while left > 0:
            parts.append(more(wire, min(left, 1 << 20)))
            left -= len(parts[-1])
        wanted = WANTED.search(b"".join(parts))
        if wanted:
            wire.sendall(HEAD)
            for _ in range(int(wanted[1])):
                wire.sendall(TOKEN if wanted[2] == b"tokens" else SENTENCE)
            wire.sendall(END)
        else:
            wire.sendall(HEAD + TOKEN + END)
        if not QUIET:
            os.write(1, json.dumps({"arrivedNs": arrived, "bodyBytes": length}).encode() + b"\n")


def serve_and_close(wire):
    """Until the client has gone, in the middle of an answer maybe, or is idle for too long."""
    with wire, contextlib.suppress(OSError):
        serve(wire)


def accept(listener):
    while True:
        wire, _ = listener.accept()
        threading.Thread(target=serve_and_close, args=[wire], daemon=True).start()


if __name__ == "__main__":
    # A terminal's goes to all; ours is the end of the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.write(1, b"%d\n" % server.getsockname()[1])
        threading.Thread(target=accept, args=[server], daemon=True).start()
        sys.stdin.buffer.read()
