"""The chapter A store in PostgreSQL, with a server that asks for passwords and speaks TLS."""

import os
import shutil
import socket
import subprocess
import tempfile

from throwaway.servers import PostgreSQL

from .keeping import keys
from .walk import covers
from .world import expect

GUIDE = "docs/operations.md"
SECRET = "correct-horse-battery"


class Server(PostgreSQL):
    """Whoever administers it gets in by the socket; others have to come by TCP, with TLS and a password."""

    def __init__(self, place):
        super().__init__(place)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.options = f"-c listen_addresses=127.0.0.1 -c port={self.port}"

    def prepare(self):
        data = self.place / "data"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout",
                        data / "server.key", "-out", data / "server.crt"], check=True, capture_output=True)
        (data / "server.key").chmod(0o600)
        if self.user:
            shutil.chown(data / "server.key", "postgres", "postgres")
        (data / "pg_hba.conf").write_text("local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        self.sql("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")

    def sql(self, *statements, database="postgres"):
        words = [word for statement in statements for word in ("-c", statement)]
        command = self.psql("-p", str(self.port), "-A", "-t", "-d", database, *words)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@covers(GUIDE, "A store in PostgreSQL")
def store_in_postgresql(walk, world):
    with tempfile.TemporaryDirectory(prefix="dbassist-guide.") as place, Server(place) as server:
        world.environment |= {"PGHOST": str(server.place), "PGPORT": str(server.port), "PGUSER": "postgres"}
        walk.run("createuser --pwprompt dbassist", given=f"{SECRET}\n{SECRET}\n")
        walk.run("createdb --owner=dbassist --encoding=UTF8 dbassist")
        for name in ("PGHOST", "PGPORT", "PGUSER"):
            del world.environment[name]
        # The server's certificate is nobody's whom a system trusts.
        uri = f"postgresql://dbassist:{SECRET}@127.0.0.1:{server.port}/dbassist?sslmode=require"
        world.words = {
            "postgresql://dbassist:…@db.example.org/dbassist?sslmode=verify-full": uri, "postgresql://…": uri,
        }
        use(walk, world, server, uri)
        move(walk, world, server, uri)


def use(walk, world, server, uri):
    """A store that begins there."""
    walk.serve("DBASSIST_STORE='postgresql://dbassist:…@db.example.org/dbassist?sslmode=verify-full' dbassistd serve")
    expect(server.sql("SELECT count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND datname = 'dbassist'",
                      database="dbassist").strip() == "t", "the daemon has come without TLS.")
    token = world.sign_up()
    project = world.bookshop(token)
    expect(server.sql("SELECT email FROM users", database="dbassist").strip() == "ada@example.com", "the account is elsewhere.")
    with world.connect(token) as connection:
        steps = connection.call("project.test", {"databaseType": "postgresql", "connectionString": uri})["steps"]
    expect([step["code"] for step in steps if step["status"] == "failed"] == ["policy"], f"a project on the store: {steps}")
    expect(SECRET not in world.run("dbassistd config", ":***@", DBASSIST_STORE=uri), "the password is shown.")
    world.run("dbassistd store check", "sound", DBASSIST_STORE=uri)
    # Other daemons have to know a key first.
    world.run("dbassistd keys rotate", "staged", DBASSIST_STORE=uri)
    expect(SECRET not in world.log.read_text(), "the password is in the log.")
    # In the configuration file it is as good; a file that others can read is not.
    expect(world.end() == 0, "it does not end well.")
    file = world.home / ".config/dbassist/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"store: '{uri}'\n")
    file.chmod(0o600)
    world.serve()
    expect(world.query(token, project) == [[225]], "the second start does not know the project.")
    expect(sorted(key[2] for key in keys(world)) == ["active", "active", "staged", "staged"], "the staged keys are used.")
    world.run("dbassistd keys rotate", "in use")
    world.end()
    # Another keyring than the one it was made with.
    world.run("dbassistd serve --state-dir /srv/other", "keyring", status=1)
    # The index is looked at.
    server.sql("INSERT INTO query_texts (place, tokens) VALUES (4711, '{}')", database="dbassist")
    world.run("dbassistd store check", "index of texts", status=1)
    file.unlink()
    server.sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public AUTHORIZATION dbassist", database="dbassist")
    shutil.rmtree(world.state)


def move(walk, world, server, uri):
    """A store in a file goes there."""
    world.serve()
    token = world.sign_up()
    project = world.bookshop(token)
    world.query(token, project)
    world.end()
    walk.run("DBASSIST_STORE='postgresql://…' dbassistd store copy ~/.local/state/dbassist/store.sqlite env:DBASSIST_STORE",
             "copied", "sound")
    for path in world.state.glob("store.sqlite*"):
        os.unlink(path)
    world.serve(DBASSIST_STORE=uri)
    expect(world.query(token, project) == [[225]], "the copied project does not work.")
    expect(world.query(world.log_in(), project) == [[225]], "the password is not the old one.")
    expect(len(world.history(token)) == 3, "history was not copied.")
    world.end()
    # And back.
    world.run("dbassistd store copy env:DBASSIST_STORE ~/.local/state/dbassist/store.sqlite", "sound", DBASSIST_STORE=uri)
    world.serve()
    expect(world.query(token, project) == [[225]], "what was copied back does not work.")
    world.end()
