"""What docs/editors.md shows."""

import json

from .frames import exchanged, frame, unframed
from .readme import fits
from .running import EXIT, INITIALIZE, SHUTDOWN, framed
from .walk import covers
from .world import expect

DOCUMENT = "docs/editors.md"


@covers(DOCUMENT, "One daemon, or one an editor")
def one_daemon(_, world):
    given = framed(INITIALIZE, SHUTDOWN, EXIT)
    world.serve("dbassistd serve")
    # Passed on, and beside it one with a state of its own.
    world.run("dbassistd --stdio", '"serverInfo"', given=given)
    world.words = {"…": str(world.runtime / "editor.sock")}
    world.run("dbassistd --stdio --state-dir ~/.local/state/dbassist-editor --socket …", '"serverInfo"', given=given)
    expect((world.home / ".local/state/dbassist-editor/keyring").exists(), "the editor's own daemon has no state of its own.")


@covers(DOCUMENT, "Any LSP client")
def any_client(walk, world):
    world.serve()
    token = world.sign_up()
    project = world.bookshop(token)
    world.end()
    sent, shown = exchanged(walk.block("text"))
    # The first has its header; the others have what stands for something.
    messages = [text.replace("v4.public.…", token).replace('"projectId":"…"', f'"projectId":"{project}"') for text in sent]
    replies = unframed(world.run("dbassistd --stdio", given=messages[0] + "".join(frame(text) for text in messages[1:])))
    # They are all on their way at once: what is cancelled may be answered before what came first.
    fits(shown[0], next(reply for reply in replies if json.loads(reply)["id"] == 1))
    answers = {reply["id"]: reply for reply in map(json.loads, replies)}
    expect(sorted(answers) == [1, 2, 3, 4] and len(replies) == 4, f"what is answered is {replies}")
    expect(answers[2]["result"]["user"]["name"] == "Ada" and answers[4]["result"] is None, f"what is answered is {replies}")
    # It may have ended before it was stopped.
    expect("result" in answers[3] or answers[3]["error"]["data"]["code"] == "cancelled", f"what is answered is {answers[3]}")


@covers(DOCUMENT, "Neovim")
def neovim(walk, _):
    walk.block("lua")
    expect("Not tried." in walk.chapter.prose, "nobody has tried this.")


@covers(DOCUMENT, "VS Code")
def vs_code(walk, _):
    walk.block("ts")
    expect("Not tried." in walk.chapter.prose, "nobody has tried this.")
