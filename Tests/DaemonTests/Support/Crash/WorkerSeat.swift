import TestSupport
import Testing

/// A client that works on projects: their names, databases and settings, statements, conversations, confirmed examples.
struct WorkerSeat: CrashSeat {
    private struct Project {
        var tag: String
        var id: String
        var facts: ProjectFacts
        var place: CrashWorld.Place
        var key: CrashModel.Key { .init(.project, tag) }
    }

    let world: CrashWorld
    private let number: Int
    private let round: Int
    private let client: TestClient
    private var made = 0
    private var projects: [Project] = []

    init(_ world: CrashWorld, _ number: Int, round: Int, _ client: TestClient) {
        self.world = world
        self.number = number
        self.round = round
        self.client = client
    }

    private mutating func newTag() -> String {
        made += 1
        return "w\(number).\(round).\(made)"
    }

    mutating func step() async throws {
        guard let place = projects.indices.randomElement(), projects.count > 1 else { return try await create() }
        switch Int.random(in: 0..<100) {
        case 0..<6: try await create()
        case 6..<16: try await change(place)
        case 16..<46: try await insert(projects[place])
        case 46..<50: try await fail(projects[place])
        case 50..<60: try await read(projects[place])
        case 60..<66: try await forget()
        case 66..<80: try await say(projects[place])
        case 80..<84: try await rename()
        case 84..<88: try await deleteThread()
        case 88..<93: try await confirm(projects[place])
        case 93..<95: try await deleteExample()
        case 95..<98: try await deleteOlder()
        default: try await delete(projects.remove(at: place))
        }
    }

    /// Some thirty requests, of every kind.
    mutating func script() async throws {
        for _ in 0..<2 { try await create() }
        for _ in 0..<2 {
            guard let place = projects.indices.first else {
                try await create()
                continue
            }
            try await insert(projects[place])
            try await fail(projects[place])
            try await read(projects[place])
            for _ in 0..<2 { try await say(projects[place]) }
            try await rename()
            for _ in 0..<2 { try await confirm(projects[place]) }
            try await insert(projects[place])
            try await forget()
            try await deleteExample()
            try await change(place)
        }
        try await deleteThread()
        if let last = projects.popLast() { try await delete(last) }
    }

    // MARK: Projects

    private mutating func create() async throws {
        let tag = newTag()
        let facts = ProjectFacts(name: tag, file: world.file(number, .home))
        let key = CrashModel.Key(.project, tag)
        let answer = try await write(
            "project.create",
            [
                "name": .string(tag), "description": .string(tag), "databaseType": "sqlite",
                "connectionString": .string(facts.connection), "readOnly": false,
            ], on: client, [.init(key, .exactly(facts.state))], parent: nil
        ) { ([:], [key: $0["id"].string ?? ""]) }
        if let answer { projects.append(Project(tag: tag, id: answer["id"].string ?? "", facts: facts, place: .home)) }
    }

    /// Another name, another database, other settings, or several of these at once.
    private mutating func change(_ index: Int) async throws {
        var project = projects[index]
        made += 1
        var members: [(name: String, value: JSONValue)] = [("projectId", .string(project.id))]
        let kinds = Set((0..<2).map { _ in Int.random(in: 0..<3) })
        if kinds.contains(0) {
            project.facts.name = "\(project.tag) again \(made)"
            members.append(("name", .string(project.facts.name)))
        }
        if kinds.contains(1) {
            project.place = project.place == .home ? .away : .home
            project.facts.connection = "sqlite://" + world.file(number, project.place)
            members.append(("connectionString", .string(project.facts.connection)))
        }
        if kinds.contains(2) {
            let settings: JSONValue = [
                "shareSchema": .bool(.random()), "shareRows": .bool(.random()), "maskedColumns": [.string("t.c\(made)")],
            ]
            project.facts.assistant = ProjectFacts.text(settings)
            members.append(("assistant", settings))
        }
        let answer = try await write(
            "project.update", .object(members), on: client, [.init(project.key, .exactly(project.facts.state))])
        // Of one that nobody knows the state of nothing more is asked.
        if answer == nil { projects.remove(at: index) } else { projects[index] = project }
    }

    /// With all that goes with it; what is in doubt is left to be looked at first.
    private func delete(_ tag: String, id: String) async throws {
        let children = model.children(of: tag)
        guard children.allSatisfy({ $0.isSettled || $0.state == nil && $0.key.name.hasSuffix("r") }) else { return }
        let changes = children.map { child in
            switch child.key.kind {
            case .query: CrashModel.Change(child.key, .exactly(QueryState.forgotten(child.state)))
            case .thread: CrashModel.Change(child.key, .exactly(nil), .exactly(ThreadState.emptied(child.state)))
            default: CrashModel.Change(child.key, .exactly(nil))
            }
        }
        try await write(
            "project.delete", ["projectId": .string(id)], on: client, changes + [.init(.init(.project, tag), .exactly(nil))],
            .lastIsLast)
    }

