import TestSupport
import Testing

/// Looks at everything there is, over the wire and beside it, and has the model compare it with what must be.
struct CrashJudge {
    let world: CrashWorld
    let daemon: DaemonProcess
    /// Whether to try what is tried only once in a while: every password, every token that was ever ended.
    let isLast: Bool

    private(set) var problems: [String] = []
    private var found: [CrashModel.Key: String] = [:]
    private var ids: [CrashModel.Key: String] = [:]
    /// Projects by id.
    private var projects: [String: String] = [:]

    /// What the judge's own queries are called.
    private static let label = "the judge's"

    /// Ended tokens of earlier rounds that are tried again each time.
    private static let oldTokensMax = 40

    private var model: CrashModel { world.model }

    init(_ world: CrashWorld, _ daemon: DaemonProcess, isLast: Bool = false) {
        self.world = world
        self.daemon = daemon
        self.isLast = isLast
    }

    /// Everything, once. What is found is what is known from then on.
    mutating func judge() async throws -> [String] {
        problems += try world.problemsOfStore()
        let rows = try rows()
        for owner in world.owners {
            let client = try daemon.client()
            try await client.attach(owner.token)
            try await lookAtProjects(client)
            try await lookAtHistory(client, rows)
            try await lookAtThreads(client)
        }
        for (tag, count) in rows where found[.init(.query, tag)] == nil {
            found[.init(.query, tag)] = count == 1 ? QueryState.forgotten("rows 1") : "forgotten, rows \(count)"
        }
        try await lookAtAccounts()
        problems += model.judge(found, ids: ids)
        return problems
    }

    /// Every item of a list.
    private func all(_ client: TestClient, _ method: String, _ params: [(name: String, value: JSONValue)] = []) async throws
        -> [JSONValue]
    {
        var items: [JSONValue] = []
        var cursor: JSONValue?
        repeat {
            let more = cursor.map { [(name: "cursor", value: $0)] } ?? []
            let page = try await client.call(method, .object(params + [("limit", 200)] + more), timeoutMs: 60_000)
            items += page["items"].array ?? []
            cursor = page.member("nextCursor")
        } while cursor != nil
        return items
    }

    // MARK: Projects

    /// How often each statement's row is in the databases.
    private func rows() throws -> [String: Int] {
        var rows: [String: Int] = [:]
        for worker in 0..<CrashWorld.workers {
            for place in CrashWorld.Place.allCases {
                let text = try ChildProcess.run([
                    "sqlite3", "-batch", world.file(worker, place), "SELECT id, count(*) FROM journal GROUP BY id",
                ])
                for line in text.split(separator: "\n") {
                    let parts = line.split(separator: "|")
                    if parts.count == 2, let count = Int(parts[1]) { rows[String(parts[0]), default: 0] += count }
                }
            }
        }
        return rows
    }

    private mutating func lookAtProjects(_ client: TestClient) async throws {
        for item in try await all(client, "project.list") {
            let (tag, id) = (item["description"].string ?? "?", item["id"].string ?? "?")
            let key = CrashModel.Key(.project, tag)
            let facts = ProjectFacts(item)
            found[key] = facts.state
            ids[key] = id
            projects[id] = tag
            // Its sealed connection string opens, and leads where it says.
            if world.isNew(facts.connection, of: tag) || isLast {
                let answer = try await client.call(
                    "query.run", ["projectId": .string(id), "sql": "SELECT name FROM place", "label": .string(Self.label)])
                let place = facts.connection.contains("/home") ? "home" : "away"
                if answer["rows"] != [[.string(place)]] { problems.append("\(key) at \(place): \(answer["rows"])") }
            }
            for example in try await all(client, "chat.examples", [("projectId", .string(id))]) {
                let key = CrashModel.Key(.example, example["question"].string ?? "?")
                found[key] = example["sql"].string
                ids[key] = example["id"].string
            }
        }
    }

    private mutating func lookAtHistory(_ client: TestClient, _ rows: [String: Int]) async throws {
        for item in try await all(client, "query.history") where item["label"].string != Self.label {
            let tag = item["label"].string ?? "without a label: \(item)"
            let key = CrashModel.Key(.query, tag)
            if found[key] != nil { problems.append("\(key) is in history twice") }
            found[key] = QueryState.text(item, rows: rows[tag] ?? 0)
            ids[key] = item["id"].string
            checkParent(key, item)
        }
    }

    /// What goes with a project is with that project.
    private mutating func checkParent(_ key: CrashModel.Key, _ item: JSONValue) {
        guard let parent = model.entry(key)?.parent else { return }
        let project = projects[item["projectId"].string ?? ""]
        if project != parent { problems.append("\(key) belongs to \(project ?? "no project"), not to \(parent)") }
    }

