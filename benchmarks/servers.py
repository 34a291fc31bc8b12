"""Throw-away database servers with a million rows of six columns in a table `t`, on Unix sockets in a temporary directory."""

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

# Whole numbers, a float, texts, a time.
ROWS = 1_000_000
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}


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


def unprivileged(user):
    """What starts a program as `user` where we are root."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.getuid() == 0 else []


class PostgreSQL:
    """Also has pgbench's tables, a million accounts."""

    def __init__(self, place):
        self.place = Path(place) / "pg"
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.binaries = versions[-1] if versions else None
        self.user = unprivileged("postgres")

    @property
    def is_here(self):
        return self.binaries is not None

    def __enter__(self):
        self.place.mkdir()
        os.chmod(self.place.parent, 0o711)
        if self.user:
            shutil.chown(self.place, "postgres", "postgres")
        data = self.place / "data"
        subprocess.run([*self.user, self.binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N"], **QUIET)
        subprocess.run([*self.user, self.binaries / "pg_ctl", "-D", data, "-w", "-l", self.place / "log", "-o",
                        f"-k {self.place} -c listen_addresses='' -c fsync=off", "start"], **QUIET)
        subprocess.run(self.psql("-c", f"CREATE TABLE t AS SELECT i AS id, i * 7 AS n, i / 3.0::float8 AS f, 'name ' || i AS name, "
                                 "md5(i::text) AS hash, timestamp '2026-01-01' + i * interval '1 s' AS at "
                                 f"FROM generate_series(1, {ROWS}) AS i", "-c", "VACUUM ANALYZE t"), **QUIET)
        subprocess.run(self.pgbench("-i", "-s", "10"), **QUIET)
        return self

    def __exit__(self, *_):
        subprocess.run([*self.user, self.binaries / "pg_ctl", "-D", self.place / "data", "-m", "immediate", "stop"],
                       stdout=subprocess.DEVNULL, check=False)

    def psql(self, *arguments):
        return ["psql", "-X", "-q", "-h", self.place, "-U", "postgres", *arguments]

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

    @property
    def connection(self):
        return f"host={self.place} user=postgres dbname=postgres"

    @property
    def uri(self):
        return f"postgresql://postgres@/postgres?host={self.place}"


class MariaDB:
    """Logs in as `root` without a password, over the socket only."""

    def __init__(self, place):
        self.place = Path(place) / "my"
        self.socket = self.place / "s"
        self.server = shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin")
        self.user = ["--user=mysql"] if os.getuid() == 0 else []

    @property
    def is_here(self):
        return self.server is not None

    def __enter__(self):
        self.place.mkdir()
        os.chmod(self.place.parent, 0o711)
        if self.user:
            shutil.chown(self.place, "mysql", "mysql")
        data = f"--datadir={self.place}/data"
        subprocess.run(["mariadb-install-db", "--no-defaults", *self.user, data, "--auth-root-authentication-method=normal",
                        "--skip-test-db"], **QUIET)
        self.process = subprocess.Popen([self.server, "--no-defaults", *self.user, data, f"--socket={self.socket}", "--skip-networking",
                                         "--innodb-buffer-pool-size=256M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin",
                                         f"--pid-file={self.place}/pid"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def fill(self):
        deadline = time.monotonic() + 60
        while subprocess.run(self.mariadb("-e", "SELECT 1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("MariaDB did not start")
            time.sleep(0.1)
        subprocess.run(self.mariadb("-e", "CREATE DATABASE app; USE app; CREATE TABLE t (id INT PRIMARY KEY, n BIGINT, f DOUBLE, "
                                    "name VARCHAR(40), hash CHAR(32), at DATETIME); INSERT INTO t SELECT seq, seq * 7, seq / 3e0, "
                                    f"CONCAT('name ', seq), MD5(seq), '2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_{ROWS}"), **QUIET)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def mariadb(self, *arguments):
        return ["mariadb", "--no-defaults", "-S", self.socket, "-u", "root", *arguments]

    @property
    def connection(self):
        return f"mysql://root@localhost/app?socket={self.socket}"


def sqlite_file(place):
    """The same rows in an SQLite file."""
    path = Path(place) / "rows.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, f REAL, name TEXT, hash TEXT, at TEXT)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", (
            (i, i * 7, i / 3, f"name {i}", f"{i * 2654435761 % 2**64:032x}", f"2026-01-01 00:00:{i % 60:02}") for i in range(1, ROWS + 1)))
    return path
