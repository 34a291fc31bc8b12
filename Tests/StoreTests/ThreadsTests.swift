import Testing

@testable import Store

@Suite struct ThreadsTests {
    @Test func aThreadIsItsOwnersAlone() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let stranger = try await store.makeProject(email: "grace@example.org")
            let thread = try await store.addThread(project, title: "a \"title\"\nof 📚")
            #expect(try await store.thread(thread.id, userID: project.userID) == thread)
            #expect(try await store.thread(thread.id, userID: stranger.userID) == nil)
            #expect(try await store.threads(userID: stranger.userID).items == [])
            #expect(try await store.threads(userID: stranger.userID, projectID: project.id).items == [])
            #expect(try await store.renameThread(thread.id, userID: stranger.userID, title: "mine") == nil)
            #expect(try await store.deleteThread(thread.id, userID: stranger.userID) == false)
            #expect(try await store.thread(thread.id, userID: project.userID) == thread)
            // Nor can one begin in somebody else's project, or where none is.
            for projectID in [stranger.id, Sample.id()] {
                let foreign = ThreadRecord(id: Sample.id(), projectID: projectID, title: "t", createdAtMs: 1)
                await #expect { try await store.insertThread(foreign, userID: project.userID) } throws: {
                    ($0 as? StoreError)?.code == .notFound
                }
            }
            await #expect { try await store.insertThread(thread, userID: project.userID) } throws: {
                ($0 as? StoreError)?.code == .conflict
            }
        }
    }

    @Test func theLatestComesFirst() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            var other = project
            (other.id, other.name) = (Sample.id(), "other")
            try await store.createProject(other)
            var threads: [ThreadRecord] = []
            for number in 0..<7 {
                threads.append(
                    try await store.addThread(
                        number == 3 ? other : project, title: "\(number)", atMs: Sample.nowMs + Int64(number / 2)))
            }
            let first = threads[0]
            try await store.insertMessages(
                [
                    Sample.message(first, project, .user), Sample.message(first, project, .tool),
                    Sample.message(first, project, .assistant),
                ], updatingThreadAtMs: Sample.nowMs + 100)
            for limit in [1, 2, 50] {
                let all = try await store.all(limit: limit) { try await store.threads(userID: project.userID, page: $0) }
                #expect(all.map(\.title) == ["0", "6", "5", "4", "3", "2", "1"])
                #expect(all.map(\.messageCount) == [2, 0, 0, 0, 0, 0, 0] && all[0].updatedAtMs == Sample.nowMs + 100)
                let own = try await store.all(limit: limit) {
                    try await store.threads(userID: project.userID, projectID: other.id, page: $0)
                }
                #expect(own.map(\.title) == ["3"])
            }
            // An older time does not take it back.
            try await store.insertMessages([Sample.message(first, project, .user)], updatingThreadAtMs: 5)
            let renamed = try await store.renameThread(first.id, userID: project.userID, title: "zero")
            #expect(renamed?.title == "zero" && renamed?.updatedAtMs == Sample.nowMs + 100 && renamed?.messageCount == 3)
            await #expect { try await store.threads(userID: project.userID, page: PageRequest(cursor: "q1_2")) } throws: {
                ($0 as? StoreError)?.code == .invalidCursor
            }
        }
    }

    @Test func deletingAThreadTakesAllOfItAndNothingElse() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            // More than one step has.
            let thread = try await store.addMessages(project, count: 2 * Store.forgetBatch + 1)
            let other = try await store.addMessages(project, count: 3)
            let message = Sample.message(thread, project, .tool, atMs: Sample.nowMs + 2 * Day.ms)
            try await store.insertMessages([message], updatingThreadAtMs: Sample.nowMs)
            try await store.insertApproval(Sample.approval(message))
            #expect(try await store.integrityProblems() == [])
            #expect(try await store.deleteThread(thread.id, userID: project.userID))
            #expect(try await store.deleteThread(thread.id, userID: project.userID) == false)
            for (table, count) in ["threads": 1, "messages": 3, "approvals": 0, "message_days": 1] {
                #expect(try await store.countRows(table) == Int64(count), "\(table)")
            }
            #expect(try await store.thread(other.id, userID: project.userID)?.messageCount == 3)
            let dashboard = try await store.dashboard(userID: project.userID, days: 1, nowMs: Sample.nowMs)
            #expect(dashboard.messageCount == 3)
            #expect(try await store.integrityProblems() == [])
        }
    }

    @Test func deletingAProjectTakesItsConversations() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let thread = try await store.addMessages(project, count: Store.forgetBatch + 1)
            try await store.insertApproval(Sample.approval(Sample.message(thread, project, .assistant)))
            _ = try await store.confirmExample(
                id: Sample.id(), projectID: project.id, userID: project.userID, question: "q", sql: "SELECT 1", nowMs: 1, max: 9)
            await store.addTokens(userID: project.userID, day: 1, prompt: 1, completion: 1)
            #expect(try await store.deleteProject(id: project.id, userID: project.userID))
            for table in ["threads", "messages", "approvals", "message_days", "examples"] {
                #expect(try await store.countRows(table) == 0, "\(table)")
            }
            // What was used stays used.
            #expect(try await store.tokens(userID: project.userID, day: 1) == 2)
            #expect(try await store.deleteUser(id: project.userID))
            #expect(try await store.countRows("token_days") == 0)
            #expect(try await store.integrityProblems() == [])
        }
    }
}