    private func delete(_ project: Project) async throws { try await delete(project.tag, id: project.id) }

    /// One of an earlier round. A few stay for ever.
    private func deleteOlder() async throws {
        let (mine, current) = ("w\(number).", "w\(number).\(round).")
        let older = model.settled(.project) { $0.key.name.hasPrefix(mine) && !$0.key.name.hasPrefix(current) }
        for project in older.shuffled().prefix(8) where !project.key.name.hasSuffix("33") {
            if let id = project.id { try await delete(project.key.name, id: id) }
        }
    }

    // MARK: Statements

    private func run(_ project: Project, _ tag: String, _ sql: String, write: Bool) -> JSONValue {
        [
            "projectId": .string(project.id), "sql": .string(sql), "mode": write ? "write" : "read", "label": .string(tag),
        ]
    }

    /// Where anything may fail, so may the statement's own database.
    private var failures: [CrashModel.Outcome] {
        world.excuses == .everything ? [.beginning("error "), .beginning("cancelled ")] : []
    }

    private mutating func insert(_ project: Project) async throws {
        let tag = newTag()
        let key = CrashModel.Key(.query, tag)
        try await write(
            "query.run", run(project, tag, QueryState.insert(tag), write: true), on: client,
            [
                .init(
                    key, .exactly(QueryState.text("success", nil, affected: 1, rows: 1)),
                    .exactly(QueryState.text("error", "interrupted", affected: nil, rows: 0)),
                    .exactly(QueryState.text("error", "interrupted", affected: nil, rows: 1)), or: failures)
            ], parent: project.tag
        ) { ([:], [key: $0["queryId"].string ?? ""]) }
        mayLoseItsEnd(key, rows: 1)
    }

    /// A write is answered with what became of it, whatever the store says to its end: that is kept when the store takes it, if the daemon
    /// lives so long.
    private func mayLoseItsEnd(_ key: CrashModel.Key, rows: Int) {
        guard world.excuses == .everything, model.entry(key)?.isSettled == true else { return }
        _ = model.begin("query.run", [.init(key, .exactly(QueryState.text("error", "interrupted", affected: nil, rows: rows)))])
    }

    private mutating func fail(_ project: Project) async throws {
        let tag = newTag()
        let key = CrashModel.Key(.query, tag)
        try await write(
            "query.run", run(project, tag, QueryState.failing(tag), write: true), on: client,
            [
                .init(
                    key, .exactly(QueryState.text("error", "query_failed", affected: nil, rows: 0)),
                    .exactly(QueryState.text("error", "interrupted", affected: nil, rows: 0)), or: failures)
            ], parent: project.tag, refusal: "query_failed")
        mayLoseItsEnd(key, rows: 0)
    }

    /// A read is in history a little later, and a crash may lose it: its answer acknowledges nothing.
    private mutating func read(_ project: Project) async throws {
        let tag = newTag() + "r"
        _ = model.begin(
            "query.run",
            [.init(.init(.query, tag), .exactly(QueryState.text("success", nil, affected: nil, rows: 0)), or: failures)],
            parent: project.tag)
        let result = try await ask("query.run", run(project, tag, QueryState.read(tag), write: false), on: client)
        guard result["rows"] == [[.string(tag), .string(project.place.rawValue)]] else {
            throw ChildProcess.Failure("\(project.facts) answered \(result)")
        }
    }

    /// Some of this client's own.
    private func forget() async throws {
        let mine = "w\(number)."
        let queries = model.settled(.query) { $0.id != nil && $0.key.name.hasPrefix(mine) && !QueryState.isForgotten($0.state) }
        let some = queries.shuffled().prefix(.random(in: 1...3))
        guard !some.isEmpty else { return }
        let operation = model.begin(
            "query.forget", some.map { .init($0.key, .exactly(QueryState.forgotten($0.state))) }, .each)
        let answer = try await ask("query.forget", ["queryIds": .array(some.map { .string($0.id ?? "") })], on: client)
        if answer["forgotten"].integer == some.count { return model.acknowledge(operation) }
        // One whose end could not be written yet still runs as far as history knows.
        if world.excuses == .nothing { Issue.record("\(some.map(\.key)): \(answer)") }
    }

    // MARK: Conversations

    private func thread(of project: String? = nil) -> CrashModel.Entry? {
        let mine = "w\(number).\(round)."
        return model.settled(.thread) {
            $0.id != nil && $0.key.name.hasPrefix(mine) && (project == nil || $0.parent == project)
        }.randomElement()
    }

