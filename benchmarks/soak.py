#!/usr/bin/env python3
"""Works a daemon hard for long and looks whether it stays as it was: soak.py BINARY [--requests N] [--only KIND,...]

Several clients at once do everything there is to do, and end in every way, while the daemon's memory, descriptors and threads are
watched. Every reply is checked. Exits 1 if one is not as it should be, or if the daemon grows. README.md says how to read the table.
"""

import argparse
import collections
import contextlib
import multiprocessing
import multiprocessing.connection
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from chat import Model
from daemon import PASSWORD, Throwaway, machine
from servers import MariaDB, PostgreSQL, sqlite_file
from soak_client import OK
from soak_sessions import KINDS, SHARES, Person
from soak_watch import Watch

ROWS = 20_000
PEOPLE = 3
# Bytes of its own memory for each thousand requests that the daemon may grow by, and how long it may take to stop.
SLOPE_MAX = 1024
STOP_SECONDS = 10
# So many replies that are not as they should be end it; fewer are told of at the end.
PROBLEMS_MAX = 20
# Fewer say nothing about a slope.
REQUESTS_FOR_SLOPE = 200_000
SAMPLE_SECONDS = 2
LIMITS = {
    # Counted, and never too many.
    **{f"{rate}_PER_MINUTE": 1_000_000_000 for rate in ("REQUESTS", "QUERIES", "CHAT_TURNS", "LOGINS")}, "CHAT_DAY_TOKENS": 0,
    "QUERIES_PER_USER": 64, "CHAT_TURNS_PER_USER": 16, "LOGIN_FAILURES": 50,
    # A statement may wait for those of a client that has just gone.
    "CONNECT_TIMEOUT_MS": 30_000,
    # So that history has its full length within the warm-up.
    "HISTORY_ROWS": 2_000,
    # So that what is unused goes while nothing is asked, and the daemon can be seen at rest.
    "DATABASE_IDLE_MS": 2_000, "RESULT_IDLE_MS": 5_000,
}


