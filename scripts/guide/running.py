"""The chapters Run, Configuration, Files and Signals."""

import json
import os
import re
import signal
import stat
import subprocess
from contextlib import contextmanager

from .frames import frame
from .walk import covers
from .world import ROOT, expect

GUIDE = "docs/operations.md"


def leaves(command, words=()):
    """The commands of the program that have none below them, as the program itself lists them."""
    for child in command.get("subcommands", []):
        if child["commandName"] != "help" and child.get("shouldDisplay", True):
            path = (*words, child["commandName"])
            yield from leaves(child, path) if child.get("subcommands") else [(path, child)]


def usage(path, command):
    """A command as the guide's table has it."""
    words = ["dbassistd", *path]
    for argument in command["arguments"]:
        if argument["kind"] == "positional":
            name = argument["valueName"].upper()
            words.append(f"[{name}]" if argument["isOptional"] else name)
    return " ".join(words)


def listed(rows, tops):
    """The commands of the table's first column. Those that follow another leave out the words that they share."""
    for cell, *_ in rows:
        before = []
        for span in re.findall(r"`([^`]+)`", cell):
            words = span.split()
            if words[0] != "dbassistd":
                words = ["dbassistd", *words] if words[0] in tops else [*before[:2], *words]
            before = words
            yield " ".join(words)


def framed(*messages):
    return "".join(frame(json.dumps({"jsonrpc": "2.0", **message})) for message in messages)


INITIALIZE = {"id": 1, "method": "initialize", "params": {"capabilities": {}}}
SHUTDOWN, EXIT = {"id": 2, "method": "shutdown"}, {"method": "exit"}


@covers(GUIDE, "Run")
def run(walk, world):
    root = json.loads(world.run("dbassistd --experimental-dump-help"))["command"]
    tops = {command["commandName"] for command in root["subcommands"]}
    known = {usage(*leaf) for leaf in leaves(root)} | {"dbassistd --stdio", "dbassistd serve --stdio", "dbassistd --version"}
    table = set(listed(walk.chapter.table("command"), tops))
    expect(table == known, f"the table and the program do not have the same commands: {sorted(table ^ known)}")
    for path, command in leaves(root):
        world.run(usage(path, command).replace("[KIND]", "signing") + " --help", f"USAGE: dbassistd {' '.join(path)}")
    version = subprocess.run([ROOT / "scripts/version"], check=True, capture_output=True, text=True).stdout
    expect(world.run("dbassistd --version") == version, "--version is not scripts/version.")

    promised = re.search(r"exit status is (\d+) after a stop by signal, (\d+) for a wrong command line, (\d+) for a wrong\s+configuration, "
                         r"(\d+) for any other", walk.chapter.prose)
    expect(promised, "the exit statuses are no longer there.")
    stopped, wrong_line, wrong_setting, other = map(int, promised.groups())
    world.run("dbassistd serve --bogus", status=wrong_line)
    world.run("dbassistd serve", "DBASSIST_SOCKET", status=wrong_setting, DBASSIST_SOKET="/x")

    # "goes on when that one has gone"
    with (world.place / "input").open("w+") as given:
        given.write(framed(INITIALIZE))
        given.seek(0)
        world.serve("dbassistd serve --stdio", given=given)
    world.wait_for_log('"serverInfo"')
    with world.connect() as connection:
        expect(connection.call("system.health", {})["status"] == "ok", "serve --stdio does not go on.")
    world.run("dbassistd serve", f"(pid {world.daemon.pid})", status=other)
    world.run("dbassistd serve", f"by process {world.daemon.pid}", status=other, DBASSIST_SOCKET=world.runtime / "other.sock")
    # It is the other's client.
    world.run("dbassistd --stdio", '"serverInfo"', given=framed(INITIALIZE, SHUTDOWN, EXIT))
    world.run("dbassistd --stdio", '"serverInfo"', given=framed(INITIALIZE, EXIT), status=1)
    expect(world.end() == stopped, "a stop by signal does not end with that status.")
    # Alone it serves by itself.
    world.run("dbassistd --stdio", '"serverInfo"', given=framed(INITIALIZE, SHUTDOWN, EXIT))


