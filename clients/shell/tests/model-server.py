#!/usr/bin/env python3
"""A model that says what it is told to: model-server.py PORT-FILE

Speaks as much of OpenAI's chat completions as the daemon uses, streamed. What it answers depends on a word of the last message, and
on whether a tool has answered since. The port that it listens at is written into the file.
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def tool(name, **arguments):
    return [{"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}]


def reply(question, results):
    """What comes of a question: pieces of text, or a tool call."""
    if "count" in question or "How many books are there?" in question:
        return ["There are ", "225 books."] if results else tool("run_query", sql="SELECT count(*) AS books FROM books")
    if "titles" in question:
        return ["These are they."] if results else tool("run_query", sql="SELECT id, title FROM books ORDER BY id")
    if "wrong" in question:
        return ["It cannot be said."] if results else tool("run_query", sql="SELECT titel FROM books")
    if "remove" in question:
        if results:
            return ["It waits for you."]
        return tool("propose_statement", sql="DELETE FROM reviews WHERE id = 7", reason="You asked for it.\x1b[2J")
    if "write" in question:
        return ["```sql\nSELECT title FROM books WHERE id = 7\n```"]
    if "without a customer" in question:
        return ["```sql\nSELECT id FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)\n```"]
    if "without orders" in question:
        return ["```sql\nSELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)\n```"]
    if "Call the tool add" in question:
        return tool("add", a=2, b=3)
    if "escape" in question:
        return ["A \x1b[31mred\x1b[0m bell \x07 and \x9b2J more \u202e."]
    if "long" in question:
        return ["It begins", None]
    return ["Nothing is known of that."]


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": "scripted-1", "object": "model"}]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = asked["messages"]
        last = max(i for i, message in enumerate(messages) if message["role"] == "user")
        # Data comes before the question.
        question = messages[last]["content"].rpartition("The question:\n")[2]
        said = reply(question, [m for m in messages[last:] if m["role"] == "tool"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        if isinstance(said[0], dict):
            self.piece({"role": "assistant", "content": None, "tool_calls": said})
            self.piece({}, "tool_calls")
        else:
            for text in said:
                if text is None:
                    # Until the daemon has had enough.
                    for _ in range(600):
                        time.sleep(0.1)
                        self.piece({"content": "."})
                else:
                    self.piece({"content": text})
            self.piece({}, "stop")
        self.event({"id": "1", "object": "chat.completion.chunk", "choices": [], "usage": {
            "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def piece(self, delta, finish=None):
        self.event({"id": "1", "object": "chat.completion.chunk", "model": "scripted-1", "choices": [
            {"index": 0, "delta": delta, "finish_reason": finish}]})

    def event(self, value):
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.flush()

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(str(server.server_port))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()
