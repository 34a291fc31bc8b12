"""What README.md shows."""

import re
import subprocess

from throwaway.daemon import PASSWORD

from .frames import exchanged, unframed
from .walk import covers
from .world import ROOT, expect

README = "README.md"
IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def alike(text):
    """A transcript without what differs each time: ids, times, and how wide that makes a column."""
    text = IDENTIFIER.sub("ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", text)
    text = re.sub(r'(?<=durationMs":)[\d.]+|[\d.]+(?= ms\b)', "0", text)
    # The column of milliseconds in history.
    text = re.sub(r"(?m)^(TIME +\w+ +(?:error|success +\d+)) +[\d.]+ +", r"\1 0 ", text)
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


@covers(README, "What it looks like")
def what_it_looks_like(walk, world):
    drawn = subprocess.run([ROOT / "scripts/terminal-svg"], input=walk.chapter.blocks[0].text, text=True, check=True, capture_output=True)
    picture = ROOT / "docs/images/terminal.svg"
    expect(drawn.stdout == picture.read_text(encoding="utf-8"), "docs/images/terminal.svg is not of this transcript.")
    books = world.place / "srv/books"
    books.mkdir()
    subprocess.run([ROOT / "scripts/sample-database", books / "bookshop.sqlite"], check=True, stdout=subprocess.DEVNULL)
    world.serve()
    # One shell types it all, for `echo $?`.
    commands = [command for command, _ in walk.chapter.blocks[0].commands()]
    marked = "\n".join(f"status=$?; echo '-- {number}'; (exit $status)\n{command}" for number, command in enumerate(commands))
    said = re.split(r"-- \d+\n", world.run(marked))[1:]
    for command, printed in zip(commands, said, strict=True):
        shown = walk.take(command)
        expect(alike(printed) == alike(shown), f"`{command}` prints\n{printed}and the document shows\n{shown}")
    world.run("dbassist project update bookshop --write", "read and write")
    world.words = {"…": "DELETE FROM order_items"}
    world.run("dbassist query bookshop --write '…'", "rows changed")


def fits(shown, came):
    """What came is what is shown, where `…` stands for anything."""
    pattern = re.escape(alike(shown)).replace("…", ".*?")
    expect(re.fullmatch(pattern, alike(came)), f"what comes is\n{came}\nand what is shown\n{shown}")


@covers(README, "Who uses it how")
def who_uses_it_how(walk, world):
    sent, shown = exchanged(walk.take("dbassistd --stdio"))
    fits(shown[0], unframed(world.run("dbassistd --stdio", given="".join(sent), status=1))[0])

    world.serve()
    project = world.bookshop(world.sign_up(name="Ada Lovelace"))
    sent, shown = exchanged(walk.block("text"))
    with world.connect() as connection:
        for line in sent:
            line = line.replace('"…"', f'"{PASSWORD}"')
            connection.wire.sendall(IDENTIFIER.sub(project, line).encode() + b"\n")
        for line in shown:
            fits(line, connection.replies.readline().decode())

    world.run("dbassist login ada@example.com")
    walk.transcript("dbassist query bookshop 'SELECT name, born FROM authors WHERE country = ?' -p Ireland --format csv --quiet")
    walk.transcript("""echo '{"jsonrpc":"2.0","id":1,"method":"system.health"}' | socat - UNIX-CONNECT:"$DBASSIST_SOCKET" """
                    "| jq -r .result.status", DBASSIST_SOCKET=world.socket)


@covers(README, "The assistant")
def the_assistant(walk, world):
    with world.serve_with_model():
        world.bookshop(world.sign_up())
        world.run("dbassist login ada@example.com")
        said = walk.run("dbassist chat bookshop", "225 books", given="/help\nHow many books are there? count them\n")
        expect("/quit" in said or "/exit" in said, f"/help lists nothing:\n{said}")
        walk.run("dbassist ask bookshop 'How are orders and books related?'", "Nothing is known of that.")
        walk.run("dbassist ask bookshop 'customers without orders' --sql-only", "SELECT")
        walk.run("dbassist models --test", "scripted-1")
        walk.run("dbassist assistant bookshop --share schema,rows --mask customers.email", "customers.email")


@covers(README, "Configuration in brief")
def configuration_in_brief(walk, world):
    names = {"--state-dir": "stateDir", "--socket": "socket"}
    said = world.run("dbassistd config")
    rows = walk.chapter.table("")
    expect(len(rows) > 3, "the table is no longer there.")
    for first, default, *_ in rows:
        setting, *more = re.findall(r"`([^`]+)`", first)
        if not default:
            continue
        value = world.run(f'echo {default.strip("`")}').strip()
        name = names.get(setting, setting)
        expect(re.search(rf"^{name} +{re.escape(value)} +\(default\)$", said, re.M), f"{name} is not {value}:\n{said}")
        for variable in more:
            world.run("dbassistd config", f"/elsewhere  ({variable})", **{variable: "/elsewhere"})
            world.run(f"dbassistd config {setting} /elsewhere", "/elsewhere  (command line)")
    world.run("dbassistd doctor", "ok    configuration")
