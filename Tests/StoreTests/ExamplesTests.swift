import Testing

@testable import Store

@Suite struct ExamplesTests {
    private func confirm(
        _ store: Store, _ project: Project, _ question: String, _ sql: String = "SELECT 1", atMs: Int64 = Sample.nowMs,
        max: Int = 100
    ) async throws(StoreError) -> ExampleRecord? {
        try await store.confirmExample(
            id: Sample.id(), projectID: project.id, userID: project.userID, question: question, sql: sql, nowMs: atMs, max: max)
    }

    @Test func theSameQuestionHasItsStatementReplaced() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let first = try #require(try await confirm(store, project, "How many  books\nare there?", "SELECT 1"))
            let second = try #require(try await confirm(store, project, " how many BOOKS are there", "SELECT 2", atMs: 7))
            #expect(second.id == first.id && second.sql == "SELECT 2" && second.createdAtMs == 7)
            #expect(second.question == " how many BOOKS are there")
            #expect(try await store.allExamples(projectID: project.id, userID: project.userID, limit: 9) == [second])
            #expect(try await confirm(store, project, "How many authors are there?")?.id != first.id)
            // Nothing but marks is a question too, and long ones that begin alike are two.
            #expect(try await confirm(store, project, "???") != nil)
            let long = String(repeating: "é", count: 1_990)
            let pair = try [await confirm(store, project, long + "a"), await confirm(store, project, long + "b")]
            #expect(pair[0]?.id != pair[1]?.id)
            #expect(try await confirm(store, project, long + "B?", "SELECT 3")?.id == pair[1]?.id)
            #expect(try await store.countRows("examples") == 5)
            #expect(ExampleRecord.key(long).utf8.count < 2_700)
        }
    }

    @Test func aProjectHasNoMoreThanItMay() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            for number in 0..<3 { #expect(try await confirm(store, project, "\(number)", max: 3) != nil) }
            #expect(try await confirm(store, project, "3", max: 3) == nil)
            // One that is there is still replaced.
            #expect(try await confirm(store, project, "2?", "SELECT 9", max: 3)?.sql == "SELECT 9")
            let all = try await store.allExamples(projectID: project.id, userID: project.userID, limit: 2)
            #expect(all.count == 2)
            #expect(try await store.deleteExample(all[0].id, userID: project.userID))
            #expect(try await confirm(store, project, "3", max: 3) != nil)
        }
    }

    @Test func examplesAreTheirOwnersAlone() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let stranger = try await store.makeProject(email: "grace@example.org")
            var examples: [ExampleRecord] = []
            for number: Int64 in 0..<5 {
                examples.append(try #require(try await confirm(store, project, "\(number)", atMs: Sample.nowMs + number / 2)))
            }
            for limit in [1, 2, 9] {
                let all = try await store.all(limit: limit) {
                    try await store.examples(projectID: project.id, userID: project.userID, page: $0)
                }
                #expect(all == examples.reversed())
            }
            #expect(try await store.examples(projectID: project.id, userID: stranger.userID).items == [])
            #expect(try await store.allExamples(projectID: project.id, userID: stranger.userID, limit: 9) == [])
            #expect(try await store.deleteExample(examples[0].id, userID: stranger.userID) == false)
            await #expect {
                try await store.confirmExample(
                    id: Sample.id(), projectID: project.id, userID: stranger.userID, question: "0", sql: "SELECT 6", nowMs: 1,
                    max: 9)
            } throws: {
                ($0 as? StoreError)?.code == .notFound
            }
            #expect(try await store.allExamples(projectID: project.id, userID: project.userID, limit: 9).count == 5)
        }
    }

    @Test func tokensAreCountedByUserAndDay() async throws {
        try await withStore { store, _ in
            let ada = try await store.makeProject().userID
            let grace = try await store.makeProject(email: "grace@example.org").userID
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask { await store.addTokens(userID: ada, day: 20_000, prompt: 10, completion: 1) }
                }
            }
            await store.addTokens(userID: grace, day: 20_000, prompt: 5, completion: 0)
            #expect(try await store.tokens(userID: ada, day: 20_000) == 1_100)
            #expect(try await store.tokens(userID: grace, day: 20_000) == 5)
            #expect(try await store.tokens(userID: ada, day: 20_001) == 0)
            // What a model's server says is not always a number of tokens.
            for _ in 0..<3 { await store.addTokens(userID: ada, day: 20_001, prompt: .max, completion: -5) }
            #expect(try await store.tokens(userID: ada, day: 20_001) == 3 << 40)
            await store.addTokens(userID: Sample.id(), day: 1, prompt: 1, completion: 1)
            await store.addTokens(userID: ada, day: 20_500, prompt: 1, completion: 1)
            #expect(try await store.tokens(userID: ada, day: 20_500) == 2)
            #expect(try await store.tokens(userID: ada, day: 20_000) == 0)
            #expect(try await store.tokens(userID: grace, day: 20_000) == 5)
        }
    }
}