@covers(GUIDE, "Configuration")
def configuration(walk, world):
    example = world.here(walk.block("yaml"))
    wanted = dict(re.findall(r"^ *(\w+): (?=\S)(.*)$", example, re.M))
    file = world.home / ".config/dbassist/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(example)

    def shown(name, command="dbassistd config", **environment):
        """Value and origin of a setting."""
        return re.search(rf"^{re.escape(name)} +(.*?) +\((.*)\)$", world.run(command, **environment), re.M).groups()

    for name, value in wanted.items():
        full = next(line for line in world.run("dbassistd config").split() if line.split(".")[-1] == name)
        expect(shown(full) == (world.there(value.strip("[]")), world.there(str(file))), f"{name} is {shown(full)}.")
    world.serve()
    with world.connect() as connection:
        expect(connection.call("system.limits", {})["queryTimeoutMs"] == int(wanted["queryTimeoutMs"]), "the limit is not the file's.")
    # Only at debug is a request logged that is answered on the spot.
    with world.connect() as connection:
        connection.call("system.health", {})
    world.wait_for_log('"method":"system.health"')
    world.end()
    expect(shown("logLevel", DBASSIST_LOG_LEVEL="error")[0] == "error", "the environment does not go before the file.")
    flag = shown("logLevel", "dbassistd config --log-level warning", DBASSIST_LOG_LEVEL="error")
    expect(flag[0] == "warning", "a flag does not go before the environment.")

    # The flags, each with what it sets.
    text = " ".join(walk.chapter.prose.split())
    flags = re.findall(r"`--([a-z-]+)`", re.search(r"The flags are ([^.]*)\.", text)[1])
    root = json.loads(world.run("dbassistd --experimental-dump-help"))["command"]
    config = next(command for path, command in leaves(root) if path == ("config",))
    options = [argument["names"][0]["name"] for argument in config["arguments"] if argument["kind"] == "option"]
    expect(flags == options, f"the flags are {options}.")
    for name in flags:
        value = {"config": file, "log-level": "error"}.get(name, world.place / "elsewhere")
        said = world.run(f"dbassistd config --{name} {value}")
        expect(name == "config" or re.search(rf" {world.there(str(value))} .*command line", said), f"--{name} sets nothing:\n{said}")

    file.write_text("")
    expect(shown("stateDir")[0] == "/home/.local/state/dbassist", "the state directory is elsewhere.")
    expect(shown("stateDir", XDG_STATE_HOME=world.place / "states")[0] == "/states/dbassist", "XDG_STATE_HOME does nothing.")
    expect(shown("socket")[0] == "/run/dbassist/dbassistd.sock", "the socket is elsewhere.")
    expect(shown("fileRoots", DBASSIST_FILE_ROOTS="/a,/b")[0] == "/a,/b", "a list is not separated by commas.")
    variables = re.findall(r"`(DBASSIST_\w+…?)`", re.search(r"\(`DBASSIST_CONFIG`[^)]*\)", text)[0])
    for known in variables:
        world.run("dbassistd config", **{known.replace("…", "ANYTHING"): str(file)})
    world.run("dbassistd config", "DBASSIST_LIMITS_QUERY_TIMEOUT_MS?", status=78, DBASSIST_LIMITS_QUERY_TIMEOUT="5")
    file.write_text("limits: {queryTimeout: 5}\n")
    world.run("dbassistd config", "limits.queryTimeoutMs?", status=78)
    file.write_text("")
    longest = f"{world.runtime}/".ljust(107, "x")
    world.serve(f"dbassistd serve --socket {longest}")
    world.end()
    world.run(f"dbassistd serve --socket {longest}x", "107", status=1)
    world.run(f"dbassistd doctor --socket {longest}x", "FAIL  socket", status=1)


def mode(path):
    return f"0{stat.S_IMODE(os.lstat(path).st_mode):o}"


def expected_modes(rows):
    """(names, mode in personal mode, mode in shared mode) of each row of the table."""
    for path, modes, *_ in rows:
        names = re.findall(r"`([^`]+)`", path) or [path]
        found = re.findall(r"`(0\d{3})`", modes)
        yield [name if not name.startswith("-") else names[0] + name for name in names], found[0], found[-1]


