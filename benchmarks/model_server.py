#!/usr/bin/env python3
"""A model that answers at once: model_server.py

Speaks as much of OpenAI's chat completions as the daemon uses, streamed over connections that stay open. Its port is the first line it
prints; each request is then a line of JSON: when its first byte was here, by the machine's monotonic clock, and how long its body was.
A request that has "stream N tokens" in it is answered with N events, each in a write of its own, as servers of models do; any other
with one. It ends when its standard input does.
"""

import json
import os
import re
import socket
import sys
import threading
import time

WANTED = re.compile(rb"stream (\d+) tokens")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text):
    return b"%x\r\n%b\r\n" % (len(text), text)


def event(value):
    return chunk(b"data: " + json.dumps({"id": "1", "object": "chat.completion.chunk", "model": "bench", **value}).encode() + b"\n\n")


def delta(content, finish=None):
    return event({"choices": [{"index": 0, "delta": content, "finish_reason": finish}]})


TOKEN = delta({"content": "word "})
USAGE = event({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
END = delta({}, "stop") + USAGE + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def serve(wire):
    """Answers the requests of one connection, one after another."""
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while got := wire.recv(1 << 20):
        arrived = time.monotonic_ns()
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += wire.recv(1 << 20)
        length = LENGTH.search(got, 0, end)
        length = int(length[1]) if length else 0
        parts, left = [got], end + 4 + length - len(got)
        while left > 0:
            parts.append(wire.recv(min(left, 1 << 20)))
            left -= len(parts[-1])
        wanted = WANTED.search(b"".join(parts))
        if wanted:
            wire.sendall(HEAD)
            for _ in range(int(wanted[1])):
                wire.sendall(TOKEN)
            wire.sendall(END)
        else:
            wire.sendall(HEAD + TOKEN + END)
        os.write(1, json.dumps({"arrivedNs": arrived, "bodyBytes": length}).encode() + b"\n")


def accept(listener):
    while True:
        wire, _ = listener.accept()
        threading.Thread(target=serve, args=[wire], daemon=True).start()


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.write(1, b"%d\n" % server.getsockname()[1])
        threading.Thread(target=accept, args=[server], daemon=True).start()
        sys.stdin.buffer.read()
