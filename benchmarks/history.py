#!/usr/bin/env python3
"""Measures a long history beside a short one: history.py BINARY [--rows N] [--small N] [--rounds N] [--postgresql]

Two daemons run side by side, one whose user has many queries in history and one whose user has a thousand; every row asks both
in turn, several times, and its ratio is that of the medians. The histories are those of a store as version 0.1.0 left it
(store-1.sql), so what bringing them to the daemon's own schema takes is measured too. With --postgresql they are then copied to
databases of a server that is started for it. README.md says how to read the table.
"""

import argparse
import contextlib
import dataclasses
import math
import os
import random
import sqlite3
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from daemon import Connection, Daemon
from throwaway.servers import PostgreSQL

HERE = Path(__file__).resolve().parent
DAY_MS = 86_400_000
DAYS = 90
TABLES = ["orders", "customers", "books", "payments", "order_items", "authors", "stock", "shipments"]
COLUMNS = ["id", "name", "created_at", "total", "status", "email", "city", "price"]


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
        # Later versions added their columns at the end.
        count = len(store.execute(f"PRAGMA table_info({table})").fetchall())
        for row in found:
            store.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * count)})", row[:count])
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


def prepare(binary, place, rows, server=None):
    """A daemon that runs and has so many rows of history, its user's connection and project, and what bringing it there took."""
    Path(place).mkdir(mode=0o700)
    daemon = Daemon(binary, place)
    try:
        daemon.start()
        daemon.sign_up()
        sqlite3.connect(f"{place}/sample.sqlite").execute("CREATE TABLE t (a)").connection.close()
        projects = [
            daemon.call("project.create", {
                "name": f"project {number}", "databaseType": "sqlite", "connectionString": f"sqlite://{place}/sample.sqlite",
            }, daemon.token)["id"] for number in range(5)]
        daemon.stop()
        fill(daemon, rows)
        before = daemon.store.stat().st_size
        took = {"migration": daemon.start(patience=900)}
        if server:
            daemon.stop()
            move(daemon, server)
            before = size(daemon, server)
            daemon.start()
        began = time.monotonic()
        while not is_indexed(daemon, server):
            time.sleep(0.5)
        took["indexing"] = time.monotonic() - began
        took["bytes"] = (before, size(daemon, server))
        return Side(daemon, daemon.connect(daemon.token), projects[-1]), took
    except BaseException:
        daemon.stop()
        raise


def database(daemon):
    """The name of the database that holds a daemon's store."""
    return f"store_{daemon.place.name}"


def move(daemon, server):
    """Copies the store to a database of its own, which the daemon has from then on."""
    subprocess.run(server.psql("-c", f"CREATE DATABASE {database(daemon)}", "postgres"), check=True)
    daemon.environment["DBASSIST_STORE"] = f"postgresql://postgres@/{database(daemon)}?host={server.place}"
    subprocess.run([daemon.binary, "store", "copy", daemon.store, "env:DBASSIST_STORE"], env=daemon.environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(server.psql("-c", "VACUUM ANALYZE", database(daemon)), check=True)


def answer(daemon, server, sql):
    """What a statement answers about the store in PostgreSQL, as text."""
    return subprocess.run(server.psql("-At", "-c", sql, database(daemon)), check=True, capture_output=True, text=True).stdout.strip()


def size(daemon, server):
    """Bytes of the store."""
    return int(answer(daemon, server, "SELECT pg_database_size(current_database())")) if server else daemon.store.stat().st_size


@dataclasses.dataclass
class Side:
    """One of the two that are asked."""

    daemon: Daemon
    connection: Connection
    project: str

    def seconds(self, method, params):
        """How long a call takes; a projectId of None is this side's own."""
        own = {key: self.project if key == "projectId" else value for key, value in params.items()}
        return self.connection.seconds(method, own)


WAITING = "SELECT 1 FROM queries WHERE place IS NULL AND status <> 'running' LIMIT 1"


def is_indexed(daemon, server=None):
    """Whether all that is in history can be found by the index of texts; a daemon without one never waits."""
    if server:
        return not answer(daemon, server, WAITING)
    store = sqlite3.connect(f"file:{daemon.store}?mode=ro", uri=True)
    try:
        return store.execute(WAITING).fetchone() is None
    except sqlite3.OperationalError:
        return True
    finally:
        store.close()


def table(large, small):
    """What is asked of both, as functions that answer seconds."""

    def ask(title, method, **params):
        return title, [lambda side=side: side.seconds(method, params) for side in (large, small)]

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


def compare(binary, place, rows, small_rows, rounds, server=None):
    """Makes both daemons in directories of `place`, and prints the table."""
    sides = []
    try:
        for name, count in (("l", rows), ("s", small_rows)):
            side, took = prepare(binary, f"{place}/{name}", count, server)
            sides.append(side)
            print(f"{count:,} rows: brought to the schema in {took['migration']:.1f} s, indexed in {took['indexing']:.1f} s, "
                  f"{took['bytes'][0] / 1e6:,.0f} MB before and {took['bytes'][1] / 1e6:,.0f} MB after", flush=True)
        print(f"\n| {'what':<40} | {f'{rows:,} rows':>16} | {f'{small_rows:,} rows':>16} | ratio |\n"
              f"|{'-' * 42}|{'-' * 18}|{'-' * 18}|-------|")
        for title, asked in table(*sides):
            try:
                for ask in asked:
                    ask()
                times = [[ask() * 1000 for ask in asked] for _ in range(rounds)]
            except SystemExit as refusal:
                print(f"| {title:<40} | {'–':>16} | {'–':>16} |     – | {str(refusal)[:60]}")
                continue
            mine, other = (statistics.median(side) for side in zip(*times))
            print(f"| {title:<40} | {mine:>10,.2f} ms    | {other:>10,.2f} ms    | {mine / other:>4.2f}× |", flush=True)
    finally:
        for side in sides:
            side.daemon.stop()
    print("\nHere a ratio of 1 says that the length of the history does not matter.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--postgresql", action="store_true", help="with the stores in databases of PostgreSQL")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbassist-bench.", dir="/tmp") as place, contextlib.ExitStack() as stack:
        server = stack.enter_context(PostgreSQL(place)) if options.postgresql else None
        compare(str(Path(options.binary).resolve()), place, options.rows, options.small, options.rounds, server)


if __name__ == "__main__":
    main()