class Soaked(Throwaway):
    """A daemon whose rates are no limit, with an account for each of several people."""

    def __init__(self, binary, place, model=None):
        place.mkdir(mode=0o700)
        super().__init__(binary, place, {f"DBASSIST_LIMITS_{name}": str(value) for name, value in LIMITS.items()}
                         | (model.environment if model else {}))
        self.has_model = model is not None
        self.strings = {}
        self.emails = [f"person{number}@example.com" for number in range(PEOPLE)]

    def sign_up(self):
        super().sign_up()
        for email in self.emails:
            self.call("auth.signup", {"name": email, "email": email, "password": PASSWORD})
        # What is opened when it is first used stays open: the store's second reader, the event loop for models.
        for method in ("dashboard.get", "chat.doctor"):
            self.call(method, {}, self.token)

    def ends(self):
        """Asks it to stop; answers what is wrong with how it did."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        took = time.monotonic() - began
        if status != 0 or self.socket.exists():
            return [f"after SIGTERM: status {status} after {took:.1f} s, socket {'left behind' if self.socket.exists() else 'removed'}"]
        print(f"Stopped in {took:.2f} s after SIGTERM, socket removed.")
        return []


class Worker:
    """A process that is one client after another, and does each kind of session as often as its share says."""

    def __init__(self, number, daemon, plain, kinds):
        self.number, self.daemon, self.plain, self.kinds = number, daemon, plain, kinds
        self.pipe, self.end = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self.run, daemon=True)
        self.is_held = False

    def run(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.pipe.close()
        self.tally = collections.Counter()
        # Whoever started us may be gone.
        with contextlib.suppress(EOFError, BrokenPipeError):
            try:
                person = self.person(self.daemon)
                person.plain = self.person(self.plain)
            except Exception as error:
                return self.tell_of(error, "the beginning")
            done = {kind: 0 for kind in self.kinds}
            while self.may_go_on():
                kind = min(done, key=lambda kind: (done[kind] + 1) / SHARES[kind])
                before = self.tally.total()
                try:
                    kind(person)
                except Exception as error:
                    self.tell_of(error, kind.__name__)
                done[kind] += self.tally.total() - before + 1

    def tell_of(self, error, where):
        line = traceback.extract_tb(error.__traceback__)
        line = next((frame for frame in reversed(line) if frame.filename.endswith("soak_sessions.py")), line[-1])
        self.end.send(("failed", f"{where}, line {line.lineno}: {type(error).__name__}: {error}"))

    def person(self, daemon):
        person = Person(self.tally, daemon, daemon.emails[self.number % PEOPLE], ROWS, self.number)
        own = sqlite_file(daemon.place, ROWS, f"rows{self.number}.sqlite")
        with sqlite3.connect(own) as database:
            database.execute("CREATE TABLE notes (n INTEGER)")
        person.create(daemon.strings | {"sqlite": f"sqlite://{own}"}, self.number)
        return person

    def may_go_on(self):
        """Tells what was done, and waits while everybody is to hold still."""
        self.end.send(("did", dict(self.tally)))
        self.tally.clear()
        while self.end.poll():
            order = self.end.recv()
            if order == "stop":
                return False
            if order == "hold":
                self.end.send(("held", None))
                if self.end.recv() == "stop":
                    return False
        return True


class Soak:
    """All of it."""

    def __init__(self, options, watches, workers):
        self.options, self.watches, self.workers = options, watches, workers
        self.tally, self.done, self.problems = collections.Counter(), 0, []
        self.seconds, self.is_over = 0.0, False

    def go(self):
        """Lets them work until as many requests are answered, with rests in between."""
        total = self.options.requests
        for worker in self.workers:
            worker.process.start()
            worker.end.close()
        steps = 20 if total >= REQUESTS_FOR_SLOPE else 5
        for milestone in (total * step // steps for step in range(1, steps + 1)):
            self.until(milestone)
            self.hold()
            if self.is_over:
                break
            # Before the end of the warm-up there is nothing to compare with.
            if milestone >= total // 5:
                self.problems += filter(None, (watch.settle(self.done) for watch in self.watches))
            self.tell("at rest")
            for worker in self.workers if milestone < total else []:
                worker.pipe.send("go")
        for worker in self.workers:
            with contextlib.suppress(OSError):
                worker.pipe.send("stop")

    def until(self, milestone):
        last = due = time.monotonic()
        while self.done < milestone and not self.is_over:
            self.hear()
            now = time.monotonic()
            self.seconds, last = self.seconds + now - last, now
            if now >= due and not self.is_over:
                due = now + SAMPLE_SECONDS
                for watch in self.watches:
                    watch.busy.append(watch.look(self.done))
                self.tell("")

    def hold(self):
        for worker in self.workers:
            worker.is_held = False
            with contextlib.suppress(OSError):
                worker.pipe.send("hold")
        while not all(worker.is_held for worker in self.workers) and not self.is_over:
            self.hear()

    def hear(self):
        """What workers have to say."""
        for pipe in multiprocessing.connection.wait([worker.pipe for worker in self.workers], 1):
            worker = next(worker for worker in self.workers if worker.pipe is pipe)
            try:
                what, value = pipe.recv()
            except EOFError:
                what, value = "failed", "it ended"
                self.is_over = True
            if what == "did":
                self.tally.update(value)
                self.done += sum(value.values())
            elif what == "held":
                worker.is_held = True
            else:
                self.problems.append(f"client {worker.number}: {value}")
                print(self.problems[-1], file=sys.stderr, flush=True)
                self.is_over = self.is_over or len(self.problems) >= PROBLEMS_MAX
        for watch in self.watches:
            if watch.daemon.process.poll() is not None:
                self.problems.append(f"{watch.name} ended with {watch.daemon.process.returncode}: {watch.daemon.log()}")
                self.is_over = True

    def tell(self, state):
        sample = (self.watches[0].rest if state else self.watches[0].busy)[-1:]
        if sample:
            print(f"{self.done:>9,} requests, {self.done / max(self.seconds, 1):>6,.0f}/s, RssAnon {sample[0].anonymous:>7,} KiB, "
                  f"{sample[0].descriptors} descriptors, {sample[0].threads} threads {state}", file=sys.stderr, flush=True)

    def end(self):
        """No worker is left."""
        for worker in self.workers:
            worker.pipe.close()
            if worker.process.pid:
                worker.process.join(2)
                worker.process.terminate()
                worker.process.join()

    # What it came to

    def report(self):
        methods = collections.defaultdict(collections.Counter)
        for (method, outcome), count in self.tally.items():
            methods[method if outcome != "method_not_found" else "(no method)"][outcome] += count
        print("\n| method | requests | errors, all as expected |\n|---|---:|---|")
        for method, outcomes in sorted(methods.items(), key=lambda pair: -pair[1].total()):
            errors = ", ".join(f"{code} {count:,}" for code, count in sorted(outcomes.items()) if code != OK)
            print(f"| `{method}` | {outcomes.total():,} | {errors} |")
        print(f"\n{self.done:,} requests, {self.done / max(self.seconds, 1):,.0f} a second beside rests")
        print("\n| at rest after | RssAnon | VmRSS | descriptors | threads | store | |\n|---:|---:|---:|---:|---:|---:|---|")
        for watch in self.watches:
            for sample in watch.rest:
                print(f"| {sample.requests:,} | {sample.anonymous:,} KiB | {sample.resident:,} KiB | {sample.descriptors} | {sample.threads} | "
                      f"{sample.store:,} KiB | {watch.name} |")
        self.judge()

    def judge(self):
        """The bars."""
        total = self.options.requests
        is_long = total >= REQUESTS_FOR_SLOPE
        for watch in self.watches:
            self.problems += watch.changed(total)
            for state, samples in [("at rest", watch.rest), ("at work", watch.busy)]:
                slopes = watch.slopes(samples, total)
                if slopes:
                    print(f"{watch.name} {state}, bytes of RssAnon for each 1,000 requests: "
                          + ", ".join(f"{name} {slope:,.0f}" for name, slope in slopes.items()))
                if is_long and state == "at rest" and slopes.get("Theil-Sen", 0) > SLOPE_MAX:
                    self.problems.append(f"{watch.name}: its memory grows by {slopes['Theil-Sen']:,.0f} bytes for each 1,000 requests; "
                                         f"{SLOPE_MAX:,} are allowed")
        if not is_long:
            print(f"A slope over fewer than {REQUESTS_FOR_SLOPE:,} requests says nothing, and is not judged.")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--requests", type=int, default=1_000_000, help="replies to receive; 20000 make a quick run without a slope")
    parser.add_argument("--only", default="", help=f"only these kinds of sessions, with commas between: {', '.join(KINDS)}")
    parser.add_argument("--clients", type=int, default=6, help="clients at once")
    options = parser.parse_args()
    unknown = [name for name in options.only.split(",") if name and name not in KINDS]
    if unknown or options.requests < 1000 or options.clients < 1:
        parser.error(f"there is no kind {unknown[0]}" if unknown else "at least 1000 requests and 1 client, please")
    options.kinds = [KINDS[name] for name in options.only.split(",") if name] or list(SHARES)
    return options


def main():
    options = arguments()
    binary = str(Path(options.binary).resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print("\n".join(machine(binary)), flush=True)
    # Short, for the sockets' paths.
    with tempfile.TemporaryDirectory(prefix="dbassist-soak.", dir="/tmp") as place, contextlib.ExitStack() as stack:
        place = Path(place)
        model = stack.enter_context(Model("--quiet"))
        strings = {}
        for kind, server in [("postgresql", PostgreSQL(place, ROWS)), ("mysql", MariaDB(place, ROWS))]:
            if not server.is_here:
                raise SystemExit(f"There is no server of {type(server).__name__}; make test-deps installs it.")
            strings[kind] = stack.enter_context(server).connection
        daemon, plain = (stack.enter_context(Soaked(binary, place / name, which)) for name, which in [("d", model), ("p", None)])
        for each in (daemon, plain):
            each.strings = strings | {"sqlite": f"sqlite://{sqlite_file(each.place, ROWS)}"}
        watches = [Watch("the daemon", daemon), Watch("the daemon without a model", plain)]
        soak = Soak(options, watches, [Worker(number, daemon, plain, options.kinds) for number in range(options.clients)])
        try:
            soak.go()
        finally:
            soak.end()
        soak.report()
        soak.problems += [problem for each in (daemon, plain) for problem in each.ends()]
    for problem in soak.problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
