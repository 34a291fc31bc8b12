import Databases
import Synchronization
import Testing

@testable import Store

@Suite struct MigrationTests {
    /// A store as version 0.1.0 left it, with a history.
    @Test func aHistoryOfSchemaOneIsCountedAndFound() async throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store.db"
        let user = Sample.user()
        let projects: [Project] = DatabaseType.allCases.map { type in
            var project = Sample.project(of: user, name: type.rawValue)
            project.databaseType = type
            return project
        }
        let engine = try SQLiteEngine(path: path)
        let session = try engine.connect()
        try Migrations.bring(session, nowMs: Sample.nowMs, to: 1)
        try session.change(
            "INSERT INTO users VALUES ($1, 'Ada', $2, 'x', 0, 0)", [.text(user.id), .text(user.email)])
        for project in projects {
            try session.change(
                """
                INSERT INTO projects (id, user_id, name, description, folded, database_type, connection_string, read_only,
                    created_at, updated_at) VALUES ($1, $2, $3, '', '', $4, $5, 1, 0, 0)
                """,
                [.text(project.id), .text(user.id), .text(project.name), .text(project.databaseType.rawValue), .bytes([1])])
        }
        let statuses = ["success", "error", "cancelled", "running"]
        for number in 0..<3_000 {
            let project = projects[number % 3]
            try session.change(
                """
                INSERT INTO queries (id, user_id, project_id, query, status, mode, source, row_count, duration_ms, created_at)
                VALUES ($1, $2, $3, $4, $5, 'read', 'script', $8, $6, $7)
                """,
                [
                    .text(Sample.id()), .text(user.id), .text(project.id),
                    .text("SELECT \"x\", \(number) FROM Books -- \(number)"),
                    .text(number == 2_999 ? statuses[3] : statuses[number % 7 % 3]), .double(Double(number)),
                    .integer(Sample.nowMs - Int64(number % 4) * Day.ms), number == 2_999 ? .null : .integer(2),
                ])
        }
        session.close()
        engine.release()
        let reports = Mutex<[MigrationProgress]>([])
        let store = try await Store.open(.sqlite(path: path), nowMs: Sample.nowMs) { report in
            reports.withLock { $0.append(report) }
        }
        #expect(
            reports.withLock { $0.map { [$0.rowsDone, $0.rowsTotal, $0.isDone ? 1 : 0] } } == [
                [0, 3_000, 0], [3_000, 3_000, 1],
            ])
        #expect(store.interruptedQueries == 1)
        let statistics = try await store.statistics(
            userID: user.id, fromMs: Sample.nowMs - 9 * Day.ms, toMs: Sample.nowMs, statements: 10)
        let expected = (0..<2_999).reduce(into: [Int: Int64]()) { $0[$1 % 7 % 3, default: 0] += 1 }
        #expect(statistics.total.counts.success == expected[0] && statistics.total.counts.error == (expected[1] ?? 0) + 1)
        #expect(statistics.total.counts.cancelled == expected[2] && statistics.total.counts.rows == 2 * 2_999)
        // To MySQL "x" is a value.
        #expect(
            Set(statistics.mostFrequent.map(\.sql)) == [
                "SELECT \"x\", ? FROM books", "SELECT ?, ? FROM Books",
            ])
        #expect(statistics.mostFrequent.count == 3)
        for isIndexed in [false, true] {
            if isIndexed { #expect(try await store.indexHistory() == 3_000) }
            let found = try await store.history(userID: user.id, filter: HistoryFilter(text: "books -- 1234"))
            #expect(found.items.map(\.start.sql) == ["SELECT \"x\", 1234 FROM Books -- 1234"])
            #expect(
                found.items.first?.shape == StatementShape(of: "SELECT \"x\", 1 FROM Books", projects[1].databaseType).fingerprint
            )
        }
        #expect(try await store.integrityProblems() == [])
        await store.close()
    }

    /// A store in PostgreSQL of schema 5, whose daemons gave places in an index that was not there.
    @Test func aHistoryInPostgreSQLGetsItsIndex() async throws {
        let directory = TemporaryDirectory()
        let location = try StoreKind.postgresql.location(directory)
        let engine = try Store.engine(location, locks: true)
        let session = try engine.connect()
        let project = Sample.project(of: Sample.user())
        try Migrations.bring(session, nowMs: Sample.nowMs, to: 5)
        try session.change("INSERT INTO users VALUES ($1, 'Ada', 'ada@example.org', 'x', 0, 0)", [.text(project.userID)])
        try session.change(
            """
            INSERT INTO projects (id, user_id, name, description, folded, database_type, connection_string, read_only,
                created_at, updated_at) VALUES ($1, $2, 'shop', '', '', 'sqlite', $3, 1, 0, 0)
            """, [.text(project.id), .text(project.userID), .bytes([1])])
        for number in 0..<600 {
            try session.transaction { session throws(StoreError) in
                let start = Sample.start(project, sql: "SELECT \(number) FROM Books", atMs: Sample.nowMs + Int64(number))
                let shape = StatementShape(of: start.sql, .sqlite)
                try Store.insert(session, [FinishedQuery(start: start, shape: .known(shape), end: Sample.success())])
                // The last were not ended, or not yet there.
                guard number < 590 else { return }
                try session.change(
                    "UPDATE queries SET place = $2 WHERE id = $1",
                    [.text(start.id), .integer(Place.first(ofMs: start.createdAtMs))])
            }
        }
        session.close()
        engine.release()
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        for isIndexed in [false, true] {
            if isIndexed { #expect(try await store.indexHistory() == 600) }
            let found = try await store.history(
                userID: project.userID, filter: HistoryFilter(text: "select 59"), page: PageRequest(limit: 100), near: 0)
            #expect(found.items.map(\.start.sql) == ((590..<600).reversed() + [59]).map { "SELECT \($0) FROM Books" })
            #expect(try await store.integrityProblems() == [])
        }
        #expect(try await store.countRows("query_texts") == 600)
        await store.close()
    }

    /// A store as version 0.2.0 left it. Nothing wrote conversations then; what is there all the same is kept and counted.
    @Test func conversationsOfSchemaTwoAreCounted() async throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store.db"
        let project = Sample.project(of: Sample.user())
        let thread = Sample.thread(project)
        let engine = try SQLiteEngine(path: path)
        let session = try engine.connect()
        try Migrations.bring(session, nowMs: Sample.nowMs, to: 2)
        try session.change("INSERT INTO users VALUES ($1, 'Ada', 'ada@example.org', 'x', 0, 0)", [.text(project.userID)])
        try session.change(
            """
            INSERT INTO projects (id, user_id, name, description, folded, database_type, connection_string, read_only,
                created_at, updated_at) VALUES ($1, $2, 'shop', '', '', 'sqlite', $3, 1, 0, 0)
            """, [.text(project.id), .text(project.userID), .bytes([1])])
        let owner: [Parameter] = [.text(thread.id), .text(project.id), .text(project.userID)]
        try session.change(
            "INSERT INTO threads (id, project_id, user_id, title, created_at, updated_at) VALUES ($1, $2, $3, 't', 5, 6)", owner)
        for (number, role) in ["user", "tool", "tool", "assistant", "user"].enumerated() {
            try session.change(
                """
                INSERT INTO messages (id, thread_id, project_id, user_id, role, content, created_at)
                VALUES ($4, $1, $2, $3, $5, 'x', $6)
                """,
                owner + [.text(Sample.id()), .text(role), .integer(Sample.nowMs + Int64(number / 4) * Day.ms)])
        }
        session.close()
        engine.release()
        let store = try await Store.open(.sqlite(path: path), nowMs: Sample.nowMs)
        #expect(store.interruptedTurns == 0)
        let found = try #require(try await store.thread(thread.id, userID: project.userID))
        #expect(found.messageCount == 3 && found.updatedAtMs == 6)
        #expect(try await store.messages(userID: project.userID, threadID: thread.id).items.count == 3)
        let dashboard = try await store.dashboard(userID: project.userID, days: 1, nowMs: Sample.nowMs)
        #expect(dashboard.messageCount == 2)
        #expect(try await store.project(id: project.id, userID: project.userID)?.assistant == AssistantRecord())
        #expect(try await store.integrityProblems() == [])
        let message = Sample.message(thread, project, .assistant)
        try await store.insertMessages([message], updatingThreadAtMs: 7)
        try await store.insertApproval(Sample.approval(message))
        #expect(try await store.deleteProject(id: project.id, userID: project.userID))
        #expect(try await store.countRows("approvals") == 0)
        await store.close()
    }
}
