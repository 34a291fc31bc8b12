"""What docs/assistant.md shows, with the model that the client's tests have."""

import re

from .readme import IDENTIFIER
from .walk import covers
from .world import ROOT, expect

DOCUMENT = "docs/assistant.md"
DURATION = r"(\d+ min )?\d+(\.\d+)? m?s\b"


def alike(text):
    """A transcript without what differs each time."""
    # The model's own words have a control character in them, to see what becomes of it.
    text = IDENTIFIER.sub("ID", text.replace("␛[2J", ""))
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:[\d.]+Z)?", "TIME", text)
    text = re.sub(DURATION, "DURATION", text)
    return re.sub(r"\S+ answers\.|in \d+ pieces", "…", text)


def shop(world, **more):
    """An account that is logged in, with a project `shop`."""
    token = world.sign_up()
    world.run("dbassist login ada@example.com")
    return world.bookshop(token, name="shop", **more)


@covers(DOCUMENT, "Without a model")
def without_a_model(walk, world):
    world.serve()
    shop(world)
    world.run("dbassist query shop 'SELECT titel FROM books'", status=6)
    walk.transcript(next(command for command, _ in walk.chapter.blocks[0].commands()), alike)
    asked = (
        ("What tables are there?", "order_items"), ("Which tables have a column `email`?", "customers"),
        ("Describe orders.", "customer_id"), ("Show me 10 rows of books", "10 rows"), ("What are the largest tables?", "order_items"),
        ("What are the slowest queries?", "SELECT"), ("Which queries are most frequent?", "SELECT"),
        ("EXPLAIN SELECT * FROM books", "books"),
        ("Which customers are the best?", "not understood without a model"),
    )
    said = world.run("dbassist chat shop", given="".join(question + "\n" for question, _ in asked))
    for (question, answered), answer in zip(asked, re.split(r"(?m)^> .*$", said)[1:], strict=True):
        expect(answered in answer and ("not understood" in answer) == ("not understood" in answered), f"{question} is answered\n{answer}")


@covers(DOCUMENT, "Giving it a model")
def giving_it_a_model(walk, world):
    def export(line):
        """Runs a line of variables, and answers them; `dbassistd config` has them then."""
        walk.take(line)
        said = world.run(f"{line} && env | grep ^DBASSIST_MODEL && dbassistd config")
        variables = dict(re.findall(r"^(DBASSIST_MODEL\w*)=(.*)$", said, re.M))
        for variable, value in variables.items():
            expect(re.search(rf" {re.escape(value)} +\({variable}\)$", said, re.M), f"dbassistd config does not have {variable}:\n{said}")
        return variables

    keys = world.home / ".config/dbassist"
    keys.mkdir(parents=True)
    for name in ("model.key", "large.key"):
        (keys / name).touch(0o600)
        (keys / name).write_text("a key of somebody's\n")
    export("export DBASSIST_MODEL_URL=https://api.example.com/v1 DBASSIST_MODEL=large-1 "
           "DBASSIST_MODEL_KEY_FILE=~/.config/dbassist/model.key")
    hosted = {"DBASSIST_MODEL_URL": "https://api.example.com/v1", "DBASSIST_MODEL": "large-1"}
    for key in ({"DBASSIST_MODEL_KEY_FILE": keys / "model.key"}, {"DBASSIST_MODEL_KEY": "a key of somebody's"}):
        expect("somebody" not in world.run("dbassistd config", "https://api.example.com/v1", **hosted, **key), "the key is shown.")
    # Other people's programs are not here.
    walk.take("ollama pull qwen2.5-coder:7b")
    export("export DBASSIST_MODEL_URL=http://127.0.0.1:11434/v1 DBASSIST_MODEL=qwen2.5-coder:7b")
    walk.take("llama-server -m model.gguf --jinja --port 8080 --ctx-size 16384")
    local = export("export DBASSIST_MODEL_URL=http://127.0.0.1:8080/v1 DBASSIST_MODEL=model")
    walk.serve("dbassistd serve", **local)
    shop(world)
    world.run("dbassist models", "127.0.0.1")
    world.end()
    world.words = {"/home/ada": str(world.home), "PROJECT": "shop", "NAME": "large", "…": "'Why?'"}
    (keys / "config.yaml").write_text(world.here(walk.block("yaml")))
    world.serve()
    said = world.run("dbassist models")
    expect("local" in said and "large" in said, f"the models of the file are not there:\n{said}")
    world.run("dbassist assistant PROJECT --model NAME", "large")
    # It is elsewhere, so nothing is sent unless somebody agrees.
    world.run("dbassist ask … --model NAME".replace("ask", "ask shop"), status=7)
    world.ran.append("dbassist ask … --model NAME")
    world.end()
    (keys / "config.yaml").unlink()
    with world.serve_with_model():
        walk.transcript("dbassist models --test", alike)
        world.end()


@covers(DOCUMENT, "A session")
def a_session(walk, world):
    with world.serve_with_model():
        shop(world, readOnly=False)
        shown = walk.take("dbassist chat shop")
        steps = ["see shop> ", "type Please count the books", "see 2 steps", "see shop> ", "type Now remove review 7", "see [y/N] ",
                 "type y", "see 2 steps", "see shop> ", "end"]
        said = world.run(f"{ROOT}/clients/shell/tests/terminal.py dbassist chat shop", given="\n".join(steps) + "\n", TERM="dumb")
        said = said.replace("\r", "").rstrip().removesuffix("shop>").rstrip() + "\n"
        expect(alike(said) == alike(shown), f"a session is\n{said}and the document shows\n{shown}")
        world.run("dbassist history --source chat", "DELETE FROM reviews WHERE id = 7")
    # A record of a real model: scripts/model-server and make test-model have one.
    walk.take(next(command for command, _ in walk.blocks[0].commands()))


@covers(DOCUMENT, "In scripts")
def in_scripts(walk, world):
    with world.serve_with_model():
        shop(world)
        walk.run("dbassist ask shop 'Which ten books sold best this year?'", "Nothing is known of that.")
        walk.run("dbassist ask shop 'orders without a customer' --sql-only", "SELECT")
        walk.run("dbassist ask shop 'How many books are there?' --json | jq .statements", "SELECT count(*) AS books FROM books")


@covers(DOCUMENT, "What a model sees")
def what_a_model_sees(walk, world):
    with world.serve_with_model():
        shop(world)
        walk.run("dbassist assistant shop --share schema,rows --mask customers.email", "customers.email")
        walk.run("dbassist assistant shop", "schema", "rows", "customers.email")
        world.words = {"COLUMN": "customers.name"}
        for options in ("--share schema", "--share rows", "--share samples", "--mask COLUMN", "--accept superuser"):
            world.run(f"dbassist assistant shop {options}", options.split()[1].replace("COLUMN", "customers.name"))
