#!/usr/bin/env python3
"""Works a daemon hard for long and looks whether it stays as it was: soak.py BINARY [--requests N] [--only KIND,...]

Several clients at once do everything there is to do, and end in every way, while the daemon's memory, descriptors and threads are
watched. Every reply is checked. Exits 1 if one is not as it should be, or if the daemon grows. README.md says how to read the table.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import functools
import multiprocessing
import multiprocessing.connection
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

from chat import Model
from daemon import HERE, PASSWORD, Throwaway, machine
from servers import MariaDB, PostgreSQL, sqlite_file
from soak_client import OK
from soak_sessions import KINDS, SHARES, Person
from soak_watch import SLOPES, Watch

HEAP = HERE / ".build" / "heap.so"
ROWS = 20_000
PEOPLE = 3
# Bytes of its own memory for each thousand requests that the daemon may grow by, and how long it may take to stop.
SLOPE_MAX = 1024
STOP_SECONDS = 10
# So many replies that are not as they should be end it; fewer are told of at the end.
PROBLEMS_MAX = 20
# Fewer say nothing about a slope.
REQUESTS_FOR_SLOPE = 800_000
SAMPLE_SECONDS = 2
# How long it is looked at when at rest: for a slope as long as the daemon's housekeeping takes to come round.
REST_SECONDS, SHORT_REST_SECONDS = 31, 1
LIMITS = {
    # Counted, and never too many.
    **{f"{rate}_PER_MINUTE": 1_000_000_000 for rate in ("REQUESTS", "QUERIES", "CHAT_TURNS", "LOGINS")}, "CHAT_DAY_TOKENS": 0,
    "QUERIES_PER_USER": 64, "CHAT_TURNS_PER_USER": 16, "LOGIN_FAILURES": 50,
    # A statement may wait for those of a client that has just gone.
    "CONNECT_TIMEOUT_MS": 30_000,
    # So that history has its full length within the warm-up.
    "HISTORY_ROWS": 2_000,
    # So that what is unused goes while nothing is asked, and the daemon can be seen at rest.
    "DATABASE_IDLE_MS": 1_500, "RESULT_IDLE_MS": 4_000,
}


class Soaked(Throwaway):
    """A daemon whose rates are no limit, with an account for each of several people."""

    def __init__(self, binary, place, model=None):
        place.mkdir(mode=0o700)
        super().__init__(binary, place, {f"DBASSIST_LIMITS_{name}": str(value) for name, value in LIMITS.items()}
                         | (model.environment if model else {}), ["env", f"LD_PRELOAD={HEAP}", f"HEAP_FILE={place}/heap"])
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
        self.is_held, self.parent = False, os.getpid()

    def run(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.pipe.close()
        self.tally = collections.Counter()
        with contextlib.suppress(EOFError, BrokenPipeError):
            try:
                person = self.person(self.daemon)
                person.plain = self.person(self.plain)
            except Exception as error:
                return self.tell_of(error, "the beginning")
            done = {kind: 0 for kind in self.kinds}
            # Each once at first: what is opened when it is first used stays open.
            first = list(self.kinds)
            while self.may_go_on():
                person.is_new = bool(first)
                kind = first.pop() if first else min(done, key=lambda kind: (done[kind] + 1) / SHARES[kind])
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
        """Tells what was done, and waits while everybody is to hold still. False at the end, and if whoever started us is gone."""
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
        return os.getppid() == self.parent


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
        is_long = total >= REQUESTS_FOR_SLOPE
        # In hundredths. Before the end of the warm-up there is nothing to compare with.
        rests, seconds = ((20, *range(50, 101, 10)), REST_SECONDS) if is_long else ((20, 60, 100), SHORT_REST_SECONDS)
        for milestone in (total * rest // 100 for rest in rests):
            self.until(milestone)
            self.hold()
            if self.is_over:
                break
            settle = [functools.partial(watch.settle, self.done, seconds) for watch in self.watches]
            with concurrent.futures.ThreadPoolExecutor() as pool:
                self.problems += filter(None, pool.map(lambda job: job(), settle))
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
        """No worker is left. Those that were told to stop have a moment for it."""
        deadline = time.monotonic() + 2
        started = [worker.process for worker in self.workers if worker.process.pid]
        for worker in self.workers:
            worker.pipe.close()
        for process in started:
            process.join(max(deadline - time.monotonic(), 0))
        for process in started:
            process.terminate()
            process.join()

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
        print("\n| at rest after | allocated | RssAnon | VmRSS | descriptors | threads | store | |\n|" + "---:|" * 7 + "---|")
        for watch in self.watches:
            for sample in watch.rest:
                print(f"| {sample.requests:,} | {sample.allocated:,} KiB | {sample.anonymous:,} KiB | {sample.resident:,} KiB | "
                      f"{sample.descriptors} | {sample.threads} | {sample.store:,} KiB | {watch.name} |")
        print("\n| bytes for each 1,000 requests | " + " | ".join(SLOPES) + " | |\n|---|" + "---:|" * len(SLOPES) + "---|")
        self.judge()

    def judge(self):
        """The bars."""
        total = self.options.requests
        is_long = total >= REQUESTS_FOR_SLOPE
        for watch in self.watches:
            self.problems += watch.changed(total)
            for what, state, samples in [("allocated", "at rest", watch.rest), ("anonymous", "at rest", watch.rest),
                                         ("anonymous", "at work", watch.busy)]:
                slopes = watch.slopes(samples, what, total)
                if not slopes:
                    continue
                name = {"allocated": "allocated", "anonymous": "RssAnon"}[what]
                print(f"| {name} {state} | " + " | ".join(f"{slope:,.0f}" for slope in slopes.values()) + f" | {watch.name} |")
                if is_long and state == "at rest" and slopes["Theil-Sen"] > SLOPE_MAX:
                    self.problems.append(f"{watch.name}: {name} grows by {slopes['Theil-Sen']:,.0f} bytes for each 1,000 requests; "
                                         f"{SLOPE_MAX:,} are allowed")
        if not is_long:
            print(f"\nA slope over fewer than {REQUESTS_FOR_SLOPE:,} requests says nothing, and is not judged.")


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
    if not HEAP.exists():
        parser.error(f"there is no {HEAP.name}; make soak builds it")
    options.kinds = [KINDS[name] for name in options.only.split(",") if name] or list(SHARES)
    return options


def main():
    options = arguments()
    binary = str(Path(options.binary).resolve())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
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
