"""What the clients of a soak do: a function a kind of session, and how much of all requests each kind is.

A session opens its connections and closes them, in order or not, and takes a second at most. Whatever the daemon answers is checked.
"""

import random
import socket
import time
import uuid

from daemon import PASSWORD
from soak_client import OK, Client, Relay, Unexpected, call

ENGINES = ("sqlite", "postgresql", "mysql")
# Never ends by itself, or not within the time it is given.
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
    "mysql": "SELECT sleep(30)",
}
BY_KEY = {"sqlite": "SELECT id, name FROM t WHERE id = ?1", "postgresql": "SELECT id, name FROM t WHERE id = $1::int",
          "mysql": "SELECT id, name FROM t WHERE id = ?"}
# What the databases' users may do beyond their data.
RIGHTS = ["superuser", "ALL PRIVILEGES"]
TOO_MANY = 51
# Texts that are no JSON as it should be.
BAD_JSON = [b'{"jsonrpc":"2.0","id":1,', b'{"jsonrpc":"2.0","id":1,"id":2,"method":"system.health"}', b'{"jsonrpc":"2.0","id":"\xff"}']


def new_id():
    """A UUID of version 7."""
    now = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=now << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62)))


class Person:
    """One who uses a daemon: an account, a session, projects of their own."""

    def __init__(self, tally, daemon, email, rows, seed):
        self.tally, self.daemon, self.email, self.rows = tally, daemon, email, rows
        self.chance = random.Random(seed)
        self.projects = {}
        self.is_new = True
        # The same person at a daemon without a model.
        self.plain = None
        with Client(tally, False, daemon.socket) as client:
            self.token = client.ask("auth.login", {"email": email, "password": PASSWORD})["token"]

    def create(self, strings, name):
        """Their projects, by engine. Chats may be about databases whose user may do everything."""
        with self.open() as client:
            for engine, string in strings.items():
                self.projects[engine] = client.ask("project.create", {
                    "name": f"{engine} {name}", "databaseType": engine, "connectionString": string, "readOnly": engine != "sqlite"})["id"]
                client.ask("project.update", {"projectId": self.projects[engine], "assistant": {"acceptedRights": RIGHTS}})

    def dial(self):
        """A connection without a session."""
        return Client(self.tally, self.chance.random() < 0.5, self.daemon.socket)

    def open(self, token=None):
        client = self.dial()
        client.ask("auth.attach", {"token": token or self.token})
        return client

    def project(self):
        engine = self.chance.choice(list(self.projects))
        return engine, self.projects[engine]


def cheap(person):
    """Many small requests at once, as an editor that is being typed in."""
    chance = person.chance
    _, project = person.project()
    some = [call("system.health"), call("auth.whoami"), call("project.list", {"limit": 5}), call("project.get", {"projectId": project}),
            call("query.running", {}), call("chat.models"), call("auth.sessions", {"limit": 3}), call("system.limits")]
    with person.open() as client:
        for _ in range(chance.randrange(1, 8)):
            client.ask_all(chance.choices(some, weights=[50, 30, 5, 8, 4, 1, 1, 1], k=chance.randrange(1, 60)))
            client.notify("initialized", {})
        if chance.random() < 0.01:
            client.ask("rpc.discover")
        client.take("nothing")


def batches(person):
    chance = person.chance
    _, project = person.project()
    some = [call("system.health"), call("auth.whoami"), call("project.get", {"projectId": project}),
            call("project.get", {"projectId": new_id()}, "not_found"), call("no.such", None, "method_not_found"),
            call("query.run", {"projectId": project, "sql": "SELECT 1"}), {"jsonrpc": "2.0", "method": "initialized", "params": {}}]
    with person.open() as client:
        for _ in range(chance.randrange(1, 6)):
            items = [call("system.health"), *chance.choices(some, weights=[50, 30, 8, 5, 3, 1, 3], k=chance.randrange(1, 48))]
            nameless = ["invalid_request"] if chance.random() < 0.3 else []
            client.batch(items + [7] * len(nameless), nameless)


