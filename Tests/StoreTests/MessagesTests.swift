import Databases
import Testing

@testable import Store

@Suite struct MessagesTests {
    private static let finished = #"{"mode":"answer","outcome":"finished"}"#

    @Test func whatWasSaidIsReadBackByItsOwnerAlone() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let stranger = try await store.makeProject(email: "grace@example.org")
            let thread = try await store.addThread(project)
            let said = [
                Sample.message(thread, project, .user, "What\n\"tables\" are there? 📚", detail: #"{"mode":"answer"}"#, atMs: 1),
                Sample.message(thread, project, .tool, "", detail: #"{"toolUse":{}}"#, atMs: 2),
                Sample.message(thread, project, .assistant, "Two.", detail: Self.finished, atMs: 3),
            ]
            try await store.insertMessages(said, updatingThreadAtMs: 3)
            let user = project.userID
            #expect(try await store.messages(userID: user, includesTools: true).items == said.reversed())
            #expect(try await store.messages(userID: user, threadID: thread.id).items == [said[2], said[0]])
            #expect(try await store.messages(userID: user, projectID: project.id).items == [said[2], said[0]])
            #expect(try await store.messages(userID: user, projectID: stranger.id).items == [])
            #expect(try await store.conversation(threadID: thread.id, userID: user, limit: 10) == [said[0], said[2]])
            #expect(try await store.conversation(threadID: thread.id, userID: user, limit: 1) == [said[2]])
            #expect(try await store.conversation(threadID: thread.id, userID: user, limit: 0) == [])
            for limit in [1, 2, 3] {
                let all = try await store.all(limit: limit) {
                    try await store.messages(userID: user, threadID: thread.id, includesTools: true, page: $0)
                }
                #expect(all == said.reversed())
            }
            #expect(try await store.messages(userID: stranger.userID, threadID: thread.id, includesTools: true).items == [])
            #expect(try await store.messages(userID: stranger.userID, projectID: project.id).items == [])
            #expect(try await store.conversation(threadID: thread.id, userID: stranger.userID, limit: 9) == [])
            #expect(
                try await store.updateMessage(said[2].id, userID: stranger.userID, content: "x", detail: nil) == false)
            #expect(try await store.messages(userID: user).items.first == said[2])
        }
    }

    @Test func aConversationBeginsWithItsMessagesOrNotAtAll() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let stranger = try await store.makeProject(email: "grace@example.org")
            let thread = Sample.thread(project, title: "t", atMs: Sample.nowMs)
            let said = [Sample.message(thread, project, .user), Sample.message(thread, project, .assistant)]
            var foreign = said[1]
            foreign.userID = stranger.userID
            await #expect {
                try await store.insertThread(thread, userID: project.userID, saying: [said[0], foreign])
            } throws: {
                ($0 as? StoreError)?.code == .notFound
            }
            #expect(try await store.thread(thread.id, userID: project.userID) == nil)
            try await store.insertThread(thread, userID: project.userID, saying: said)
            #expect(try await store.thread(thread.id, userID: project.userID)?.messageCount == 2)
            #expect(try await store.messages(userID: project.userID, threadID: thread.id).items.count == 2)
            await #expect { try await store.insertThread(thread, userID: project.userID, saying: said) } throws: {
                ($0 as? StoreError)?.code == .conflict
            }
            #expect(try await store.integrityProblems() == [])
        }
    }

    @Test func messagesGoInTogetherOrNotAtAll() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let stranger = try await store.makeProject(email: "grace@example.org")
            let thread = try await store.addThread(project)
            let good = Sample.message(thread, project, .user)
            var foreign = Sample.message(thread, project, .assistant)
            foreign.userID = stranger.userID
            var misplaced = Sample.message(thread, project, .assistant)
            misplaced.projectID = stranger.id
            var lost = Sample.message(thread, project, .assistant)
            lost.threadID = Sample.id()
            for bad in [foreign, misplaced, lost] {
                await #expect { try await store.insertMessages([good, bad], updatingThreadAtMs: 9) } throws: {
                    ($0 as? StoreError)?.code == .notFound
                }
            }
            await #expect { try await store.insertMessages([good, good], updatingThreadAtMs: 9) } throws: {
                ($0 as? StoreError)?.code == .conflict
            }
            #expect(try await store.countRows("messages") == 0)
            #expect(try await store.thread(thread.id, userID: project.userID) == thread)
            // A turn whose thread goes away meanwhile hears of it.
            try await store.insertMessages([good], updatingThreadAtMs: 9)
            try await store.deleteThread(thread.id, userID: project.userID)
            await #expect {
                try await store.insertMessages([Sample.message(thread, project, .assistant)], updatingThreadAtMs: 9)
            } throws: {
                ($0 as? StoreError)?.code == .notFound
            }
            #expect(try await store.updateMessage(good.id, userID: project.userID, content: "", detail: nil) == false)
            #expect(try await store.integrityProblems() == [])
        }
    }

    @Test(arguments: StoreKind.allCases) func aTurnThatACrashCutOffHasFailed(kind: StoreKind) async throws {
        let directory = TemporaryDirectory()
        let location = try kind.location(directory)
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        #expect(store.interruptedTurns == 0)
        let project = try await store.makeProject()
        let thread = try await store.addThread(project)
        let details: [String?] = [
            nil, "{}", " { } ", #"{"mode":"sql"}"#, #"{"note":"\"outcome\":\"finished\"","usage":{"outcome":1}}"#,
            Self.finished, #"{"\u006futcome":"cancelled"}"#,
        ]
        var messages = details.enumerated().map {
            Sample.message(thread, project, .assistant, "\($0)", detail: $1, atMs: Int64($0))
        }
        messages.append(Sample.message(thread, project, .user, "user", atMs: 98))
        messages.append(Sample.message(thread, project, .tool, "tool", atMs: 99))
        try await store.insertMessages(messages, updatingThreadAtMs: 99)
        // One that began and ended, and one that ended and is written anew.
        try await store.updateMessage(messages[0].id, userID: project.userID, content: "done", detail: Self.finished)
        await store.close()
        for expected in [4, 0] {
            let again = try await Store.open(location, nowMs: Sample.nowMs)
            #expect(again.interruptedTurns == expected)
            let found = try await again.messages(userID: project.userID, includesTools: true).items.reversed().map(\.detail)
            let note = #""note":"The daemon ended before this answer was whole; ask again.""#
            #expect(
                found == [
                    Self.finished, #"{"outcome":"failed",\#(note)}"#, #"{"outcome":"failed",\#(note)}"#,
                    #"{"outcome":"failed",\#(note),"mode":"sql"}"#,
                    #"{"outcome":"failed","note":"\"outcome\":\"finished\"","usage":{"outcome":1}}"#, Self.finished,
                    #"{"\u006futcome":"cancelled"}"#, nil, nil,
                ])
            await again.close()
        }
    }

    @Test func figuresCountWhatWasSaid() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let thread = try await store.addThread(project)
            try await store.insertMessages(
                (0..<5).map { Sample.message(thread, project, .tool, "\($0)", atMs: Sample.nowMs + 50) },
                updatingThreadAtMs: 1)
            for days: Int64 in [0, 1, 40] {
                try await store.insertMessages(
                    [
                        Sample.message(thread, project, .user, "\(days)", atMs: Sample.nowMs - days * Day.ms),
                        Sample.message(
                            thread, project, .assistant, "\(days)", detail: Self.finished, atMs: Sample.nowMs - days * Day.ms),
                    ], updatingThreadAtMs: 1)
            }
            let dashboard = try await store.dashboard(userID: project.userID, days: 30, nowMs: Sample.nowMs)
            #expect(dashboard.messageCount == 4 && dashboard.projects.map(\.messageCount) == [4])
            #expect(dashboard.recentMessages.map(\.content) == ["0", "0", "1", "1"])
            let summary = try #require(try await store.summary(projectID: project.id, userID: project.userID))
            #expect(summary.messageCount == 6)
            #expect(try await store.thread(thread.id, userID: project.userID)?.messageCount == 6)
        }
    }

    /// Every list goes through an index in its own order, so that a page costs the same in a long history.
    @Test func listsOfManyMessagesGoThroughAnIndex() async throws {
        try await withStore(on: [.sqlite]) { store, _ in
            let project = try await store.makeProject()
            let thread = try await store.addThread(project)
            let count: Int64 = 100_000
            try await store.write { session throws(StoreError) in
                let owner: [Parameter] = [.text(thread.id), .text(project.id), .text(project.userID)]
                try session.change(
                    """
                    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $4)
                    INSERT INTO messages (id, thread_id, project_id, user_id, role, content, created_at)
                    SELECT '019ab0c5-0000-7000-8000-' || printf('%012x', i), $1, $2, $3,
                        CASE i % 10 WHEN 0 THEN 'user' WHEN 9 THEN 'assistant' ELSE 'tool' END, 'm' || i, i FROM n
                    """, owner + [.integer(count)])
                try session.change("UPDATE threads SET message_count = $1", [.integer(count / 5)])
                try session.change(
                    "INSERT INTO message_days VALUES ($1, 0, $2, $3)", [owner[1], owner[2], .integer(count / 5)])
            }
            #expect(try await store.integrityProblems() == [])
            let page = try await store.messages(userID: project.userID, threadID: thread.id, page: PageRequest(limit: 3))
            #expect(page.items.map(\.content) == ["m99999", "m99990", "m99989"])
            let cursor = Cursor(list: .messages, createdAtMs: 50_000, id: Sample.id())
            for (column, index) in [
                ("thread_id", "messages_of_thread"), ("project_id", "messages_of_project"), ("", "messages_of_user"),
            ] {
                var query = Conditions(userID: project.userID)
                query.add("(created_at, id) < (#, #)", .integer(cursor.createdAtMs), .text(cursor.id))
                if !column.isEmpty { query.add("\(column) = #", .text("x")) }
                query.add("role <> 'tool'")
                let list = Store.messageList(query, limit: 50)
                try await expectIndex(store, list, "SEARCH messages USING INDEX \(index)")
            }
            let start = Cursor.start(.threads)
            try await expectIndex(
                store, Store.threadList(userID: "u", projectID: nil, start, limit: 9),
                "SEARCH threads USING INDEX threads_of_user")
            try await expectIndex(
                store, Store.threadList(userID: "u", projectID: "p", start, limit: 9),
                "SEARCH threads USING INDEX threads_of_project")
            try await expectIndex(
                store, Store.exampleList(projectID: "p", userID: "u", start, limit: 9),
                "SEARCH examples USING INDEX examples_of_project")
            try await expectIndex(
                store, Store.approvalList(["a", "b"], userID: "u"), "SEARCH approvals USING INDEX approvals_of_message")
            try await expectIndex(
                store, ("SELECT id FROM approvals WHERE status = 'pending' AND expires_at <= $1", [.integer(1)]),
                "SEARCH approvals USING INDEX approvals_by_expiry")
            let open = try await store.plan("SELECT id, detail FROM messages WHERE is_open = 1", [])
            #expect(open == ["SCAN messages USING INDEX messages_open"])
        }
    }

    private func expectIndex(_ store: Store, _ list: (sql: String, parameters: [Parameter]), _ step: String) async throws {
        let plan = try await store.plan(list.sql, list.parameters)
        // One step: nothing is sorted, no table is gone through.
        #expect(plan.count == 1 && plan.allSatisfy { $0.hasPrefix(step + " (") }, "\(plan)")
        if list.sql.contains("(created_at, id)") || list.sql.contains("(updated_at, id)") {
            #expect(plan.allSatisfy { $0.contains("_at,id)<(?,?)") }, "\(plan)")
        }
    }
}
