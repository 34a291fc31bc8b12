"""The chapters Logs, Health and metrics, Traces and Asking for help."""

import json
import re
import shutil
import stat

from throwaway.daemon import PASSWORD, Refused

from .walk import covers
from .world import ROOT, expect, json_lines

GUIDE = "docs/operations.md"
# Prometheus' text format, a line.
SAMPLE = re.compile(r'[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})? [-+\d.eEINFNa]+( \d+)?')


@covers(GUIDE, "Logs")
def logs(walk, world):
    shown = json.loads(walk.block("json"))
    world.serve()
    with world.connect() as connection:
        try:
            connection.call("project.list", {})
        except Refused as refused:
            request = refused.error["data"]["requestId"]
    world.wait_for_log(f'"request":"{request}"')
    line = next(line for line in json_lines(world.log) if line.get("request") == request)
    expect(list(line) == list(shown), f"the members of a line are {list(line)}.")
    expect(all(isinstance(value, str) for value in line.values()), f"the members are not all strings: {line}")
    for name in ("time", "durationMs", "request"):
        form = re.sub(r"\d+", r"\\d+", re.escape(shown[name]))
        expect(re.fullmatch(form, line[name]), f"{name} is {line[name]}, not like {shown[name]}.")
    for name in ("level", "message", "method", "outcome"):
        expect(line[name] == shown[name], f"{name} is {line[name]}.")
    # Neither SQL nor parameters; and what was answered on the spot at debug only.
    token = world.sign_up()
    world.query(token, world.bookshop(token), "SELECT 'a canary in a statement'")
    with world.connect() as connection:
        connection.call("system.health", {})
    world.end()
    text = world.log.read_text()
    expect('"method":"query.run"' in text and "canary" not in text and "system.health" not in text, f"the log has\n{text}")
    world.serve(ready="serving", DBASSIST_LOG_FORMAT="text")
    expect(not world.log.read_text().startswith("{"), "logFormat: text is JSON.")
    world.end()


@covers(GUIDE, "Health and metrics")
def health_and_metrics(walk, world):
    def alike(text):
        return re.sub(r'"uptimeMs":\d+', '"uptimeMs":0', text)

    world.serve()
    walk.transcript("""echo '{"jsonrpc":"2.0","id":1,"method":"system.health"}' | socat - UNIX-CONNECT:"$DBASSIST_SOCKET\"""", alike,
                    DBASSIST_SOCKET=world.socket)
    token = world.sign_up()
    with world.connect(token) as connection:
        health = connection.call("system.health", {})
    expect({"store", "queries", "connections"} <= set(health), f"with a session health has {list(health)}.")
    world.run("dbassist wait", "answers")
    world.run("dbassist health", "ok")
    world.end()
    world.run("dbassist health", status=2)
    world.run("dbassist wait --timeout 1", status=2)
    # The system service's place, which its unit and the configuration of the package name too.
    expect("RuntimeDirectory=dbassistd\n" in (ROOT / "packaging/systemd/system/dbassistd.service").read_text(encoding="utf-8")
           and "metricsSocket: /run/dbassistd/metrics.sock" in (ROOT / "packaging/dbassistd.yaml").read_text(encoding="utf-8"),
           "the system service has no place for the socket.")
    world.serve(ready="serving metrics", DBASSIST_METRICS_SOCKET=world.runtime / "dbassistd/metrics.sock")
    walk.run("sudo -u dbassistd curl --silent --show-error --unix-socket /run/dbassistd/metrics.sock http://localhost/metrics",
             "dbassistd_uptime_seconds")
    world.end()
    walk.serve('dbassistd serve --metrics-socket "$XDG_RUNTIME_DIR/dbassist/metrics.sock"', ready="serving metrics")
    expect(stat.S_IMODE((world.runtime / "dbassist/metrics.sock").stat().st_mode) & 0o077 == 0, "others may read the metrics.")
    with world.connect(token) as connection:
        connection.call("query.history", {})
        own = connection.call("system.metrics", {})["text"]
    said = walk.run('curl --silent --show-error --unix-socket "$XDG_RUNTIME_DIR/dbassist/metrics.sock" http://localhost/metrics')
    for line in said.splitlines():
        expect(re.fullmatch(r"# (HELP|TYPE) \w+ .*", line) or SAMPLE.fullmatch(line), f"this is no line of Prometheus: {line}")
    names = re.findall(r"^# TYPE (\w+)", said, re.M)
    expect(names == re.findall(r"^# TYPE (\w+)", own, re.M), "system.metrics has others.")
    expect('method="query.history",outcome="ok"' in said, f"requests are not counted by method and outcome:\n{said}")
    for word in ("clients", "queries", "connections", "results", "store"):
        expect(any(word in name for name in names), f"there is nothing about {word} in {names}.")


