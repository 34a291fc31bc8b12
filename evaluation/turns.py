"""Questions put to the assistant of a daemon over its socket, and what came of them."""

import json
import time
from pathlib import Path

import jsonschema

from compare import matches, says
from throwaway.daemon import Refused

OPENRPC = Path(__file__).resolve().parent.parent / "spec" / "openrpc.json"
TERMINAL = {"finished", "failed", "cancelled"}
# A turn of a small model on a busy machine takes minutes.
PATIENCE_SECONDS = 1800
# More than any question expects.
ROWS = 2000


class Protocol:
    """What spec/openrpc.json says of replies and events."""

    def __init__(self):
        document = json.loads(OPENRPC.read_text(encoding="utf-8"))
        self.components = document["components"]
        self.methods = {method["name"]: method for method in document["methods"]}

    def faults(self, schema, instance):
        """What of `instance` does not fit, in short."""
        validator = jsonschema.Draft7Validator({**schema, "components": self.components})
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(instance)]

    def reply_faults(self, method, reply):
        return self.faults({"allOf": [self.methods[method]["result"]["schema"]]}, reply)

    def type_faults(self, name, instance):
        return self.faults({"allOf": [{"$ref": f"#/components/schemas/{name}"}]}, instance)


def ask(connection, protocol, project, content, thread=None, mode="answer", token="turn"):
    """One turn: the reply, or the error's code, what was wrong with it as a message of the protocol, and how long it took."""
    events = []

    def note(message):
        if message.get("method") == "chat/event" and message["params"].get("token") == token:
            events.append(message["params"])

    params = {"projectId": project, "content": content, "mode": mode, "partialResultToken": token}
    if thread:
        params["threadId"] = thread
    connection.wire.settimeout(PATIENCE_SECONDS)
    began = time.monotonic()
    reply, error = None, None
    try:
        reply = connection.call("chat.send", params, note)
    except Refused as refusal:
        error = refusal
    turn = {
        "question": content, "ms": round((time.monotonic() - began) * 1000), "reply": reply,
        "error": error and error.code, "errorMessage": error and str(error),
        "tools": [event["toolUse"] for event in events if event["event"] == "toolResult" and "toolUse" in event],
    }
    turn["faults"] = faults(protocol, project, turn, events)
    return turn


def faults(protocol, project, turn, events):
    """What is not well-formed in a reply and its events."""
    found = []
    reply = turn["reply"]
    if reply is not None:
        found += [f"reply: {fault}" for fault in protocol.reply_faults("chat.send", reply)]
        if reply.get("role") != "assistant" or reply.get("projectId") != project or reply.get("outcome") != "finished":
            found.append("reply: it is no finished message of the assistant in this project")
        if not reply.get("text", "").strip() and not reply.get("statements") and not reply.get("proposals"):
            found.append("reply: it says nothing")
    elif turn["error"] not in {"model_failed", "budget_exceeded", "timeout"}:
        # What a model or a slow machine can bring about; anything else is a fault of ours.
        found.append(f"error: {turn['errorMessage']}")
    kinds = [event["event"] for event in events]
    if not kinds or kinds[0] != "started" or [kind in TERMINAL for kind in kinds] != [False] * (len(kinds) - 1) + [True]:
        found.append(f"events: not started … and one end, but {kinds[:3]} … {kinds[-3:]}")
    elif (kinds[-1] == "finished") != (reply is not None):
        found.append(f"events: they end with {kinds[-1]}")
    for event in events:
        for name, kind in [("statement", "ChatStatement"), ("proposal", "ChatProposal"), ("usage", "ChatUsage"), ("toolUse", "ChatToolUse")]:
            if name in event:
                found += [f"event {event['event']}: {fault}" for fault in protocol.type_faults(kind, event[name])]
    return found


def last_rows(connection, reply):
    """The rows of the last statement that ran for a reply, and the statement; nothing where none ran."""
    ran = [statement for statement in reply.get("statements", []) if "queryId" in statement]
    if not ran:
        return None, None
    statement = ran[-1]
    rows, params = [], {"resultId": statement.get("resultId")}
    try:
        while params["resultId"] and len(rows) < ROWS:
            page = connection.call("query.fetch", params)
            rows += page["rows"]
            if not page["hasMore"]:
                return rows, statement["sql"]
            params["cursor"] = page["nextCursor"]
    except Refused as refusal:
        if refusal.code != "not_found":
            raise
    record = connection.call("query.get", {"queryId": statement["queryId"]})
    # Its preview, if that is all of it.
    rows = record.get("preview", {"rows": []})["rows"]
    return (rows if len(rows) == record.get("rowCount", 0) else None), statement["sql"]


def judge(connection, question, turn):
    """Adds to a turn whether its statement ran, whether its rows are right, and whether the text says so."""
    turn |= {"id": question.id, "expected": question.rows, "executed": False, "correct": False, "said": None, "sql": None}
    if turn["reply"] is not None:
        rows, turn["sql"] = last_rows(connection, turn["reply"])
        turn["rows"] = rows and rows[:20]
        turn["executed"] = rows is not None
        turn["correct"] = rows is not None and matches(question.rows, rows, question.ordered, question.tolerance)
        turn["said"] = says(turn["reply"]["text"], question.rows)
    return turn
