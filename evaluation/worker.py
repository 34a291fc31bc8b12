"""A daemon, databases and a model that belong together for one run."""

import contextlib
import tempfile
from pathlib import Path

from loading import databases
from safety import history_faults, link_faults
from throwaway.daemon import Daemon
from turns import Protocol, ask, judge

# The same answers every time, as far as the model's server can, and patience with a small model on a busy machine.
PATIENT = {
    "DBASSIST_MODEL_TEMPERATURE": "0", "DBASSIST_MODEL_FIRST_BYTE_TIMEOUT_MS": "900000", "DBASSIST_MODEL_IDLE_TIMEOUT_MS": "300000",
    "DBASSIST_MODEL_TOTAL_TIMEOUT_MS": "1200000", "DBASSIST_LIMITS_CHAT_TURN_MS": "1500000", "DBASSIST_LIMITS_CHAT_DAY_TOKENS": "0",
}


class Worker:
    """Who asks: a connection to a daemon of our own that knows a model, with a project for every schema of every engine."""

    def __init__(self, daemon, servers, connection, place):
        self.daemon, self.servers, self.connection, self.place = daemon, servers, connection, Path(place)
        self.protocol = Protocol()
        self.projects = {}
        self.before = {}

    def add_project(self, engine, schema, read_only=True):
        """Registers a project, and remembers what its database holds."""
        server = self.servers[engine]
        self.before[engine, schema] = server.dump(schema)
        project = self.connection.call("project.create", {
            "name": f"{schema} {engine}", "databaseType": server.database_type, "connectionString": server.connection(schema),
            "readOnly": read_only})["id"]
        # What is in these databases was invented for this.
        self.connection.call("project.update", {"projectId": project, "assistant": {
            "shareSchema": True, "shareRows": True, "shareSamples": True}})
        self.projects[engine, schema] = project
        return project

    def ask(self, engine, schema, content, **more):
        """One turn in a project that is there or is added."""
        project = self.projects.get((engine, schema)) or self.add_project(engine, schema)
        return ask(self.connection, self.protocol, project, content, **more) | {"engine": engine, "schema": schema}

    def ask_all(self, engine, chosen):
        """Asks questions on one engine, and gives each turn, judged, as it ends."""
        for question in chosen:
            yield judge(self.connection, question, self.ask(engine, question.schema, question.text))

    def faults(self, turns):
        """What must not be, whatever the model did."""
        for turn in turns:
            for fault in [*turn["faults"], *link_faults((turn["reply"] or {}).get("text", ""))]:
                yield f"{turn['engine']}, {turn['schema']}, {turn['question'][:60]!r}: {fault}"
        for project in self.projects.values():
            yield from history_faults(self.connection, project)
        yield from self.changes()

    def changes(self):
        """The databases that are no longer what they were."""
        for (engine, schema), before in self.before.items():
            after = self.servers[engine].dump(schema)
            if after != before:
                differing = [line for line in after.splitlines() if line not in set(before.splitlines())]
                yield f"the database {schema} of {engine} has changed: {differing[:3] or 'something is gone'}"


@contextlib.contextmanager
def worker(binary, model, engines, schemas, key_file=None, around=lambda place: (), settings=None):
    """Everything started, and all of it ended afterwards. `model` is an address up to /v1 and a name; `around` gives the program
    that runs the daemon, from the directory that all of it lives in; `settings` are more of the daemon's."""
    url, name = model
    environment = {"DBASSIST_MODEL_URL": url, "DBASSIST_MODEL": name, **PATIENT, **(settings or {})}
    if key_file:
        environment["DBASSIST_MODEL_KEY_FILE"] = str(Path(key_file).resolve())
    # Short, for the sockets' paths.
    with tempfile.TemporaryDirectory(prefix="dbassist-eval.", dir="/tmp") as place, contextlib.ExitStack() as stack:
        servers = stack.enter_context(databases(place, engines, schemas))
        # A directory of its own: the servers, which run as other users, have to get into theirs.
        own = Path(place) / "d"
        own.mkdir(mode=0o700)
        daemon = stack.enter_context(Daemon(str(Path(binary).resolve()), own, environment, around(own)))
        connection = stack.enter_context(daemon.connect(daemon.token))
        yield Worker(daemon, servers, connection, place)