def refused(person):
    """What is wrong in one way or another, and costs nothing but an error."""
    chance = person.chance
    _, project = person.project()
    wrong = [
        call("".join(chance.choices("abcdefgh.", k=12)), {}, "method_not_found"),
        call("project.get", {"projectId": new_id()}, "not_found"),
        call("project.get", {"projectId": project, "deep": True}, "invalid_params"),
        call("project.get", {}, "invalid_params"),
        call("query.run", {"projectId": project, "sql": ""}, "invalid_params"),
        call("query.run", {"projectId": new_id(), "sql": "SELECT 1"}, "not_found"),
        call("query.fetch", {"resultId": new_id()}, "not_found"),
        call("query.history", {"limit": 201}, "invalid_params"),
        call("project.create", {"name": "x", "databaseType": "sqlite", "connectionString": "mysql://a@b/c"}, "invalid_connection_string"),
        call("chat.send", {"projectId": new_id(), "content": "tables?"}, "not_found"),
        call("query.cancel", {"queryId": new_id()}),
        call("auth.attenuate", {}, "invalid_params"),
    ]
    with person.dial() as client:
        client.ask_all([call("auth.whoami", None, "unauthenticated"), call("project.list", {}, "unauthenticated"), call("system.health")])
        client.ask("auth.attach", {"token": "v4.public." + "A" * chance.randrange(200)}, "unauthenticated")
        client.ask("auth.attach", {"token": person.token})
        client.ask_all(chance.choices(wrong, k=60))
        for text in BAD_JSON:
            client.spoil(client.frame(text), "parse_error")
        client.spoil(client.frame([{"jsonrpc": "2.0", "id": 1, "method": "system.health"}] * TOO_MANY), "batch_too_large")
        client.spoil(client.frame([]), "invalid_request")
        client.ask("system.health")


def statements(person):
    """Statements that end at once, well or not."""
    chance = person.chance
    engine, project = person.project()

    def run(sql, parameters=None, *expect, **more):
        params = {"projectId": project, "sql": sql, **more}
        return call("query.run", params if parameters is None else params | {"parameters": parameters}, *expect)

    with person.open() as client:
        keys = [chance.randrange(person.rows) + 1 for _ in range(24)]
        for key, result in zip(keys, client.ask_all([run(BY_KEY[engine], [key]) for key in keys])):
            if result["rows"] != [[key, f"name {key}"]]:
                raise Unexpected(f"{engine}, key {key}: {result['rows']}")
        client.ask_all([
            run("SELECT 1 +", None, "query_failed"), run("SELECT * FROM nowhere", None, "query_failed"),
            run("SELECT 1; SELECT 2", None, "read_only", "query_failed"), run("DELETE FROM t", None, "read_only"),
            run(BY_KEY[engine], [], "invalid_parameters"), run("SELECT 1", label="a name"),
            call("query.explain", {"projectId": project, "sql": BY_KEY[engine], "parameters": [1]}),
            call("query.explain", {"projectId": project, "sql": "SELECT * FROM nowhere"}, "query_failed"),
        ])
        if engine == "sqlite":
            client.ask_all([run("INSERT INTO notes VALUES (?1)", [key], mode="write") for key in keys[:2]])
            client.ask_all([
                run("DELETE FROM notes", mode="write"), run("INSERT INTO nowhere VALUES (1)", None, "query_failed", mode="write")])
        elif chance.random() < 0.1:
            client.ask_all([run("CREATE TABLE x (a int)", None, "read_only", mode="write")])


