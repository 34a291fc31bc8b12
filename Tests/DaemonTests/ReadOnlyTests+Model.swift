import TestSupport
import Testing

/// The same corpora, sent by a model.
extension ReadOnlyTests {
    /// A statement as the assistant takes it: without blanks around it and semicolons at its end.
    private static func taken(_ sql: String) -> String {
        var sql = sql[...]
        while let last = sql.last, last.isWhitespace || last == ";" { sql.removeLast() }
        return String(sql.drop { $0.isWhitespace })
    }

    /// Security bar A6: a model that asks for every line of the attack corpora, in a project that may be written to, changes nothing; and
    /// all that it asked for is in history, as reads of the chat's.
    @Test(.timeLimit(.minutes(3)), arguments: Engine.allCases)
    func `attacks of a model change nothing`(engine: Engine) async throws {
        let scripted = AttackingModel()
        let chat = try await ChatBench.start(
            [
                "DBASSIST_LIMITS_CHAT_CORRECTIONS": "1000", "DBASSIST_LIMITS_QUERY_TIMEOUT_MS": "5000",
                "DBASSIST_LIMITS_DATABASE_CONNECTIONS_PER_PROJECT": "1",
            ], engines: [engine]
        ) { scripted.answer($0) }
        let (corpus, probe, rows) = try prepare(engine, chat.bench, stride: 1)
        defer {
            if engine == .postgresql { _ = try? engine.script("ALTER ROLE plain_role RESET search_path", asAdministrator: true) }
        }
        // One that is nothing but blanks is no statement.
        let attacks = corpus.map { Self.filled($0) }.filter { !Self.taken($0).isEmpty }
        scripted.attacks = attacks
        #expect(attacks.count > 80)
        let before = try state(engine, chat.bench)
        for number in stride(from: 0, to: attacks.count, by: AttackingModel.callsMax) {
            #expect(try await chat.ask(engine, "\(number)")["outcome"] == "finished")
            #expect(try await chat.bench.run(engine, probe)["rows"] == rows, "after \(attacks[number]) and the next")
        }
        #expect(try state(engine, chat.bench) == before)
        #expect(try await chat.client.call("query.history", ["mode": "write", "source": "chat"])["items"] == [])
        let asked = try await history(chat)
        for attack in attacks { #expect(asked[Self.taken(attack)] != nil, "not in history: \(attack)") }
        // What ran all the same is what a rollback undoes, or what nothing can come of.
        let ran = attacks.filter { asked[Self.taken($0)] == ["success"] }
        #expect(ran.count * 20 < attacks.count, "\(ran)")
    }

    /// Every statement of the chat's in history with how it ended.
    private func history(_ chat: ChatBench) async throws -> [String: Set<String>] {
        var ends: [String: Set<String>] = [:]
        var params: JSONValue = ["source": "chat", "limit": 200]
        while true {
            let page = try await chat.client.call("query.history", params)
            for query in page["items"].array ?? [] {
                #expect(query["mode"] == "read")
                ends[query["sql"].string ?? "", default: []].insert(query["status"].string ?? "")
            }
            guard let cursor = page.member("nextCursor") else { return ends }
            params = ["source": "chat", "limit": 200, "cursor": cursor]
        }
    }
}