    private mutating func say(_ project: Project) async throws {
        let tag = newTag()
        let thread = Bool.random() ? thread(of: project.tag) : nil
        let content = "\(tag): what tables are there?"
        let key = thread?.key ?? CrashModel.Key(.thread, tag)
        let before = thread?.state ?? ThreadState.begun(title: content)
        var members: [(name: String, value: JSONValue)] = [("projectId", .string(project.id)), ("content", .string(content))]
        if let id = thread?.id { members.append(("threadId", .string(id))) }
        try await write(
            "chat.send", .object(members), on: client,
            [
                .init(
                    key, .beginning(ThreadState.said(before, content, outcome: "finished", "")),
                    .beginning(ThreadState.said(before, content, outcome: "failed", "")))
            ], parent: project.tag
        ) { message in
            let state = ThreadState.said(before, content, outcome: "finished", message["text"].string ?? "")
            return ([key: state], [key: message["threadId"].string ?? ""])
        }
    }

    private mutating func rename() async throws {
        guard let thread = thread(), let id = thread.id, let state = thread.state else { return }
        made += 1
        let title = "\(thread.key.name) renamed \(made)"
        try await write(
            "chat.renameThread", ["threadId": .string(id), "title": .string(title)], on: client,
            [.init(thread.key, .exactly(ThreadState.renamed(state, title)))])
    }

    private func deleteThread() async throws {
        guard let thread = thread(), let id = thread.id else { return }
        try await write(
            "chat.deleteThread", ["threadId": .string(id)], on: client,
            [.init(thread.key, .exactly(nil), .exactly(ThreadState.emptied(thread.state)))])
    }

    // MARK: Examples

    /// A new one, or another statement for a question that has one.
    private mutating func confirm(_ project: Project) async throws {
        let known = model.settled(.example) { $0.parent == project.tag }.randomElement()
        let question = Bool.random() ? known?.key.name ?? newTag() : newTag()
        made += 1
        let sql = "SELECT \(made) FROM place"
        let key = CrashModel.Key(.example, question)
        try await write(
            "chat.confirm", ["projectId": .string(project.id), "question": .string(question), "sql": .string(sql)], on: client,
            [.init(key, .exactly(sql))], parent: project.tag
        ) { ([:], [key: $0["id"].string ?? ""]) }
    }

    private func deleteExample() async throws {
        let mine = "w\(number)."
        guard let example = model.settled(.example, { $0.id != nil && $0.key.name.hasPrefix(mine) }).randomElement() else {
            return
        }
        try await write(
            "chat.deleteExample", ["exampleId": .string(example.id ?? "")], on: client, [.init(example.key, .exactly(nil))])
    }
}

/// A statement as history and its database have it, in words.
enum QueryState {
    static func insert(_ tag: String) -> String { "INSERT INTO journal (id) VALUES ('\(tag)')" }
    static func failing(_ tag: String) -> String { "INSERT INTO nowhere (id) VALUES ('\(tag)')" }
    static func read(_ tag: String) -> String { "SELECT '\(tag)', name FROM place" }

    static func text(_ status: String, _ code: String?, affected: Int?, rows: Int) -> String {
        "\(status) \(code ?? "-"), changed \(affected.map(String.init) ?? "-"), rows \(rows)"
    }

    /// What is in history, and how many rows of it are in the database.
    static func text(_ item: JSONValue, rows: Int) -> String {
        let tag = item["label"].string ?? ""
        let sql = item["sql"].string ?? ""
        let wanted = item["mode"] == "read" ? [read(tag)] : [insert(tag), failing(tag)]
        let text = text(
            item["status"].string ?? "?", item.member("errorCode")?.string, affected: item.member("affectedRows")?.integer,
            rows: rows)
        return wanted.contains(sql) ? text : "\(text), as \(sql)"
    }

    private static let forgotten = "forgotten, rows 1"
    static func isForgotten(_ state: String?) -> Bool { state == forgotten }

    /// The state once history has it no longer; its row stays.
    static func forgotten(_ state: String?) -> String? { state?.hasSuffix("rows 1") ?? false ? forgotten : nil }
}

/// A conversation in words.
enum ThreadState {
    static func begun(title: String) -> String { "title \(title)" }

    static func said(_ state: String, _ content: String, outcome: String, _ answer: String) -> String {
        "\(state)\nuser: \(content)\nassistant \(outcome): \(answer)"
    }

    static func renamed(_ state: String, _ title: String) -> String {
        begun(title: title) + (state.firstIndex(of: "\n").map { String(state[$0...]) } ?? "")
    }

    /// Its messages are gone, it is not yet.
    static func emptied(_ state: String?) -> String? { state.map { String($0.prefix { $0 != "\n" }) } }
}