def stops(person):
    """Statements that never end, stopped in every way there is."""
    chance = person.chance
    engine, project = person.project()
    params = {"projectId": project, "sql": SLOW[engine], "timeoutMs": 20_000}
    with person.open() as client, person.open() as other:
        number, = client.send(call("query.run", params, "cancelled"))
        client.notify("$/cancelRequest", {"id": number})
        client.wait(number)
        client.ask_all([call("query.run", params | {"timeoutMs": chance.randrange(1, 40)}, "timeout")] * 2)
        query = new_id()
        number, = client.send(call("query.run", params | {"queryId": query}, "cancelled"))
        while query not in [item["queryId"] for item in other.ask("query.running", {"projectId": project})["items"]]:
            time.sleep(0.002)
        other.ask("query.cancel", {"queryId": query})
        client.wait(number)
        other.send(call("query.run", params))
        if chance.random() < 0.5:
            other.send(call("query.explain", params, "cancelled"), call("schema.refresh", {"projectId": project}))
        # Its end stops them.
        other.close()
        client.ask("system.health")


def pages(client, first, more):
    """Reads a kept result to its end and answers how many rows it has."""
    count, cursor = first["rowCount"], first.get("nextCursor")
    while cursor:
        page = client.ask("query.fetch", {"resultId": first["resultId"], "cursor": cursor}, *more)
        if page["firstRow"] != count:
            raise Unexpected(f"a page begins with row {page['firstRow']} in place of {count}")
        count, cursor = count + page["rowCount"], page.get("nextCursor")
    return count


def results(person):
    """Large results: read page by page, converted, summarised, closed, kept or left behind."""
    chance = person.chance
    engine, project = person.project()
    # The largest goes to a file.
    wanted = person.rows if person.is_new else chance.choice([1001, 2500, 6000, person.rows])
    keep = chance.random() < 0.3
    with person.open() as client:
        first = client.ask("query.run", {"projectId": project, "sql": f"SELECT * FROM t WHERE id <= {wanted}", "keep": keep,
                                         "pageRows": chance.choice([200, 1000]) if wanted < 5000 else 1000})
        result = first["resultId"]
        if (found := pages(client, first, ())) != wanted:
            raise Unexpected(f"{engine}: {found} rows in place of {wanted}")
        convert = {"resultId": result, "format": chance.choice(["csv", "json", "jsonl", "markdown", "sql"]), "options": {"table": "copy"}}
        rows, cursor = 0, None
        while True:
            part = client.ask("query.export", convert | ({"cursor": cursor} if cursor else {}))
            rows, cursor = rows + part["rowCount"], part.get("nextCursor")
            if not cursor or chance.random() < 0.2:
                break
        if not cursor and rows != wanted:
            raise Unexpected(f"{engine}: {rows} rows exported in place of {wanted}")
        pushed = client.ask("query.export", convert | {"partialResultToken": "e"})
        if pushed["rowCount"] != wanted or sum(part["value"]["rowCount"] for part in client.take("$/progress")) != wanted:
            raise Unexpected(f"{engine}: {pushed['rowCount']} rows pushed in place of {wanted}")
        summary = client.ask("query.summarize", {"resultId": result, "columns": ["n", "name"], "topValues": 3})
        if summary["rowCount"] != wanted:
            raise Unexpected(f"{engine}: {summary['rowCount']} rows summarised in place of {wanted}")
        if keep:
            with person.open() as other:
                other.ask("query.fetch", {"resultId": result})
        if chance.random() < 0.5:
            client.ask_all([call("query.close", {"resultId": result})])
            client.ask("query.fetch", {"resultId": result}, "not_found")
        elif chance.random() < 0.3:
            # Gone while they are being read.
            client.send(*[call("query.fetch", {"resultId": result})] * 4, call("query.export", convert | {"partialResultToken": 1}))


