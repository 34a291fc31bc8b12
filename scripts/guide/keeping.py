"""The chapters Backup, Rotating keys and Upgrade."""

import hashlib
import re
import sqlite3
import stat

from throwaway.daemon import Refused

from .walk import covers
from .world import expect

GUIDE = "docs/operations.md"


def keys(world):
    """What `dbassistd keys list` prints: (kind, id, state, records) of each key."""
    said = world.run("dbassistd keys list").splitlines()
    expect(said[0].split() == ["KIND", "ID", "STATE", "CREATED", "RECORDS", "TOKENS"], f"the list begins with {said[0]}")
    found = []
    for line in said[1:]:
        kind, name, state, _, records, tokens = line.split(maxsplit=5)
        expect((kind == "signing") == (records == "-") and (kind == "sealing") == (tokens == "-"), f"what is told of a key: {line}")
        found.append((kind, name, state, records))
    return found


def age(world):
    """Makes the sealing keys a year older, so that nobody has to wait until the last one may be retired."""
    path = world.state / "keyring"
    signing, sealing = path.read_text().split('"sealing"')
    earlier = re.sub(r'("(?:created|activated)At":")(\d{4})', lambda match: match[1] + str(int(match[2]) - 1), sealing)
    following = path.with_suffix(".next")
    following.touch(0o600)
    following.write_text(signing + '"sealing"' + earlier)
    following.rename(path)


@covers(GUIDE, "Backup")
def backup(walk, world):
    world.serve()
    token = world.sign_up()
    project = world.bookshop(token)
    world.query(token, project)
    # Whoever asks for history waits for what is not written yet; a backup does not.
    history = world.history(token)
    expect(len(history) == 1, f"history has {history}.")
    walk.run("mkdir -p -m 0700 ~/backup")
    walk.run("dbassistd backup ~/backup/monday", "copied", "sound")
    walk.run("dbassistd store check ~/backup/monday/store.sqlite", "sound")
    place = world.home / "backup/monday"
    expect(sorted(path.name for path in place.iterdir()) == ["keyring", "store.sqlite"], "the backup is not these two files.")
    expect(all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (place, *place.iterdir())), "others can look into the backup.")
    world.run("dbassistd backup ~/backup/monday", "exists", status=1)
    world.run("dbassistd store check", "sound")
    # A session that ends after the backup.
    ended = world.log_in()
    world.end()
    world.run("dbassistd backup none/tuesday", "first", status=1)
    world.run("cd backup && dbassistd backup tuesday", "sound")
    world.serve()
    with world.connect(ended) as connection:
        connection.call("auth.logout", {})
    world.end()
    world.run("dbassistd restore ~/backup/monday", status=1)
    world.run("dbassistd restore ~/backup/sunday", "no backup", status=1)
    world.state.rename(world.place / "lost")
    walk.run("dbassistd restore ~/backup/monday", "sound")
    world.run("dbassistd doctor", "store.sqlite, sound")
    world.serve()
    token = world.log_in()
    expect(world.query(token, project) == [[225]], "the restored project does not work.")
    expect(len(world.history(token)) == 2, "history has not come back.")
    world.end()
    # Sessions that had been ended are back.
    world.state.rename(world.place / "lost again")
    world.run("dbassistd restore backup/tuesday", "sound")
    world.serve()
    with world.connect(ended) as connection:
        expect(connection.call("auth.whoami", {})["user"]["name"] == "Ada", "an ended session has not come back.")
    world.end()
    world.system_service()
    (world.place / "srv/backup").mkdir()
    place.rename(world.place / "srv/backup/monday")
    walk.run("sudo -u dbassistd dbassistd restore /srv/backup/monday --config /etc/dbassist/dbassistd.yaml", "sound")
    expect((world.place / "var/lib/dbassistd/keyring").exists(), "the system service's keyring has not come back.")
    # What is damaged is found: a page, and a count.
    store = world.state / "store.sqlite"
    whole = store.read_bytes()
    with sqlite3.connect(store) as database:
        database.execute("DELETE FROM users")
    database.close()
    world.run("dbassistd store check", status=1)
    world.run("dbassistd doctor", "FAIL  store", status=1)
    for end in ("-wal", "-shm"):
        store.with_name("store.sqlite" + end).unlink(missing_ok=True)
    middle = len(whole) // 2 // 4096 * 4096
    store.write_bytes(whole[:middle] + b"\xff" * 4096 + whole[middle + 4096:])
    world.run("dbassistd store check", status=1)


