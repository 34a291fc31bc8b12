"""The rows of the table: what each is about, its unit, whether more is better, and how each side is measured."""

import contextlib
import json
import statistics
import subprocess
import time
from typing import Callable, NamedTuple, Optional

from daemon import HERE, LOAD, PASSWORD, measure
from servers import peak, seconds

VERIFY = HERE / ".build" / "pwverify"
# As Sources/Security/Passwords has them.
ARGON2 = ("3", str(64 << 20))
ALL = "SELECT * FROM t"


class Row(NamedTuple):
    title: str
    unit: str
    more_is_better: bool
    ours: Callable[[], float]
    # Absent where there is nothing to measure beside.
    theirs: Optional[Callable[[], float]] = None
    name: str = ""


def requests(daemon, clangd, count):
    """What a request costs that asks for nothing, and what a start costs."""
    environment = {"env": daemon.stdio_environment}
    health = ["--method", "system.health", "--expect", "result"]
    peer = ["--", clangd, "--log=error"]
    unknown = ["--method", "no/such", "--expect", "error"]
    for title, depth in [("one at a time", 1), ("32 deep", 32)]:
        many = ["--depth", depth, "--requests", count * (1 if depth == 1 else 4)]

        def theirs(many=many):
            return measure(LOAD, *unknown, *many, *peer, cwd=daemon.place)["requestsPerSecond"]

        yield Row(f"no-op over the socket, {title}", "req/s", True,
                  lambda many=many: measure(*daemon.over_socket(), *health, *many)["requestsPerSecond"], theirs, "clangd")
        yield Row(f"no-op over stdio, {title}", "req/s", True,
                  lambda many=many: measure(LOAD, *health, *many, *daemon.over_stdio(), **environment)["requestsPerSecond"],
                  theirs, "clangd")
    yield Row("start to the answer to initialize", "ms", False,
              lambda: measure(LOAD, "--mode", "start", "--rounds", 11, *daemon.over_stdio(), **environment)["p50Ms"],
              lambda: measure(LOAD, "--mode", "start", "--rounds", 11, *peer, cwd=daemon.place)["p50Ms"], "clangd")
    yield Row("idle memory after initialize", "KiB", False,
              lambda: measure(LOAD, "--mode", "memory", *daemon.over_stdio(), **environment)["residentKiB"],
              lambda: measure(LOAD, "--mode", "memory", *peer, cwd=daemon.place)["residentKiB"], "clangd")


def log_in(daemon):
    params = json.dumps({"email": "ada@example.com", "password": PASSWORD})
    yield Row("auth.login", "ms", False,
              lambda: measure(*daemon.over_socket(), "--method", "auth.login", "--params", params, "--requests", 7,
                              "--expect", "result")["p50Us"] / 1000,
              lambda: measure(VERIFY, *ARGON2, 7)["p50Ms"], "crypto_pwhash_str_verify")


def sqlite(daemon, path):
    project = daemon.project("sqlite", f"sqlite://{path}")
    yield Row("1M rows pushed, SQLite", "s", False, lambda: daemon.streamed(project, ALL),
              lambda: seconds("sqlite3", "-csv", path, ALL), "sqlite3 -csv")


def mariadb(daemon, server):
    project = daemon.project("mysql", server.connection)
    command = server.mariadb("--quick", "--batch", "app", "-e", ALL)
    yield Row("1M rows pushed, MariaDB", "s", False, lambda: daemon.streamed(project, ALL), lambda: seconds(*command),
              "mariadb --quick --batch")
    yield Row("peak memory meanwhile", "KiB", False, lambda: daemon.peak(lambda: daemon.streamed(project, ALL)),
              lambda: peak(*command), "mariadb --quick --batch")


def postgresql(daemon, server, other):
    project = daemon.project("postgresql", server.connection)
    command = server.psql("--csv", "-c", ALL)
    yield Row("1M rows pushed, PostgreSQL", "s", False, lambda: daemon.streamed(project, ALL), lambda: seconds(*command), "psql --csv")
    yield Row("peak memory meanwhile", "KiB", False, lambda: daemon.peak(lambda: daemon.streamed(project, ALL)),
              lambda: peak(*command), "psql --csv")
    yield Row("first page of it", "ms", False, lambda: daemon.first_page(project, ALL), server.first_row, "psql, FETCH_COUNT=1000")
    params = json.dumps({"projectId": project, "sql": "SELECT abalance FROM pgbench_accounts WHERE aid = $1", "parameters": ["@"]})
    select = [*daemon.over_socket(), "--token", daemon.token, "--method", "query.run", "--expect", "result", "--random", 1_000_000,
              "--params", params.replace('"@"', "@")]
    yield Row("select by key, one at a time (p50)", "µs", False, lambda: measure(*select, "--requests", 10_000)["p50Us"],
              lambda: server.selects(1)[1], "pgbench -S -M simple")
    yield Row("select by key, 8 connections", "req/s", True,
              lambda: measure(*select, "--connections", 8, "--requests", 40_000)["requestsPerSecond"],
              lambda: server.selects(8)[0], "pgbench -S -M simple -c 8")
    if other:
        yield Row("select by key, one at a time (rate)", "req/s", True,
                  lambda: measure(*select, "--requests", 10_000)["requestsPerSecond"], lambda: mcp_rate(other, server),
                  "postgres-mcp, restricted")
    yield Row("cancel to idle at the server (p99)", "ms", False, lambda: cancel(daemon, project, server))


def mcp_rate(program, server, count=200):
    """Calls of its tool a second, of a PostgreSQL server for models, over stdio."""
    with subprocess.Popen([program, "--access-mode", "restricted", server.uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as child:
        def call(method, params, number=None):
            message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
            child.stdin.write(json.dumps(message).encode() + b"\n")
            child.stdin.flush()
            while number is not None:
                reply = json.loads(child.stdout.readline())
                if reply.get("id") == number:
                    if "error" in reply or reply["result"].get("isError"):
                        raise SystemExit(f"{program}: {reply}")
                    return

        info = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        call("initialize", info, 1)
        call("notifications/initialized", {})
        select = "SELECT abalance FROM pgbench_accounts WHERE aid = {}"
        began = 0
        for number in range(-20, count):
            if number == 0:
                began = time.monotonic()
            sql = select.format(number * 4001 % 1_000_000 + 1)
            call("tools/call", {"name": "execute_sql", "arguments": {"sql": sql}}, number + 100)
        took = time.monotonic() - began
        child.kill()
    return count / took


def cancel(daemon, project, server, rounds=100):
    """Milliseconds, in 99 of 100 cases, from calling query.cancel to the server's being idle."""
    times = []
    watch = subprocess.Popen([str(part) for part in server.psql("-A", "-t")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def running():
        watch.stdin.write(b"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(97)%' "
                          b"AND pid <> pg_backend_pid();\n")
        watch.stdin.flush()
        return watch.stdout.readline().strip() != b"0"

    with daemon.connect(daemon.token) as runner, daemon.connect(daemon.token) as canceller, contextlib.closing(watch.stdin):
        for _ in range(rounds):
            number = runner.send("query.run", {"projectId": project, "sql": "SELECT pg_sleep(97)", "timeoutMs": 120000})
            while not running():
                pass
            query = canceller.call("query.running", {})["items"][0]["queryId"]
            began = time.monotonic()
            canceller.call("query.cancel", {"queryId": query})
            while running():
                pass
            times.append((time.monotonic() - began) * 1000)
            runner.result(number)
    watch.wait()
    return statistics.quantiles(times, n=100)[98]
