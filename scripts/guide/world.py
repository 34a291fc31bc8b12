"""A machine of an operator's own, as far as a directory can be one."""

import json
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from throwaway.daemon import PASSWORD, Connection

ROOT = Path(__file__).resolve().parents[2]
# What of a machine's directories the documents name: it is below our own here.
DIRECTORIES = ("srv", "run", "etc", "tmp", "var/lib")
# Programs of a machine that a directory cannot have: nobody to become, and no service manager that keeps a log.
STAND_INS = {
    "sudo": '#!/bin/sh\n[ "$1" != -u ] || shift 2\nexec "$@"\n',
    "journalctl": '#!/bin/sh\nexec cat "$HOME/../log"\n',
}


class Wrong(Exception):
    """Something is not as the document says."""


def expect(condition, text):
    if not condition:
        raise Wrong(text)


class World:
    """A home, a runtime directory, `dbassistd` and `dbassist` on the path, and no setting of the caller's."""

    def __init__(self, place, binary):
        self.place, self.home = Path(place), Path(place) / "home"
        self.runtime = self.place / "run"
        self.state = self.home / ".local/state/dbassist"
        self.socket = self.runtime / "dbassist/dbassistd.sock"
        self.log, self.password = self.place / "log", self.place / "password"
        for directory in ("home", "bin", "etc/dbassist", *DIRECTORIES):
            (self.place / directory).mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, target in (("dbassistd", binary), ("dbassist", ROOT / "clients/shell/dbassist")):
            (self.place / "bin" / name).symlink_to(target)
        for name, script in STAND_INS.items():
            (self.place / "bin" / name).write_text(script)
            (self.place / "bin" / name).chmod(0o755)
        self.log.touch()
        self.password.write_text(PASSWORD + "\n")
        self.environment = {
            "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime),
            "PATH": f"{self.place}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "LC_ALL": "C.UTF-8", "TZ": "UTC", "DBASSIST_PASSWORD_FILE": str(self.password),
        }
        # Words of the documents that stand for something: replaced in commands, once each is known.
        self.words = {}
        self.ran, self.daemon = [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()

    # Commands

    def here(self, text):
        """A document's text with the paths and words that hold here."""
        own = "|".join(re.escape(path) for path in (str(self.place), f"{ROOT}/"))
        text = re.sub(rf"(?<![\w~.$}}/-])(?!{own})(?=/(?:{'|'.join(DIRECTORIES)})/)", str(self.place), text)
        for word, meaning in self.words.items():
            text = text.replace(word, meaning)
        return text

    def there(self, text):
        """What a program printed, with the paths that a document has."""
        return re.sub(re.escape(str(self.place)) + r"(?=/)", "", text)

    def run(self, command, *parts, status=0, given=None, **environment):
        """Runs a document's command, and answers what it printed; fails if the exit status is another or a part is missing."""
        self.ran.append(command)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.here(command)], input=given, stdin=None if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.home, timeout=60, start_new_session=True,
            env=self.environment | {name: str(value) for name, value in environment.items()}, check=False)
        said = self.there(done.stdout)
        expect(done.returncode == status, f"`{command}` ends with {done.returncode}, not {status}:\n{said}")
        for part in parts:
            expect(part in said, f"`{command}` does not print '{part}':\n{said}")
        return said

    # The daemon

    def serve(self, command="dbassistd serve", ready='"message":"serving"', given=subprocess.DEVNULL, **environment):
        """Starts the daemon in the background, without a umask, and waits until it serves."""
        self.ran.append(command)
        self.log.write_text("")
        with self.log.open("ab") as log:
            self.daemon = subprocess.Popen(
                ["bash", "-c", "umask 000; exec env " + self.here(command)], stdin=given, stdout=log, stderr=log,
                cwd=self.home, env=self.environment | {name: str(value) for name, value in environment.items()})
        self.wait_for_log(ready)

    def wait_for_log(self, text, times=1):
        """Waits until the daemon has logged the text, so many times."""
        self.until(lambda: self.log.read_text().count(text) >= times, f"the daemon does not log {text}")

    def until(self, condition, otherwise):
        """Waits for something that the daemon does; fails if that takes too long or the daemon ends."""
        deadline = time.monotonic() + 30
        while not condition():
            expect(self.daemon.poll() is None and time.monotonic() < deadline, f"{otherwise}:\n{self.log.read_text()}")
            time.sleep(0.01)

    def end(self, by=signal.SIGTERM):
        """Ends the daemon, and answers its exit status."""
        self.daemon.send_signal(by)
        return self.daemon.wait(30)

    def system_service(self):
        """Writes the configuration that the package has for it."""
        text = (ROOT / "packaging/dbassistd.yaml").read_text(encoding="utf-8")
        (self.place / "etc/dbassist/dbassistd.yaml").write_text(self.here(text), encoding="utf-8")

    def connect(self, token=None, socket=None):
        return Connection(socket or self.socket, token)

    def sign_up(self, email="ada@example.com", name="Ada"):
        """A new account's token."""
        with self.connect() as connection:
            return connection.call("auth.signup", {"name": name, "email": email, "password": PASSWORD})["token"]

    def log_in(self, email="ada@example.com"):
        with self.connect() as connection:
            return connection.call("auth.login", {"email": email, "password": PASSWORD})["token"]

    @contextmanager
    def serve_with_model(self):
        """Starts the daemon, with a model that says what the client's tests have it say."""
        port = self.place / "port"
        port.unlink(missing_ok=True)
        process = subprocess.Popen(["python3", ROOT / "clients/shell/tests/model-server.py", port], stdout=subprocess.DEVNULL)
        try:
            while not port.exists():
                expect(process.poll() is None, "the model does not start.")
                time.sleep(0.01)
            self.serve(DBASSIST_MODEL_URL=f"http://127.0.0.1:{port.read_text()}/v1", DBASSIST_MODEL="scripted-1")
            yield
        finally:
            process.kill()
            process.wait()

    def bookshop(self, token, **more):
        """The id of a project on a sample database."""
        file = self.place / "bookshop.sqlite"
        subprocess.run([ROOT / "scripts/sample-database", file, "--force"], check=True, stdout=subprocess.DEVNULL)
        with self.connect(token) as connection:
            params = {"name": "bookshop", "databaseType": "sqlite", "connectionString": str(file)} | more
            return connection.call("project.create", params)["id"]

    def query(self, token, project, sql="SELECT count(*) FROM books"):
        with self.connect(token) as connection:
            return connection.call("query.run", {"projectId": project, "sql": sql})["rows"]

    def history(self, token):
        with self.connect(token) as connection:
            return connection.call("query.history", {})["items"]


def json_lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
