#!/usr/bin/env python3
"""Drives a program at a terminal: terminal.py COMMAND... <STEPS

Steps, one a line: `see TEXT` waits until the terminal shows it, after what was waited for before; `until COMMAND` waits until a shell
command succeeds; `type TEXT` types a line; `interrupt` types Ctrl-C, `end` Ctrl-D. What the terminal showed is printed as it came, and the program's exit code is ours; it is 99
if what is waited for does not come in twenty seconds.
"""

import os
import pty
import select
import signal
import subprocess
import sys
import time


def main():
    steps = [line.rstrip("\n").partition(" ") for line in sys.stdin if line.strip()]
    child, terminal = pty.fork()
    if child == 0:
        # bats starts what it tests with interrupts ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(sys.argv[1], sys.argv[1:])
    shown, looked, status = b"", 0, None

    def read(seconds):
        nonlocal shown
        if not select.select([terminal], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return False
        shown += piece
        return bool(piece)

    for verb, _, text in steps:
        if verb == "see":
            deadline = time.monotonic() + 20
            while (found := shown.find(text.encode(), looked)) < 0:
                if time.monotonic() > deadline or not read(1):
                    print(f"{shown.decode(errors='replace')}\nterminal: '{text}' did not come.")
                    os.kill(child, signal.SIGKILL)
                    sys.exit(99)
            looked = found + len(text.encode())
        elif verb == "until":
            deadline = time.monotonic() + 20
            while subprocess.run(["sh", "-c", text], stdin=subprocess.DEVNULL, check=False).returncode != 0:
                if time.monotonic() > deadline:
                    print(f"terminal: '{text}' never succeeded.")
                    os.kill(child, signal.SIGKILL)
                    sys.exit(99)
        else:
            os.write(terminal, {"type": text.encode() + b"\n", "interrupt": b"\x03", "end": b"\x04"}[verb])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and read(1):
        pass
    os.set_blocking(1, True)
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    while status is None and time.monotonic() < deadline + 5:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
        else:
            time.sleep(0.05)
    if status is None:
        os.kill(child, signal.SIGKILL)
        print("\nterminal: the program does not end.")
        sys.exit(99)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
