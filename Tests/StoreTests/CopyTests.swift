import Databases
import Testing

@testable import Store

/// Copies of whole stores, from each engine to each, with a daemon at work.
@Suite struct CopyTests {
    /// Every row of every table, as text.
    private static func everything(_ store: Store) async throws -> [String: [String]] {
        try await store.write { session throws(StoreError) in
            var all: [String: [String]] = [:]
            for table in StoreTable.all {
                let columns = try session.engine.columns(of: table.name, session).filter { $0 != "place" }
                let rows = try session.rows("SELECT \(columns.joined(separator: ", ")) FROM \(table.name)")
                all[table.name] = rows.map { "\($0.values)" }.sorted()
            }
            return all
        }
    }

    /// Something in every table.
    private static func fill(_ store: Store) async throws -> Project {
        let project = try await store.makeProject()
        for number in 0..<1_203 {
            let end = number % 7 == 0 ? QueryEnd(status: .error, errorMessage: "no \(number)") : Sample.success(0.5, rows: 3)
            await store.recordFinished(
                Sample.start(project, sql: "SELECT 'größe' || \(number)", atMs: Sample.nowMs + Int64(number)), end)
        }
        try await store.insertRunning(Sample.start(project, sql: "UPDATE t SET a = 1", mode: .write))
        try await store.createSession(
            SessionRecord(id: Sample.id(), userID: project.userID, client: "c", createdAtMs: 1, expiresAtMs: Sample.nowMs + 9))
        try await store.recordFailure(key: "k", nowMs: Sample.nowMs)
        let thread = try await store.addMessages(project, count: 4)
        let message = Sample.message(thread, project, .assistant, detail: "{}")
        try await store.insertMessages([message], updatingThreadAtMs: Sample.nowMs)
        try await store.insertApproval(Sample.approval(message))
        _ = try await store.confirmExample(
            id: Sample.id(), projectID: project.id, userID: project.userID, question: "How many?", sql: "SELECT 1",
            nowMs: Sample.nowMs, max: 10)
        await store.addTokens(userID: project.userID, day: 20_000, prompt: 5, completion: 6)
        try await store.write { session throws(StoreError) in try Installation.claim(session, "installation") }
        await store.flush()
        return project
    }

    @Test(arguments: StoreKind.allCases, StoreKind.allCases) func aCopyHasEverything(from: StoreKind, to: StoreKind) async throws
    {
        let (first, second) = (TemporaryDirectory(), TemporaryDirectory())
        let (source, target) = (try from.location(first), try to.location(second))
        let store = try await Store.open(source, nowMs: Sample.nowMs)
        let project = try await Self.fill(store)
        let before = try await Self.everything(store)
        for (table, rows) in before { #expect(!rows.isEmpty, "\(table)") }
        // The daemon has it open.
        let tables = try await Store.copy(from: source, to: target, nowMs: Sample.nowMs)
        #expect(Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.rows) }) == before.mapValues(\.count))
        await expectError(.conflict) { _ = try await Store.copy(from: source, to: target, nowMs: Sample.nowMs) }
        #expect(try Store.check(source) == [])
        #expect(try Store.check(target) == [])
        await store.close()
        let copy = try await Store.open(target, installation: "installation", nowMs: Sample.nowMs)
        #expect(copy.interruptedQueries == 1)
        #expect(
            try await Self.everything(copy).filter { !["queries", "query_days", "shape_spans", "messages"].contains($0.key) }
                == before.filter { !["queries", "query_days", "shape_spans", "messages"].contains($0.key) })
        #expect(try await copy.indexHistory() == 1_204)
        let found = try await copy.history(
            userID: project.userID, filter: HistoryFilter(text: "GRÖßE' || 77"), page: PageRequest(limit: 50), near: 0)
        #expect(found.items.map(\.start.sql).contains("SELECT 'größe' || 77"))
        #expect(try await copy.integrityProblems() == [])
        await copy.close()
    }

    @Test(arguments: StoreKind.allCases) func noTableIsLeftOut(kind: StoreKind) async throws {
        try await withStore(on: [kind]) { store, _ in
            let found = try await store.write { session throws(StoreError) in
                let sql =
                    kind == .sqlite
                    ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                    : "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
                var names: [String] = []
                for var row in try session.rows(sql) { names.append(try row.text()) }
                return names.filter {
                    !$0.hasPrefix("query_texts") && $0 != "store_migrations" && !StoreTable.passing.contains($0)
                }.sorted()
            }
            #expect(found == StoreTable.all.map(\.name).sorted())
        }
    }

    @Test func whatCannotBeCopiedIsTold() async throws {
        let directory = TemporaryDirectory()
        let missing = StoreLocation.sqlite(path: directory.path + "/none.db")
        let target = StoreLocation.sqlite(path: directory.path + "/copy/store.db")
        await expectError(.io) { _ = try await Store.copy(from: missing, to: target, nowMs: 0) }
        await expectError(.conflict) { _ = try await Store.copy(from: target, to: target, nowMs: 0) }
        // A daemon has the target.
        try await withStore(on: [.sqlite]) { store, directory in
            let open = StoreLocation.sqlite(path: directory.path + "/state/store.db")
            let other = try await Store.open(.sqlite(path: directory.path + "/o/store.db"), nowMs: 0)
            await expectError(.locked) {
                _ = try await Store.copy(from: .sqlite(path: directory.path + "/o/store.db"), to: open, nowMs: 0)
            }
            await other.close()
        }
    }
}
