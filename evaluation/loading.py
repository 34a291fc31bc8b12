"""The evaluation's schemas in throw-away databases of the three engines, each with a user of its own who may do everything there,
so that what stands between the assistant and a write is the daemon."""

import contextlib
import csv
import hashlib
import io
import re
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from throwaway import servers  # noqa: E402

ENGINES = ["sqlite", "postgresql", "mariadb"]
SCHEMAS = ["bookshop", "clinic", "fleet"]


def script(schema, engine):
    """The statements that make a schema and fill it."""
    return "".join(path.read_text(encoding="utf-8") for path in (HERE / schema / f"{engine}.sql", HERE / schema / "data.sql"))


def run(command, text=None):
    """What a client prints."""
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


class SQLite:
    database_type = "sqlite"

    def __init__(self, place):
        self.place = Path(place) / "sqlite"

    def __enter__(self):
        self.place.mkdir()
        return self

    def __exit__(self, *_):
        pass

    is_here = True

    def file(self, schema):
        return self.place / f"{schema}.sqlite"

    def load(self, schema):
        with contextlib.closing(sqlite3.connect(self.file(schema))) as database:
            database.executescript("PRAGMA foreign_keys = ON; BEGIN;" + script(schema, "sqlite") + "COMMIT;")

    def rows(self, schema, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.file(schema)}?mode=ro", uri=True)) as database:
            return [list(row) for row in database.execute(sql)]

    def execute(self, schema, sql):
        with contextlib.closing(sqlite3.connect(self.file(schema), isolation_level=None)) as database:
            database.execute(sql)

    def dump(self, schema):
        """Everything in it, and the file itself: not even a page may be rewritten."""
        with contextlib.closing(sqlite3.connect(f"file:{self.file(schema)}?mode=ro", uri=True)) as database:
            text = "\n".join(database.iterdump())
        return f"{text}\n-- {hashlib.sha256(self.file(schema).read_bytes()).hexdigest()}"

    def connection(self, schema):
        return f"sqlite://{self.file(schema)}"


class PostgreSQL(servers.PostgreSQL):
    database_type = "postgresql"

    def prepare(self):
        run(self.psql("-c", "CREATE ROLE app LOGIN"))

    def load(self, schema):
        run(self.psql("-c", f"CREATE DATABASE {schema} OWNER app"))
        run(self.client(schema), "BEGIN;" + script(schema, "postgresql") + "COMMIT; ANALYZE;")

    def client(self, schema):
        return ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.place, "-U", "app", "-d", schema]

    def rows(self, schema, sql):
        text = run([*self.client(schema), "--csv", "-t", "-P", "null=\\N", "-c", sql])
        return [[None if cell == "\\N" else cell for cell in row] for row in csv.reader(io.StringIO(text))]

    def execute(self, schema, sql):
        run([*self.client(schema), "-c", sql])

    def dump(self, schema):
        """Everything in it, and what else the server has: databases, roles, large objects."""
        text = run([self.binaries / "pg_dump", "-h", self.place, "-U", "postgres", "--large-objects"
                    if self.version >= 16 else "--blobs", "-d", schema])
        others = run(self.psql("-A", "-t", "-c", "SELECT datname FROM pg_database ORDER BY 1", "-c",
                               "SELECT rolname, rolsuper, rolcreaterole, rolconfig FROM pg_roles ORDER BY 1"))
        # Newer versions begin and end a dump with a key of chance.
        return re.sub(r"(?m)^\\(un)?restrict .*$", "", text) + others

    @property
    def version(self):
        return int(self.binaries.parent.name)

    def connection(self, schema):
        return f"host={self.place} user=app dbname={schema}"


class MariaDB(servers.MariaDB):
    database_type = "mysql"

    def prepare(self):
        run(self.mariadb("-e", "CREATE USER app@localhost"))

    def load(self, schema):
        run(self.mariadb("-e", f"CREATE DATABASE {schema} CHARACTER SET utf8mb4; GRANT ALL ON {schema}.* TO app@localhost"))
        run(self.client(schema), script(schema, "mariadb"))

    def client(self, schema):
        return ["mariadb", "--no-defaults", "--default-character-set=utf8mb4", "-S", self.socket, "-u", "app", schema]

    def rows(self, schema, sql):
        # Of its formats only XML tells null from the word.
        nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
        document = ElementTree.fromstring(run([*self.client(schema), "--xml", "-e", sql]))
        return [[None if field.get(nil) == "true" else field.text or "" for field in row] for row in document.iter("row")]

    def execute(self, schema, sql):
        run([*self.client(schema), "-e", sql])

    def dump(self, schema):
        """Everything in it, and what else the server has: databases, accounts and their rights."""
        text = run(["mariadb-dump", "--no-defaults", "-S", self.socket, "-u", "root", "--skip-dump-date", "--routines", "--events",
                    "--triggers", schema])
        # The rows' next number is not kept exactly by the server.
        return re.sub(r" AUTO_INCREMENT=\d+", "", text) + run(self.mariadb(
            "-N", "-e", "SHOW DATABASES; SELECT User, Host, Priv FROM mysql.global_priv ORDER BY 1, 2; SELECT * FROM mysql.db"))

    def connection(self, schema):
        return f"mysql://app@localhost/{schema}?socket={self.socket}"


@contextlib.contextmanager
def databases(place, engines, schemas):
    """Servers of these engines with these schemas, by the engines' names."""
    kinds = {"sqlite": SQLite, "postgresql": PostgreSQL, "mariadb": MariaDB}
    with contextlib.ExitStack() as stack:
        started = {}
        for engine in engines:
            server = kinds[engine](place)
            if not server.is_here:
                raise SystemExit(f"There is no server of {engine}; run `make test-deps`, or leave it out with --engine.")
            started[engine] = stack.enter_context(server)
            for schema in schemas:
                server.load(schema)
        yield started
