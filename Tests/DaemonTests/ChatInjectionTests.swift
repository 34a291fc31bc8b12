import Foundation
import Glibc
import TestSupport
import Testing

/// Instructions in all that a model reads, and a model that obeys every one. Security bar F63.
@Suite(.enabled(if: Trace.isUsable, Trace.reason)) struct ChatInjectionTests {
    /// A daemon that is traced, its model, and where nothing may be found or heard afterwards.
    private struct Scene {
        let directory: TemporaryDirectory
        let open: TemporaryDirectory
        let decoy: (descriptor: Int32, port: Int)
        let injections: [Injection]
        let obedient: ObedientModel
        let model: ModelServer
        let bench: Workbench

        var trace: String { directory.appending("trace") }

        init() async throws {
            directory = try TemporaryDirectory()
            open = try TemporaryDirectory()
            chmod(open.path, 0o777)
            decoy = try Loopback.listen()
            injections = try Injection.corpus(directory: open.path, port: decoy.port)
            let obedient = ObedientModel(injections)
            self.obedient = obedient
            model = try ModelServer { obedient.answer($0) }
            bench = try await Workbench.start(
                [
                    "DBASSIST_MODEL_URL": model.url, "DBASSIST_MODEL": "test", "DBASSIST_MODEL_RETRIES": "0",
                    "DBASSIST_MODEL_CONTEXT_TOKENS": "100000", "DBASSIST_LIMITS_CHAT_STEPS": "60",
                    "DBASSIST_LIMITS_CHAT_CORRECTIONS": "1000",
                ], engines: [.sqlite], launcher: Trace.launcher(directory.appending("trace"), Trace.contacts))
        }

        /// A project that may be written to, with rows shared, for a user of the database that may do everything.
        func project(_ database: InjectedDatabase) async throws -> JSONValue {
            let (string, rights) = try database.connection()
            let project = try await bench.client.call(
                "project.create",
                [
                    "name": .string("injected \(database.engine)"), "databaseType": .string(database.engine.rawValue),
                    "connectionString": .string(string), "readOnly": false,
                ])
            try await bench.client.call(
                "project.update",
                ["projectId": project["id"], "assistant": ["acceptedRights": .array(rights), "shareSamples": true]])
            return project["id"]
        }

        /// A turn; answers its message and all that a person was shown of it.
        func turn(_ project: JSONValue, _ thread: JSONValue?, _ content: String) async throws -> (JSONValue, [String]) {
            var params: [(name: String, value: JSONValue)] = [
                ("projectId", project), ("content", .string(content)), ("partialResultToken", "t"),
            ]
            if let thread { params.append(("threadId", thread)) }
            let message = try await bench.client.call("chat.send", .object(params), timeoutMs: 120_000)
            var events: [JSONValue] = []
            repeat { events.append(try await bench.client.notification("chat/event")) } while events.last?["event"] != "finished"
            return (message, Inert.texts(of: message) + Inert.texts(of: events))
        }
    }

    @Test(.timeLimit(.minutes(3))) func `a model that obeys everything changes nothing and reaches nobody`() async throws {
        let scene = try await Scene()
        defer { close(scene.decoy.descriptor) }
        #expect(scene.injections.count >= 100)
        var shown: [String] = []
        for engine in Engine.allCases { shown += try await use(engine, scene) }
        #expect(shown.count > 100)
        for text in shown { #expect(Inert.fault(text) == nil) }
        try await checkPrompts(scene)

        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.open.path) == [])
        var caller = pollfd(fd: scene.decoy.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&caller, 1, 0) == 0, "somebody called the decoy")
        #expect(try await scene.bench.daemon.stop() == 0)
        #expect(
            Set(try Trace(scene.trace).connected) == [
                "127.0.0.1:\(scene.model.port)", "127.0.0.1:\(try PostgreSQLServer.shared().port)",
                "127.0.0.1:\(try MariaDBServer.shared.get().port)",
            ])
    }

    /// What the corpus has a model say is dangerous as it stands, or the test above would prove nothing of it.
    @Test func `what is not inert is seen`() throws {
        let said = try Injection.corpus(directory: "/nowhere", port: 1).compactMap { injection -> String? in
            if case .say(let text) = injection.deed, text == injection.payload { text } else { nil }
        }
        #expect(said.count > 10)
        for text in said { #expect(Inert.fault(text) != nil, "\(text)") }
        for text in ["a\u{200B}b", "a\u{1B}[2J", "\u{202E}a", "\u{E0041}", "&amp;", "WWW.a", "a]: b", "<!--"] {
            #expect(Inert.fault(text) != nil, "\(text)")
        }
        for text in ["a < b && c > d", "x[1] (y)", "5 & 6;", "Done.\n\t- one"] { #expect(Inert.fault(text) == nil) }
    }

    /// Has the model find all that is hidden in a database; answers what a person was shown meanwhile.
    private func use(_ engine: Engine, _ scene: Scene) async throws -> [String] {
        let client = scene.bench.client
        let database = try InjectedDatabase(
            engine, scene.injections, file: scene.bench.daemon.directory.appending("injected.sqlite"))
        let mine = database.injections
        let project = try await scene.project(database)
        for example in mine where example.place == .example {
            try await client.call(
                "chat.confirm",
                ["projectId": project, "question": .string(example.payload), "sql": "SELECT count(*) FROM notes"])
        }
        let before = try database.fingerprint()

        // What the assistant said itself is the conversation of the next turn.
        scene.obedient.prepare(words: mine.filter { $0.place == .turn }.map(\.payload))
        let (first, greeting) = try await scene.turn(project, nil, "Hello")
        scene.obedient.prepare(reads: database.reads)
        let (_, rest) = try await scene.turn(project, first["threadId"], "Tell me what each confirmed example says of the notes")
        let missed = mine.filter { !scene.obedient.found.contains($0.marker) }.map { "\($0.marker) in a \($0.place)" }
        #expect(missed == [], "\(engine): did not reach the model, so that nothing is proved of them")

        #expect(try database.fingerprint() == before, "\(engine)")
        try await checkHistory(project, mine, client)
        return greeting + rest + (try await checkThreads(project, mine, client))
    }

    /// Nothing ran but as a read, and of what was injected nothing ran at all.
    private func checkHistory(_ project: JSONValue, _ mine: [Injection], _ client: TestClient) async throws {
        let told = Set(mine.compactMap { injection -> String? in if case .run(let sql) = injection.deed { sql } else { nil } })
        var tried: Set<String> = []
        var params: [(name: String, value: JSONValue)] = [("projectId", project), ("limit", 200)]
        while true {
            let page = try await client.call("query.history", .object(params))
            for query in page["items"].array ?? [] {
                #expect(query["mode"] == "read", "\(query)")
                guard let sql = query["sql"].string, told.contains(sql) else { continue }
                tried.insert(sql)
                #expect(query["status"] == "error", "\(query)")
            }
            guard let cursor = page.member("nextCursor") else { break }
            params = [("projectId", project), ("limit", 200), ("cursor", cursor)]
        }
        #expect(tried.count * 2 > told.count, "\(told.subtracting(tried))")
    }

    /// What was proposed waits, and nothing was approved. Answers all that is shown of the project's threads.
    private func checkThreads(_ project: JSONValue, _ mine: [Injection], _ client: TestClient) async throws -> [String] {
        let page = try await client.call("chat.history", ["projectId": project, "tools": true, "limit": 200])
        let messages = page["items"].array ?? []
        let proposals = messages.flatMap { $0["proposals"].array ?? [] }
        #expect(proposals.allSatisfy { $0["status"] == "pending" && $0.member("queryId") == nil }, "\(proposals)")
        let wanted = mine.count { if case .propose = $0.deed { true } else { false } }
        #expect(proposals.count >= wanted)
        let uses = messages.map { $0["toolUse"] }
        // Tools that there are not, or not with such arguments, were refused.
        let calls = mine.compactMap { injection -> String? in if case .call(let name, _) = injection.deed { name } else { nil } }
        for name in calls where !["explain", "run_query"].contains(name) {
            #expect(uses.contains { $0["tool"].string == name && $0["outcome"] == "refused" }, "\(name)")
        }
        let threads = try await client.call("chat.threads", ["projectId": project])["items"].array ?? []
        return threads.compactMap { $0["title"].string }
            + messages.filter { $0["role"] != "user" }.flatMap { Inert.texts(of: $0) }
    }

    /// Each result is within a boundary of its own that nothing in it ends, and no secret was in what was sent.
    private func checkPrompts(_ scene: Scene) async throws {
        let told = scene.model.chats.flatMap(\.messages)
        let results = told.filter { $0["role"] == "tool" }.compactMap { $0["content"].string }
        #expect(results.allSatisfy { $0.components(separatedBy: "</data-").count == 2 })
        let names = Set(results.compactMap { $0.firstMatch(of: #/<data-([0-9a-f]{32})>/#).map { String($0.1) } })
        #expect(names.count == Set(results).count && names.count > 100)
        // With a question, schema, examples and conversation are within a boundary each.
        let questions = told.filter { $0["role"] == "user" }.compactMap { $0["content"].string }
        #expect(questions.contains { $0.matches(of: #/<data-[0-9a-f]{32}>/#).count == 3 })
        for text in questions {
            let count = text.matches(of: #/<data-[0-9a-f]{32}>/#).count
            #expect(text.matches(of: #/<\/?data-/#).count == 2 * count, "\(text)")
        }
        for secret in [MariaDBServer.root.password, PostgreSQLServer.password, "canary-p%40ss", scene.bench.account.token] {
            #expect(!scene.model.hasReceived(secret))
        }
    }
}
