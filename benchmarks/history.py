#!/usr/bin/env python3
"""Measures a long history beside a short one: history.py BINARY [--rows N] [--small N] [--rounds N]

Two daemons run side by side, one whose user has a million queries in history and one whose user has a thousand; every row asks both
in turn, several times, and its ratio is that of the medians. The histories are those of a store as version 0.1.0 left it
(store-1.sql), so what bringing them to the daemon's own schema takes is measured too. README.md says how to read the table.
"""

import argparse
import json
import math
import os
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSWORD = "nine lives of an engine"
DAY_MS = 86_400_000
DAYS = 90
TABLES = ["orders", "customers", "books", "payments", "order_items", "authors", "stock", "shipments"]
COLUMNS = ["id", "name", "created_at", "total", "status", "email", "city", "price"]


class Daemon:
    """A daemon of our own on a socket in a directory of its own."""

    def __init__(self, binary, place):
        self.binary, self.place = binary, Path(place)
        self.place.mkdir(mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": place, "XDG_RUNTIME_DIR": str(place), "DBASSIST_STATE_DIR": f"{place}/state",
            "DBASSIST_SOCKET": f"{place}/s",
        }
        self.store = self.place / "state" / "store.sqlite"
        self.process = self.wire = None

    def start(self):
        """Starts it, and answers after how many seconds it served."""
        began = time.monotonic()
        with open(self.place / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve"], env=self.environment, stderr=log, stdin=subprocess.DEVNULL)
        while True:
            try:
                self.wire = socket.socket(socket.AF_UNIX)
                self.wire.connect(f"{self.place}/s")
                break
            except OSError:
                self.wire.close()
                if self.process.poll() is not None or time.monotonic() - began > 900:
                    raise SystemExit("the daemon did not start: " + (self.place / "log").read_text()[-2000:])
                time.sleep(0.01)
        self.replies = self.wire.makefile("rb")
        return time.monotonic() - began

    def stop(self):
        if self.process and self.process.poll() is None:
            self.wire.close()
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def call(self, method, **params):
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self.wire.sendall(line.encode() + b"\n")
        reply = json.loads(self.replies.readline())
        if "error" in reply:
            raise SystemExit(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def seconds(self, method, **params):
        """How long one call takes; the reply is read and not looked at."""
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
        began = time.perf_counter()
        self.wire.sendall(line)
        reply = self.replies.readline()
        took = time.perf_counter() - began
        if b'"error":{' in reply[:200]:
            raise SystemExit(f"{method}: {reply[:500]!r}")
        return took


def statement(chance):
    """One of some sixty kinds of statement, with values of its own."""
    kind, table, column, other = chance.randrange(8), chance.choice(TABLES), chance.choice(COLUMNS), chance.choice(COLUMNS)
    value, many = chance.randrange(1_000_000), ", ".join(str(chance.randrange(10_000)) for _ in range(chance.randrange(1, 12)))
    return [
        f"SELECT * FROM {table} WHERE id = {value}",
        f"SELECT {table}.id, {table}.name FROM {table} WHERE id IN ({many}) ORDER BY id LIMIT 100",
        f"select count(*) from {table} where status = 'paid' and total > {value}",
        f"SELECT city, sum(total) AS revenue FROM {table} WHERE created_at > '2026-01-{value % 28 + 1:02}' GROUP BY city",
        f"INSERT INTO {table} (id, name) VALUES ({value}, 'name {value}')",
        f"UPDATE {table} SET status = 'done' WHERE id = {value}",
        f"SELECT a.id, b.name FROM {table} a JOIN customers b ON b.id = a.id WHERE a.total BETWEEN {value} AND {value + 50}",
        f"SELECT name FROM {table} WHERE name LIKE '%{value}%' -- {'x' * chance.randrange(40)}",
    ][kind]


def fill(daemon, rows):
    """Puts a history into the daemon's store, as the first version kept it; the daemon must not run."""
    own = sqlite3.connect(daemon.store)
    accounts = {table: own.execute(f"SELECT * FROM {table}").fetchall() for table in ("users", "sessions", "projects")}
    own.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{daemon.store}{suffix}").unlink(missing_ok=True)
    store = sqlite3.connect(daemon.store, isolation_level=None)
    os.chmod(daemon.store, 0o600)
    schema = [part + ";" for part in (HERE / "store-1.sql").read_text().split(";\n")]
    tables = [part for part in schema if part.startswith("CREATE TABLE")]
    store.executescript("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; BEGIN;" + "".join(tables))
    store.execute("INSERT INTO store_migrations VALUES (1, 0)")
    for table, found in accounts.items():
        for row in found:
            store.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    projects = [(row[0], row[1]) for row in accounts["projects"]]
    chance = random.Random(4711)
    now = int(time.time() * 1000)
    days = {}

    def history():
        for number in range(rows):
            created = now - (rows - number) * DAYS * DAY_MS // rows
            project, user = projects[int(chance.random() ** 2 * len(projects))]
            luck = chance.random()
            status = "success" if luck < 0.96 else "error" if luck < 0.99 else "cancelled"
            sql, count = statement(chance), chance.randrange(200) if status == "success" else None
            # One statement in a hundred thousand is not like the others; the short history has one too.
            if number % min(rows, 100_000) == rows // 2 % 100_000:
                sql = f"SELECT * FROM needle_{number}"
            duration = round(math.exp(chance.gauss(1, 1.5)), 3)
            error = ("query_failed", f"no such column: {chance.choice(COLUMNS)}") if status == "error" else (None, None)
            tally = days.setdefault((project, created // DAY_MS, user), [0, 0, 0, 0, 0])
            tally[["success", "error", "cancelled"].index(status)] += 1
            tally[4] += count or 0
            random_bits = chance.getrandbits(62) | 1 << 63
            identifier = str(uuid.UUID(int=created << 80 | 7 << 76 | chance.getrandbits(12) << 64 | random_bits))
            mode = "read" if sql[:6].upper() == "SELECT" else "write"
            yield (identifier, user, project, sql, status, mode, "script", *error, count, duration, created)

    store.executemany(
        "INSERT INTO queries (id, user_id, project_id, query, status, mode, source, error_code, error, row_count, duration_ms, "
        "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", history())
    store.executemany(
        "INSERT INTO query_days (project_id, day, user_id, success, error, cancelled, running, row_count) VALUES (?,?,?,?,?,?,?,?)",
        [(*key, *tally) for key, tally in days.items()])
    # Rows first and indexes afterwards is the quicker order.
    store.execute("COMMIT")
    store.executescript("".join(part for part in schema if part.startswith("CREATE INDEX")) + "PRAGMA journal_mode = WAL")
    store.close()


def prepare(binary, place, rows):
    """A daemon that runs and has so many rows of history; what that took."""
    daemon = Daemon(binary, place)
    daemon.start()
    daemon.token = daemon.call("auth.signup", name="Ada", email="ada@example.com", password=PASSWORD)["token"]
    sqlite3.connect(f"{place}/sample.sqlite").execute("CREATE TABLE t (a)").connection.close()
    for number in range(5):
        daemon.project = daemon.call(
            "project.create", name=f"project {number}", databaseType="sqlite", connectionString=f"sqlite://{place}/sample.sqlite")["id"]
    daemon.stop()
    fill(daemon, rows)
    before = daemon.store.stat().st_size
    took = {"migration": daemon.start()}
    daemon.call("auth.attach", token=daemon.token)
    began = time.monotonic()
    while not is_indexed(daemon):
        time.sleep(0.5)
    took["indexing"] = time.monotonic() - began
    took["bytes"] = (before, daemon.store.stat().st_size)
    return daemon, took


def is_indexed(daemon):
    """Whether all that is in history can be found by the index of texts; a daemon without one never waits."""
    store = sqlite3.connect(f"file:{daemon.store}?mode=ro", uri=True)
    try:
        return store.execute("SELECT 1 FROM queries WHERE place IS NULL AND status <> 'running' LIMIT 1").fetchone() is None
    except sqlite3.OperationalError:
        return True
    finally:
        store.close()


def table(large, small):
    """What is asked of both, as functions that answer seconds."""

    def ask(title, method, **params):
        return title, [lambda daemon=daemon: daemon.seconds(method, **params) for daemon in (large, small)]

    yield ask("query.history, a page", "query.history")
    yield ask("the same of a project, failed", "query.history", projectId=None, status="error")
    yield ask("the same, half way back", "query.history", until=halfway())
    yield ask("text that is often there", "query.history", text="order by id")
    yield ask("text that is seldom there", "query.history", text="NEEDLE_")
    yield ask("text that is nowhere", "query.history", text="no such statement")
    yield ask("text of one project, failed", "query.history", text="customers", projectId=None, status="error")
    yield ask("error text", "query.history", errorText="no such column: city")
    yield ask("dashboard.get, 30 days", "dashboard.get")
    yield ask("dashboard.get, 90 days", "dashboard.get", days=90)
    yield ask("project.summary", "project.summary", projectId=None)
    yield ask("query.stats, 30 days", "query.stats")
    yield ask("query.stats, 90 days", "query.stats", since=halfway(90))


def halfway(days=DAYS // 2):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - days * 86_400))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    with tempfile.TemporaryDirectory(prefix="dbassist-bench.", dir="/tmp") as place:
        daemons = []
        try:
            for name, rows in (("l", options.rows), ("s", options.small)):
                daemon, took = prepare(binary, f"{place}/{name}", rows)
                daemons.append(daemon)
                print(f"{rows:,} rows: brought to the schema in {took['migration']:.1f} s, indexed in {took['indexing']:.1f} s, "
                      f"{took['bytes'][0] / 1e6:,.0f} MB before and {took['bytes'][1] / 1e6:,.0f} MB after", flush=True)
            large, small = daemons
            print(f"\n| {'what':<40} | {f'{options.rows:,} rows':>16} | {f'{options.small:,} rows':>16} | ratio |\n"
                  f"|{'-' * 42}|{'-' * 18}|{'-' * 18}|-------|")
            for daemon in daemons:
                plain = daemon.seconds
                daemon.seconds = lambda method, daemon=daemon, plain=plain, **params: plain(
                    method, **{key: daemon.project if key == "projectId" else value for key, value in params.items()})
            for title, sides in table(large, small):
                try:
                    for side in sides:
                        side()
                    times = [[side() * 1000 for side in sides] for _ in range(options.rounds)]
                except SystemExit as refusal:
                    print(f"| {title:<40} | {'–':>16} | {'–':>16} |     – | {str(refusal)[:60]}")
                    continue
                mine, other = (statistics.median(side) for side in zip(*times))
                print(f"| {title:<40} | {mine:>10,.2f} ms    | {other:>10,.2f} ms    | {mine / other:>4.2f}× |", flush=True)
        finally:
            for daemon in daemons:
                daemon.stop()
    print("\nA ratio of 1 says that the length of the history does not matter.")


if __name__ == "__main__":
    main()