def pushes(person):
    """Pushed results: read, cancelled, or left unread."""
    chance = person.chance
    engine, project = person.project()
    wanted = chance.choice([10, 3000, 15_000])
    params = {"projectId": project, "sql": f"SELECT * FROM t WHERE id <= {wanted}", "partialResultToken": "p"}
    with person.open() as client:
        client.ask_all([call("system.health")] * 3)
        way = chance.randrange(3)
        number, = client.send(call("query.run", params, OK, "cancelled") if way == 1 else call("query.run", params))
        if way == 1:
            client.next("$/progress")
            client.notify("$/cancelRequest", {"id": number})
        elif way == 2:
            if chance.random() < 0.5:
                client.next("$/progress")
            return
        outcome, = client.wait(number)
        came = sum(part["value"]["rowCount"] for part in client.take("$/progress"))
        if way == 0 and not came == outcome["rowCount"] == wanted:
            raise Unexpected(f"{engine}: {came} rows came, {outcome['rowCount']} were said, {wanted} were wanted")


def schemas(person):
    chance = person.chance
    _, project = person.project()
    of = {"projectId": project}
    some = [call("schema.list", of), call("schema.list", of | {"detail": "full", "limit": 5}),
            call("schema.describe", of | {"relation": "t"}), call("schema.describe", of | {"relation": "tt"}, "not_found"),
            call("schema.search", of | {"query": "name"}),
            call("schema.relations", of), call("schema.refresh", of)]
    with person.open() as client:
        for _ in range(chance.randrange(1, 4)):
            client.ask_all(chance.choices(some, weights=[4, 2, 4, 1, 4, 2, 1], k=8))


def looks_back(person):
    """History, figures, and forgetting."""
    chance = person.chance
    _, project = person.project()
    with person.open() as client:
        page = client.ask("query.history", {"limit": 20, "projectId": project})
        for item in page["items"][:2]:
            # It may have been forgotten meanwhile.
            client.ask("query.get", {"queryId": item["id"]}, OK, "not_found")
        client.ask_all([
            call("query.history", {"limit": 10, "text": "from t", "status": "success"}),
            call("query.history", {"limit": 10, "errorText": "nowhere"}),
            call("query.stats", {"projectId": project, "statements": 5}), call("dashboard.get", {"days": 7})])
        if page.get("nextCursor"):
            client.ask("query.history", {"limit": 20, "projectId": project, "cursor": page["nextCursor"]})
        if chance.random() < 0.2:
            client.ask("query.forget", {"queryIds": [item["id"] for item in page["items"][:3]] or [new_id()]})
        client.ask("project.summary", {"projectId": project})


def projects(person):
    """Projects that come, are used, and go."""
    chance = person.chance
    engine = chance.choice(list(person.projects))
    with person.open() as client:
        name = str(uuid.uuid4())
        create = {"name": name, "databaseType": engine, "connectionString": person.daemon.strings[engine]}
        project = client.ask("project.create", create)["id"]
        of = {"projectId": project}
        client.ask("project.create", create, "conflict")
        client.ask_all([call("query.run", of | {"sql": "SELECT 1"}), call("schema.list", of), call("project.test", of),
                        call("project.summary", of), call("project.get", of)])
        client.ask("project.update", of | {"description": name, "connectionString": person.daemon.strings[engine]})
        client.ask("query.run", of | {"sql": "SELECT * FROM t WHERE id <= 1500", "keep": True})
        if chance.random() < 0.3:
            client.send(call("query.run", of | {"sql": SLOW[engine], "timeoutMs": 20_000}, "cancelled", "not_found"))
        client.send(call("project.delete", of))
        while client.waiting:
            client.replies()
        client.ask_all([call("project.get", of, "not_found"), call("project.delete", of),
                        call("query.run", of | {"sql": "SELECT 1"}, "not_found")])


def watches(person):
    """Subscriptions, ended or left."""
    chance = person.chance
    engine, project = person.project()
    with person.open() as client, person.open() as other:
        subscription = client.ask("query.subscribe", {"projectId": project})["subscriptionId"]
        if chance.random() < 0.2:
            client.ask_all([call("query.subscribe", {})] * 3)
        left = {new_id() for _ in range(5)}
        other.ask_all([call("query.run", {"projectId": project, "sql": "SELECT 1", "queryId": query}) for query in left])
        while left:
            event = client.next("query/event")
            # Queries of clients that have just gone may end now, too.
            is_own = event["subscriptionId"] == subscription and event["query"]["queryId"] in left
            if is_own and event["event"] not in ("started", "progress"):
                if event["event"] != "finished":
                    raise Unexpected(f"{engine}: a query was to finish: {event}")
                left.remove(event["query"]["queryId"])
        if chance.random() < 0.5:
            client.ask("query.unsubscribe", {"subscriptionId": subscription})