@covers(GUIDE, "Files")
def files(walk, world):
    rows = list(expected_modes(walk.chapter.table("path")))
    known = {name for names, *_ in rows for name in names}
    # World.serve gives it a umask of 000.
    for shared in (False, True):
        world.socket = world.runtime / ("shared" if shared else "dbassist") / "dbassistd.sock"
        world.serve(DBASSIST_MODE="shared" if shared else "personal", DBASSIST_SOCKET=world.socket)
        world.run("dbassist signup ada@example.com --name Ada" if not shared else "dbassist whoami", "Ada", DBASSIST_SOCKET=world.socket)
        places = {"state directory": world.state, "socket directory": world.socket.parent}
        for names, personal, in_shared in rows:
            for name in names:
                path = places.get(name) or next(p / name for p in places.values() if (p / name).exists())
                wanted = in_shared if shared else personal
                expect(mode(path) == wanted, f"{name} has mode {mode(path)}, not {wanted}.")
        found = {path.name for place in places.values() for path in place.iterdir()}
        expect(found <= known, f"these are not in the table: {sorted(found - known)}")
        world.end()
        left = {path.name for path in world.socket.parent.iterdir()}
        expect(left == {"dbassistd.sock.lock"}, f"in the socket's directory there is left: {left}")
    os.chmod(world.state / "keyring", 0o644)
    world.run("dbassistd serve", "chmod 0600", status=1)


SLOW = "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n) "


@covers(GUIDE, "Signals")
def signals(walk, world):
    rows = [" ".join(re.findall(r"SIG\w+", row[0])) for row in walk.chapter.table("signal")]
    expect(rows == ["SIGTERM SIGINT", "SIGHUP", "SIGKILL"], f"the signals are now {rows}.")
    world.serve(DBASSIST_LIMITS_SHUTDOWN_MS=300)
    token = world.sign_up()
    project = world.bookshop(token, readOnly=False)
    read = {"projectId": project, "sql": SLOW + "SELECT max(i) FROM n"}
    write = {"projectId": project, "sql": "INSERT INTO authors (name) " + SLOW + "SELECT max(i) FROM n", "mode": "write"}
    with running(world, token, read) as (connection, asked):
        stop(world, signal.SIGTERM, connection, asked)
    world.serve(DBASSIST_LIMITS_SHUTDOWN_MS=300)
    with running(world, token, read) as (connection, asked):
        stop(world, signal.SIGINT, connection, asked)
    world.serve()
    with running(world, token, read), running(world, token, write):
        expect(world.end(signal.SIGKILL) == -signal.SIGKILL, "SIGKILL has not ended it.")
    world.serve()
    items = [(item["status"], item.get("errorCode")) for item in world.history(token)]
    expect(items == [("error", "interrupted"), ("cancelled", "cancelled"), ("cancelled", "cancelled")], f"history has {items}.")
    reload(world)
    expect(world.end() == 0, "it does not end well after all that.")


@contextmanager
def running(world, token, query):
    """A connection on which a query runs, and the query's number."""
    with world.connect(token) as connection, world.connect(token) as other:
        before = len(other.call("query.running", {})["items"])
        asked = connection.send("query.run", query)
        world.until(lambda: len(other.call("query.running", {})["items"]) > before, "the query does not run")
        yield connection, asked


def stop(world, by, connection, asked):
    world.daemon.send_signal(by)
    code = connection.result(asked)["error"]["data"]["code"]
    expect(code == "shutting_down", f"{by.name}: what ran is answered {code}.")
    status = world.daemon.wait(20)
    expect(status == 0 and not world.socket.exists(), f"{by.name}: the status is {status}, or the socket is still there.")


def reload(world):
    file = world.home / ".config/dbassist/config.yaml"
    file.parent.mkdir(parents=True)
    for text, logged in (("logLevel: debug\nmode: shared\n", "needs a restart"), ("logLevel: loud\n", "was not reloaded")):
        file.write_text(text)
        world.daemon.send_signal(signal.SIGHUP)
        world.wait_for_log(logged)
        # At debug, which it stays at, this is logged.
        with world.connect() as connection:
            connection.call("system.health", {})
    world.wait_for_log('"method":"system.health"', times=2)
