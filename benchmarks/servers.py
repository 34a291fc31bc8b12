"""Throw-away database servers with rows of six columns in a table `t`, a million unless another number is given."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

from throwaway import servers  # noqa: E402
from throwaway.servers import QUIET  # noqa: E402

# Whole numbers, a float, texts, a time.
ROWS = 1_000_000


def seconds(*command):
    """How long a program takes with its output dropped."""
    began = time.monotonic()
    subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def peak(*command):
    """The most memory in KiB that a program has resident, its output dropped."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} failed ({child.returncode})")
    return usage.ru_maxrss


class PostgreSQL(servers.PostgreSQL):
    """Of a million rows it also has pgbench's tables, a million accounts."""

    def __init__(self, place, rows=ROWS):
        super().__init__(place)
        self.rows = rows

    def prepare(self):
        subprocess.run(self.psql("-c", f"CREATE TABLE t AS SELECT i AS id, i * 7 AS n, i / 3.0::float8 AS f, 'name ' || i AS name, "
                                 "md5(i::text) AS hash, timestamp '2026-01-01' + i * interval '1 s' AS at "
                                 f"FROM generate_series(1, {self.rows}) AS i", "-c", "VACUUM ANALYZE t"), **QUIET)
        if self.rows == ROWS:
            subprocess.run(self.pgbench("-i", "-s", "10"), **QUIET)

    def pgbench(self, *arguments):
        return [self.binaries / "pgbench", "-h", self.place, "-U", "postgres", *arguments, "postgres"]

    def selects(self, clients, duration=3):
        """Transactions a second of `pgbench -S`, and its median latency in µs."""
        for log in self.place.parent.glob("pgbench.*"):
            log.unlink()
        done = subprocess.run(self.pgbench("-n", "-S", "-M", "simple", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(duration),
                                           "-l", f"--log-prefix={self.place.parent}/pgbench"), capture_output=True, text=True, check=True)
        rate = next(line for line in done.stdout.splitlines() if line.startswith("tps ="))
        times = sorted(int(line.split()[2]) for log in self.place.parent.glob("pgbench.*") for line in log.read_text().splitlines())
        return float(rate.split()[2]), times[len(times) // 2]

    def first_row(self):
        """Milliseconds from starting psql, reading through a cursor, to its first row."""
        began = time.monotonic()
        with subprocess.Popen(self.psql("-A", "-t", "-v", "FETCH_COUNT=1000", "-c", "SELECT * FROM t"), stdout=subprocess.PIPE) as client:
            client.stdout.readline()
            took = time.monotonic() - began
            client.kill()
        return took * 1000

    def wide(self, statements):
        """The connection string of a database of its own, `wide`, in which they were run."""
        subprocess.run(self.psql("-c", "CREATE DATABASE wide"), **QUIET)
        subprocess.run([*self.psql("-v", "ON_ERROR_STOP=1", "-d", "wide"), "-f", "-"], input=statements.encode(), **QUIET)
        return f"host={self.place} user=postgres dbname=wide"

    @property
    def connection(self):
        return f"host={self.place} user=postgres dbname=postgres"

    @property
    def uri(self):
        return f"postgresql://postgres@/postgres?host={self.place}"


class MariaDB(servers.MariaDB):
    """Its database is `app`."""

    def __init__(self, place, rows=ROWS):
        super().__init__(place)
        self.rows = rows

    def prepare(self):
        subprocess.run(self.mariadb("-e", "CREATE DATABASE app; USE app; CREATE TABLE t (id INT PRIMARY KEY, n BIGINT, f DOUBLE, "
                                    "name VARCHAR(40), hash CHAR(32), at DATETIME); INSERT INTO t SELECT seq, seq * 7, seq / 3e0, "
                                    f"CONCAT('name ', seq), MD5(seq), '2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_{self.rows}"), **QUIET)

    @property
    def connection(self):
        return f"mysql://root@localhost/app?socket={self.socket}"


def sqlite_file(place, rows=ROWS, name="rows.sqlite"):
    """The same rows in an SQLite file."""
    path = Path(place) / name
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, f REAL, name TEXT, hash TEXT, at TEXT)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", (
            (i, i * 7, i / 3, f"name {i}", f"{i * 2654435761 % 2**64:032x}", f"2026-01-01 00:00:{i % 60:02}") for i in range(1, rows + 1)))
    return path