    // MARK: Conversations

    private mutating func lookAtThreads(_ client: TestClient) async throws {
        var messages: [String: [JSONValue]] = [:]
        let threads = try await all(client, "chat.threads")
        for project in Set(threads.compactMap { $0["projectId"].string }) {
            for message in try await all(client, "chat.history", [("projectId", .string(project))]) {
                messages[message["threadId"].string ?? "?", default: []].append(message)
            }
        }
        let known = model.named(.thread)
        for thread in threads {
            let id = thread["id"].string ?? "?"
            let said = Array((messages.removeValue(forKey: id) ?? []).reversed())
            let first = said.first?["text"].string.map { String($0.prefix { $0 != ":" }) }
            let key = known[id] ?? CrashModel.Key(.thread, first ?? "without messages: \(thread)")
            var state = ThreadState.begun(title: thread["title"].string ?? "?")
            for message in said {
                let role = message["role"].string ?? "?"
                let outcome = role == "assistant" ? " " + (message["outcome"].string ?? "at work") : ""
                state += "\n\(role)\(outcome): \(message["text"].string ?? "?")"
            }
            found[key] = state
            ids[key] = id
            checkParent(key, thread)
            if thread["messageCount"].integer != said.count {
                problems.append("\(key) has another number of messages: \(thread)")
            }
        }
        for (id, orphans) in messages { problems.append("\(orphans.count) messages of the thread \(id), which is not there") }
    }

    // MARK: Accounts

    private mutating func lookAtAccounts() async throws {
        let owners = Set(world.owners.map(\.email))
        let touched = world.accounts.takeTouched()
        var left = Set<String>()
        for row in try world.look("SELECT email, name, password FROM users") where row.count == 3 && !owners.contains(row[0]) {
            var facts = AccountFacts(email: row[0], name: row[1], password: "")
            left.insert(facts.tag)
            let isTouched = touched.contains(facts.tag) || isLast
            if !isTouched, let password = world.accounts.triedPassword(facts.tag, row[2]) {
                facts.password = password
            } else {
                facts.password = try await password(of: facts, hash: row[2])
            }
            found[.init(.account, facts.tag)] = facts.state
        }
        try await lookAtTokens()
        // Of those that nobody worked with, sessions are as they were if all their tokens are.
        for session in model.settled(.session) where !touched.contains(session.parent ?? "") && !isLast {
            if left.contains(session.parent ?? "") { found[session.key] = session.state }
        }
    }

    /// The password that opens an account, of those it may have; lists its sessions on the way.
    private mutating func password(of facts: AccountFacts, hash: String) async throws -> String {
        var passwords: [String] = []
        for state in model.possible(.init(.account, facts.tag)) {
            guard let password = AccountFacts(state)?.password, !passwords.contains(password) else { continue }
            passwords.append(password)
        }
        for password in passwords {
            let client = try daemon.client()
            do {
                let answer = try await client.call(
                    "auth.login", ["email": .string(facts.email), "password": .string(password)], timeoutMs: 60_000)
                if answer["user"]["name"].string != facts.name { problems.append("account \(facts.tag): \(answer)") }
            } catch let failure as TestClient.Failure where failure.code == "invalid_credentials" { continue }
            for session in try await all(client, "auth.sessions") where session["current"] == false {
                let tag = session["client"].string.map { String($0.prefix { $0 != "/" }) } ?? "of nobody: \(session)"
                found[.init(.session, tag)] = "open"
            }
            try await client.call("auth.logout")
            world.accounts.keepTried(facts.tag, hash, password)
            return password
        }
        return "none of \(passwords)"
    }

    /// Tokens of open sessions are good, those of ended ones are not, whole or narrowed.
    private mutating func lookAtTokens() async throws {
        var old = 0
        for tag in world.accounts.sessionTags.shuffled() {
            guard let session = world.accounts.session(tag), let client = try? daemon.client() else { continue }
            let entry = model.entry(.init(.session, tag))
            let isKnownToBeOpen = entry.map { $0.isSettled && $0.state != nil } ?? false
            let isInDoubt = entry.map { !$0.isSettled } ?? false
            if isInDoubt { continue }
            if !isKnownToBeOpen, entry == nil {
                old += 1
                if old > Self.oldTokensMax, !isLast { continue }
            }
            for token in [session.token, session.narrowed].compactMap(\.self) {
                var isGood = true
                do { try await client.attach(token) } catch let failure as TestClient.Failure {
                    isGood = false
                    if failure.code != "unauthenticated" { problems.append("session \(tag): \(failure)") }
                }
                if isGood != isKnownToBeOpen {
                    problems.append("session \(tag) of \(session.account): its token is \(isGood ? "good" : "refused")")
                }
            }
        }
    }
}
