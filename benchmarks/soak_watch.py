"""What a process holds while it works: memory, descriptors, threads; and how that changes with what it has done."""

import collections
import contextlib
import itertools
import os
import re
import statistics
import time
from pathlib import Path
from typing import NamedTuple


# Threads that Swift's runtime starts for its pool and ends as it likes: as many as processors, and some more while others wait.
POOL = re.compile(r"-qos$|overcommit$")
POOL_MAX = 4 * os.cpu_count()
BETWEEN_LOOKS = 0.1


class Sample(NamedTuple):
    """Sizes are in KiB; `allocated` is what heap.c says; of threads those of Swift's pool are not counted."""

    requests: int
    allocated: int
    resident: int
    anonymous: int
    descriptors: int
    threads: int
    store: int


def least_squares(points):
    """The slope of the line nearest to them."""
    return statistics.linear_regression(*zip(*points)).slope if len(points) > 1 else 0.0


def theil_sen(points):
    """The median of the slopes between any two: one point in four may be anywhere."""
    pairs = itertools.combinations(points, 2)
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in pairs if later[0] > earlier[0]]
    return statistics.median(slopes) if slopes else 0.0


def between_fifths(points):
    """From the median of the first fifth to that of the last."""
    many = max(len(points) // 5, 1)
    (from_x, from_y), (to_x, to_y) = ([statistics.median(column) for column in zip(*part)] for part in (points[:many], points[-many:]))
    return (to_y - from_y) / (to_x - from_x) if to_x > from_x else 0.0


SLOPES = {"least squares": least_squares, "Theil-Sen": theil_sen, "first to last fifth": between_fifths}


class Watch:
    """Looks at a daemon from outside."""

    def __init__(self, name, daemon):
        self.name, self.daemon = name, daemon
        self.place = Path(f"/proc/{daemon.process.pid}")
        # Samples while it works, and where it has been let come to rest.
        self.busy, self.rest, self.kinds = [], [], []

    def look(self, requests):
        status = dict(line.split(":", 1) for line in (self.place / "status").read_text().splitlines())
        store = sum(file.stat().st_size for file in self.daemon.store.parent.glob("store.sqlite*")) // 1024
        allocated = int((self.daemon.place / "heap").read_text()) // 1024
        return Sample(requests, allocated, int(status["VmRSS"].split()[0]), int(status["RssAnon"].split()[0]),
                      len(os.listdir(self.place / "fd")), sum(self.threads().values()), store)

    def descriptors(self):
        """How many there are of each kind."""
        kinds = collections.Counter()
        over_tcp = {f"socket:[{line.split()[9]}]" for line in (self.place / "net/tcp").read_text().splitlines()[1:]}
        for entry in (self.place / "fd").iterdir():
            try:
                target = os.readlink(entry)
            except FileNotFoundError:
                continue
            kind = re.sub(r":\[\d+\]$| \(deleted\)$", "", target).removeprefix(f"{self.daemon.place}/")
            kinds["TCP" if target in over_tcp else kind] += 1
        return kinds

    def threads(self, pool=False):
        """How many there are of each name, of Swift's pool or of the others."""
        names = collections.Counter()
        for task in (self.place / "task").iterdir():
            with contextlib.suppress(OSError):
                names[(task / "comm").read_text().strip()] += 1
        return collections.Counter({name: count for name, count in names.items() if bool(POOL.search(name)) == pool})

    def settle(self, requests, seconds, patience=30):
        """Waits until nothing of the clients is left, and samples for some seconds. Answers what is wrong, if something is."""
        deadline = time.monotonic() + patience
        with self.daemon.connect(self.daemon.token) as connection:
            while left := self.left(connection):
                if time.monotonic() > deadline:
                    return f"{self.name}: {patience} s after the last client this is still there: {left}"
                time.sleep(0.1)
        # What is least then counts. A descriptor that is open for a moment (the keyring is looked at) is no matter, nor is memory that
        # housekeeping gives back: what never goes is.
        looks, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            looks.append(self.look(requests))
            time.sleep(BETWEEN_LOOKS)
        names = ("allocated", "resident", "anonymous", "descriptors", "threads")
        least = {name: min(getattr(look, name) for look in looks) for name in names}
        self.rest.append(looks[-1]._replace(**least))
        self.kinds.append({"descriptors": self.descriptors(), "threads": self.threads()})
        pool = self.threads(pool=True)
        return f"{self.name}: Swift's pool has {dict(pool)}, more than {POOL_MAX}" if pool.total() > POOL_MAX else None

    def left(self, connection):
        """What clients have left that time, or the end of a connection, is to take away."""
        text = connection.call("system.metrics", {})["text"]
        figures = dict(re.findall(r"^(dbassistd_\w+) ([\d.]+)$", text, re.MULTILINE))
        wanted = {"clients": 1, "queries_running": 0, "queries_waiting": 0, "database_connections": 0, "results": 0, "results_bytes": 0}
        left = {name: float(figures[f"dbassistd_{name}"]) for name, most in wanted.items() if float(figures[f"dbassistd_{name}"]) > most}
        left |= {kind: count for kind, count in self.descriptors().items() if kind == "TCP"}
        return left

    # What it comes to

    def warm(self, samples, total):
        """Those after the first fifth, in which everything has been opened that stays open."""
        return [sample for sample in samples if sample.requests >= total // 5]

    def filled(self, samples, total):
        """Those of the second half: by then the store's caches are full."""
        return [sample for sample in samples if sample.requests >= total // 2]

    def slopes(self, samples, what, total):
        """Bytes of `what` for each thousand requests, by ways to say it."""
        points = [(sample.requests / 1000, getattr(sample, what) * 1024) for sample in self.filled(samples, total)]
        return {name: slope(points) for name, slope in SLOPES.items()} if len(points) > 1 else {}

    def changed(self, total):
        """What is not as it was at the first rest after the warm-up, in words."""
        warm = self.warm(self.rest, total)
        for what in ("descriptors", "threads"):
            counts = [getattr(sample, what) for sample in warm]
            if len(set(counts)) > 1:
                first, last = self.kinds[-len(warm)][what], self.kinds[-1][what]
                yield (f"{self.name}: {what} at rest were {', '.join(map(str, counts))}; at the end more of {dict(last - first)}, "
                       f"less of {dict(first - last)}")
