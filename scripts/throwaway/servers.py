"""Database servers on Unix sockets in a temporary directory. Their data is as quick as it is short-lived: nothing is synced."""

import os
import shutil
import subprocess
import time
from pathlib import Path

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}


def unprivileged(user):
    """What starts a program as `user` where we are root."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if os.getuid() == 0 else []


class PostgreSQL:
    """Lets everybody in as `postgres`, over the socket only. `prepare` is called once it runs."""

    def __init__(self, place):
        self.place = Path(place) / "pg"
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.binaries = versions[-1] if versions else None
        self.user = unprivileged("postgres")
        # What else the server is started with.
        self.options = "-c listen_addresses=''"

    @property
    def is_here(self):
        return self.binaries is not None

    def __enter__(self):
        self.place.mkdir()
        os.chmod(self.place.parent, 0o711)
        if self.user:
            shutil.chown(self.place, "postgres", "postgres")
        data = self.place / "data"
        subprocess.run([*self.user, self.binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8",
                        "--locale=C.UTF-8"], **QUIET)
        subprocess.run([*self.user, self.binaries / "pg_ctl", "-D", data, "-w", "-l", self.place / "log", "-o",
                        f"-k {self.place} -c fsync=off {self.options}", "start"], **QUIET)
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def prepare(self):
        """For those that need something in it."""

    def __exit__(self, *_):
        subprocess.run([*self.user, self.binaries / "pg_ctl", "-D", self.place / "data", "-m", "immediate", "stop"],
                       stdout=subprocess.DEVNULL, check=False)

    def psql(self, *arguments):
        return ["psql", "-X", "-q", "-h", str(self.place), "-U", "postgres", *arguments]


class MariaDB:
    """Logs in as `root` without a password, over the socket only. `prepare` is called once it runs."""

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
            self.wait()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        deadline = time.monotonic() + 60
        while subprocess.run(self.mariadb("-e", "SELECT 1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("MariaDB did not start")
            time.sleep(0.1)

    def prepare(self):
        """For those that need something in it."""

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def mariadb(self, *arguments):
        return ["mariadb", "--no-defaults", "-S", str(self.socket), "-u", "root", *arguments]