def chats(person):
    """Turns of an assistant, with a model or without: read, cancelled, left."""
    chance = person.chance
    _, project = person.project()
    of = {"projectId": project}
    has_model = person.daemon.has_model
    with person.open() as client:
        # Those that were left.
        for thread in client.ask("chat.threads", of)["items"]:
            client.ask("chat.deleteThread", {"threadId": thread["id"]})
        first = client.ask("chat.send", of | {"content": chance.choice(["What tables are there?", "describe t", "how many rows has t?"])})
        thread = {"threadId": first["threadId"]}
        client.ask("chat.send", of | thread | {"content": "describe t. Please stream 50 sentences.", "partialResultToken": "c"})
        events = [event["event"] for event in client.take("chat/event")]
        if events[:1] != ["started"] or events[-1:] != ["finished"]:
            raise Unexpected(f"a turn was told of as {events}")
        client.ask_all([call("chat.history", thread), call("chat.threads", of),
                        call("chat.context", of | {"content": "how many rows has t?"})])
        example = client.ask("chat.confirm", of | {"question": f"How many rows has t? {new_id()}", "sql": "SELECT count(*) FROM t"})
        client.ask_all([call("chat.examples", of), call("chat.deleteExample", {"exampleId": example["id"]})])
        if has_model:
            endless = of | {"content": "Please stream 100000 sentences.", "partialResultToken": "c"}
            number, = client.send(call("chat.send", endless, "cancelled"))
            while client.next("chat/event")["event"] != "text":
                pass
            if chance.random() < 0.5:
                return
            client.notify("$/cancelRequest", {"id": number})
            client.wait(number)
            client.take("chat/event")
        client.ask("chat.deleteThread", thread)


def plain_chats(person):
    chats(person.plain)


def narrows(person):
    """Tokens that allow less."""
    chance = person.chance
    engine, project = person.project()
    with person.open() as client:
        made = client.ask("auth.attenuate", {"methods": ["query.*", "schema.*"], "projectIds": [project], "readOnly": True})
        narrower = client.ask("auth.attenuate", {"requestsPerMinute": 6}) if chance.random() < 0.3 else None
    with person.open(made["token"]) as client:
        client.ask_all([
            call("auth.whoami"), call("query.run", {"projectId": project, "sql": BY_KEY[engine], "parameters": [1]}),
            call("project.list", {}, "forbidden"), call("query.run", {"projectId": new_id(), "sql": "SELECT 1"}, "not_found"),
            call("query.run", {"projectId": project, "sql": "DELETE FROM t", "mode": "write"}, "forbidden", "read_only"),
            call("dashboard.get", {}, "forbidden"), call("auth.attenuate", {"methods": ["query.run"]})])
    if narrower:
        with person.open(narrower["token"]) as client:
            outcomes = client.ask_all([call("auth.whoami", None, OK, "rate_limited")] * 8)
            if "rate_limited" not in outcomes:
                raise Unexpected("a token of six requests a minute was good for eight at once")