@covers(GUIDE, "Rotating keys")
def rotating_keys(walk, world):
    world.run("dbassistd keys list", "first start", status=1)
    world.serve()
    token = world.sign_up()
    project = world.bookshop(token)
    world.query(token, project)
    walk.take("dbassistd keys list")
    (_, signing, *_), (_, sealing, *_) = before = keys(world)
    expect([key[2] for key in before] == ["active", "active"] and before[1][3] != "0", f"before, the keys are {before}.")
    walk.run("dbassistd keys rotate", "signing key in use", "sealing key in use")
    world.wait_for_log("keyring adopted")
    world.wait_for_log('"resealed"')
    states = {name: (state, records) for _, name, state, records in keys(world)}
    expect(states[signing][0] == "old" and states[sealing] == ("old", "0"), f"after, the old keys are {states}.")
    expect(sorted(state for state, _ in states.values()) == ["active", "active", "old", "old"], f"after, the keys are {states}.")
    expect(world.query(token, project) == [[225]], "an old token, or what was sealed, is no good any more.")
    walk.run("dbassistd keys reseal")
    world.words = {"SEALING_KEY": sealing, "SIGNING_KEY": signing}
    # Replaced less than a minute ago.
    world.run("dbassistd keys retire SEALING_KEY", "try again after", status=1)
    age(world)
    walk.run("dbassistd keys retire SEALING_KEY")
    walk.run("dbassistd keys retire SIGNING_KEY", "--force", status=1)
    expect(world.query(token, project) == [[225]], "a token of a key that was not retired is no good.")
    walk.run("dbassistd keys retire SIGNING_KEY --force")
    world.until(lambda: code(world, token), "a token of a retired key is good")
    expect(code(world, token) == "unauthenticated", f"a token of a retired key is answered {code(world, token)}.")
    states = {name: state for _, name, state, _ in keys(world)}
    expect(states[signing] == states[sealing] == "retired", f"at the end, the keys are {states}.")
    token = world.log_in()
    expect(world.query(token, project) == [[225]], "what was sealed does not open any more.")
    for kind in ("signing", "sealing"):
        said = world.run(f"dbassistd keys rotate {kind}")
        expect(f"{kind} key in use" in said and said.count("key in use") == 1, f"keys rotate {kind} says {said}")
    world.run("dbassistd keys rotate --stage", "staged")
    expect(sum(key[2] == "staged" for key in keys(world)) == 2, "--stage has staged nothing.")
    world.run("dbassistd keys rotate --now", "in use")
    expect(not any(key[2] == "staged" for key in keys(world)), "--now has not put the staged keys to use.")
    # Keys that a backup needs are not to be had from a keyring that has retired them.
    world.end()
    world.run("dbassistd keys rotate sealing --wait")
    world.run("dbassistd backup ~/before")
    old = [name for kind, name, state, _ in keys(world) if (kind, state) == ("sealing", "active")]
    world.run("dbassistd keys rotate sealing --wait")
    age(world)
    world.run(f"dbassistd keys retire {old[0]}")
    for path in world.state.glob("store.sqlite*"):
        path.unlink()
    world.run("dbassistd restore ~/before", "move it away", status=1)
    (world.state / "keyring").rename(world.place / "keyring")
    world.run("dbassistd restore ~/before", "sound")


def code(world, token):
    """Why a token is not good; None if it is."""
    with world.connect() as connection:
        try:
            connection.call("auth.attach", {"token": token})
        except Refused as refused:
            return refused.code
    return None


@covers(GUIDE, "Upgrade")
def upgrade(_, world):
    world.serve()
    token = world.sign_up()
    world.end()
    store = world.state / "store.sqlite"
    with sqlite3.connect(store) as database:
        newest = database.execute("SELECT max(version) FROM store_migrations").fetchone()[0]
        names = [row[1] for row in database.execute("PRAGMA table_info(store_migrations)")]
        values = ", ".join("version + 1" if name == "version" else name for name in names)
        database.execute(f"INSERT INTO store_migrations SELECT {values} FROM store_migrations WHERE version = {newest}")
    database.close()
    before = hashlib.sha256(store.read_bytes()).digest()
    world.run("dbassistd serve", "newer", status=1)
    expect(hashlib.sha256(store.read_bytes()).digest() == before, "a daemon that is too old has changed the store.")
    with sqlite3.connect(store) as database:
        database.execute(f"DELETE FROM store_migrations WHERE version > {newest}")
    database.close()
    world.serve()
    with world.connect(token) as connection:
        expect(connection.call("auth.whoami", {})["user"]["name"] == "Ada", "a session does not go on.")
    expect(world.end() == 0, "it does not end well.")
