"""The daemon that is measured, and programs that measure it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from throwaway.daemon import PASSWORD, Connection, Daemon as Throwaway  # noqa: E402

LOAD = HERE / ".build" / "rpcload"

# Counted, and never too many: what is measured is how fast the daemon is, not how fast it lets one user be.
UNLIMITED = {f"DBASSIST_LIMITS_{rate}_PER_MINUTE": "1000000000" for rate in ("REQUESTS", "QUERIES", "CHAT_TURNS", "LOGINS")}

__all__ = ["HERE", "LOAD", "PASSWORD", "UNLIMITED", "Connection", "Daemon", "Throwaway", "machine", "measure"]


def machine(binary):
    """The day, the machine with its load, and the daemon's version, each in words."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    version = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip()
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} × {model}, load {os.getloadavg()[0]:.1f}", f"dbassistd {version.removeprefix('dbassistd ')}"


def measure(*command, **options):
    """What a program that prints one JSON object measured."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise SystemExit(f"{Path(command[0]).name} failed ({done.returncode}): {done.stderr.strip()}")
    return json.loads(done.stdout)


class Daemon(Throwaway):
    """A daemon that can be measured over its socket and over stdio."""

    def __init__(self, binary, place):
        super().__init__(binary, place, UNLIMITED)
        # A store belongs to one process, so daemons on stdio have another.
        self.stdio_environment = self.environment | {"DBASSIST_STATE_DIR": f"{place}/stdio-state"}

    def __enter__(self):
        super().__enter__()
        # Makes the store, which every later start on stdio finds.
        measure(LOAD, "--mode", "start", *self.over_stdio(), env=self.stdio_environment)
        return self

    def streamed(self, project, sql):
        """Seconds until the last row of a pushed result is here, read and dropped."""
        params = json.dumps({"projectId": project, "sql": sql, "partialResultToken": 1, "timeoutMs": 120000})
        return measure(*self.over_socket(), "--token", self.token, "--requests", 1, "--expect", "result", "--method", "query.run",
                       "--params", params)["p50Us"] / 1e6

    def over_socket(self):
        return [LOAD, "--socket", self.socket]

    def over_stdio(self):
        return ["--", self.binary, "--stdio"]

    def first_page(self, project, sql):
        """Milliseconds from the request to the first page of a pushed result; the rest is not waited for."""
        with self.connect(self.token) as connection:
            connection.call("auth.whoami", {})
            began = time.monotonic()
            connection.send("query.run", {"projectId": project, "sql": sql, "partialResultToken": 1, "timeoutMs": 120000})
            connection.receive()
            return (time.monotonic() - began) * 1000

    def peak(self, work):
        """The most memory in KiB that the daemon has resident while `work` goes on (VmHWM of proc(5), reset before)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        work()
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
