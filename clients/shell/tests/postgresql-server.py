#!/usr/bin/env python3
"""A PostgreSQL server whose user is a superuser: postgresql-server.py FILE

Once it runs, its connection string is written into the file. It ends with SIGTERM, and with the process that started it.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

from throwaway.servers import PostgreSQL  # noqa: E402


def main():
    parent, ends = os.getppid(), {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    # Not where bats keeps its files: PostgreSQL runs as another user, who cannot look there.
    with tempfile.TemporaryDirectory(prefix="dbassist.") as place, PostgreSQL(place) as server:
        with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
            file.write(f"host={server.place} user=postgres dbname=postgres")
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        while signal.sigtimedwait(ends, 1) is None and os.getppid() == parent:
            pass


if __name__ == "__main__":
    main()