def vanishes(person):
    """Connections that end in the middle of something, or say nonsense."""
    chance = person.chance
    engine, project = person.project()
    run = {"jsonrpc": "2.0", "id": 1, "method": "query.run", "params": {"projectId": project, "sql": "SELECT * FROM t"}}
    slow = run | {"params": {"projectId": project, "sql": SLOW[engine], "timeoutMs": 20_000}}
    with person.open() as client:
        client.write(client.frame(run)[:chance.randrange(1, 100)])
    with person.open() as client:
        client.write(client.frame(run) * chance.randrange(1, 4))
    with person.open() as client:
        client.write(client.frame([run, call("system.health")._asdict()] * 20)[:-5])
    with person.open() as client:
        client.write(client.frame(slow) * 2)
    with person.open() as client:
        # Closing one side only leaves what is under way its reply.
        numbers = client.send(*[call("system.health")] * 5, call("query.run", {"projectId": project, "sql": "SELECT 1"}))
        client.wire.shutdown(socket.SHUT_WR)
        client.wait(*numbers)
        client.ended()
    person.dial().close()
    with person.dial() as client:
        client.ask("system.health")
        client.notify("exit")
        client.ended()
    with Client(person.tally, True, person.daemon.socket) as client:
        client.spoil(b"Content-Length: many\r\n\r\n", "parse_error")
        client.ended()
    with Client(person.tally, False, person.daemon.socket) as client:
        client.spoil(b'{"jsonrpc":"2.0","id":1,"method":"system.health","params":{"x":"' + b"y" * 70_000, "request_too_large")
        client.ended()


def logs_in(person):
    """Passwords, which cost a fifth of a second of a processor each on purpose; sessions that end elsewhere; accounts that go."""
    with person.dial() as client:
        client.ask("auth.login", {"email": person.email, "password": "not the password"}, "invalid_credentials")
        token = client.ask("auth.login", {"email": person.email, "password": PASSWORD})["token"]
        with person.open(token) as other:
            client.ask("auth.logout")
            if other.next("session/expired")["reason"] != "loggedOut":
                raise Unexpected("a session ended for another reason than logging out")
            other.ask("auth.whoami", None, "unauthenticated")
        client.ask("auth.attach", {"token": token}, "unauthenticated")
    if person.chance.random() < 0.3:
        engine = person.chance.choice(list(person.projects))
        with person.dial() as client:
            client.ask("auth.signup", {"name": "Bob", "email": f"{uuid.uuid4()}@example.com", "password": PASSWORD})
            create = {"name": "mine", "databaseType": engine, "connectionString": person.daemon.strings[engine]}
            of = {"projectId": client.ask("project.create", create)["id"]}
            client.ask_all([call("query.run", of | {"sql": "SELECT 1"}), call("schema.list", of), call("dashboard.get", {}),
                            call("query.stats", {})])
            client.ask("auth.deleteAccount", {"currentPassword": PASSWORD})
            client.ask("auth.whoami", None, "unauthenticated")


def refreshes(person):
    """A session that takes the place of another."""
    with person.open() as client, person.open() as other:
        person.token = client.ask("auth.refresh")["token"]
        if other.next("session/expired")["reason"] != "refreshed":
            raise Unexpected("a session ended for another reason than being refreshed")
        other.ask("auth.whoami", None, "unauthenticated")
        client.ask("auth.whoami")


def relays(person):
    """An editor, on the standard input and output of a process that connects to the daemon."""
    _, project = person.project()
    daemon = person.daemon
    with Relay(daemon.binary, daemon.environment, person.tally) as client:
        client.ask("initialize", {"processId": None, "clientInfo": {"name": "soak"}, "capabilities": {}, "token": person.token})
        client.notify("initialized", {})
        client.ask_all([call("query.run", {"projectId": project, "sql": "SELECT 1"}), call("auth.whoami"), call("project.list", {})] * 10)
        client.ask("initialize", {"processId": None, "capabilities": {}}, "invalid_request")


# How many of a thousand requests are of each kind.
SHARES = {
    cheap: 480, batches: 140, refused: 90, statements: 150, stops: 8, results: 20, pushes: 5, schemas: 30, looks_back: 20, projects: 15,
    watches: 10, chats: 4, plain_chats: 4, narrows: 20, vanishes: 12, logs_in: 0.4, refreshes: 2, relays: 5,
}
KINDS = {kind.__name__: kind for kind in SHARES}