@covers(GUIDE, "Traces")
def traces(walk, world):
    walk.serve("DBASSIST_TRACE_FILE=~/traces.jsonl dbassistd serve")
    token = world.sign_up()
    project = world.bookshop(token)
    expect(world.query(token, project) == [[225]], "the query answers something else.")
    world.end()
    path = world.home / "traces.jsonl"
    spans = [span for line in json_lines(path) for resource in line["resourceSpans"]
             for scope in resource["scopeSpans"] for span in scope["spans"]]
    by_id = {span["spanId"]: span for span in spans}

    def attributes(span):
        return {item["key"]: next(iter(item["value"].values())) for item in span["attributes"]}

    request = next(span for span in spans if attributes(span).get("rpc.method") == "query.run")
    below = [span for span in spans if span.get("parentSpanId") == request["spanId"]]
    expect(below and all(span["traceId"] == request["traceId"] for span in below), f"no statement is below {request}.")
    expect(all(not span.get("parentSpanId") or span["parentSpanId"] in by_id for span in spans), "a span's parent is not there.")
    line = next(line for line in json_lines(world.log) if line.get("method") == "query.run")
    expect(attributes(request)["dbassist.request"] == line["request"], "the log and the span have other ids.")
    text = path.read_text()
    for secret in ("FROM books", "bookshop", "ada@example.com", PASSWORD):
        expect(secret not in text, f"{secret} is in the trace.")
    path.unlink()
    world.serve(DBASSIST_TRACE_FILE=path, DBASSIST_TRACE_SAMPLING="0", DBASSIST_LIMITS_TRACE_FILE_BYTES="65536")
    world.query(token, project)
    world.end()
    expect(not path.exists() or not path.read_text(), "traces that are not to be kept are.")


@covers(GUIDE, "Asking for help")
def asking_for_help(walk, world):
    world.system_service()
    world.serve(DBASSIST_METRICS_SOCKET=world.runtime / "m.sock")
    token = world.sign_up()
    world.query(token, world.bookshop(token), "SELECT 'a canary in a statement'")
    with world.connect(token) as connection:
        connection.call("project.create", {
            "name": "away", "databaseType": "postgresql", "connectionString": "postgresql://ada:canary-of-a-password@127.0.0.1/x"})
    said = walk.run("dbassistd support-bundle", "read it before you send it", DBASSIST_METRICS_SOCKET=world.runtime / "m.sock")
    own = world.home / re.search(r"wrote (\S+);", said)[1]
    # The daemon's own directory is of a system service then.
    shutil.copytree(world.state, world.place / "var/lib/dbassistd", ignore=shutil.ignore_patterns("*.lock", "token"))
    walk.run("journalctl -u dbassistd.service -o cat | sudo -u dbassistd dbassistd support-bundle /tmp/bundle.txt --log - "
             "--config /etc/dbassist/dbassistd.yaml", "read it before you send it")
    service = world.place / "tmp/bundle.txt"
    keyring = json.loads((world.state / "keyring").read_text())
    secrets = [PASSWORD, token, "ada@example.com", "canary", str(world.home)]
    secrets += [key["seed"] for key in keyring["signing"]] + [key["key"] for key in keyring["sealing"]]
    parts = ["Versions", "Machine", "Configuration", "Doctor", "State directory", "Store", "Keys", "Daemon", "Metrics", "Log"]
    for path, lacks in ((own, {"Log"}), (service, {"Metrics"})):
        text = path.read_text(encoding="utf-8")
        found = [part for part in re.findall(r"^## (.*)$", text, re.M)]
        expect(set(parts) - lacks <= set(found), f"{path.name} has only {found}.")
        expect(stat.S_IMODE(path.stat().st_mode) == 0o600, f"others may read {path.name}.")
        for secret in secrets:
            expect(secret not in text, f"{secret} is in {path.name}.")
        world.run(f"dbassistd support-bundle {path}", "exists", status=1)
    expect('"message":"serving"' in service.read_text(encoding="utf-8"), "the log is not in the bundle.")
    world.run("dbassistd doctor", "ok    store")
