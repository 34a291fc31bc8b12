import Assistant
import Testing

@Suite struct ThreadCompactionTests {
    private func thread(_ turns: Int, bytes: Int = 300) -> [ThreadMessage] {
        (0..<turns).flatMap { number in
            [
                ThreadMessage(role: .user, text: "question \(number)"),
                ThreadMessage(role: .tool, text: String(repeating: "x", count: bytes), sql: ["SELECT wrong"]),
                ThreadMessage(role: .assistant, text: "answer \(number)", sql: ["SELECT \(number)"]),
            ]
        }
    }

    @Test func aShortThreadIsKeptAsItIs() {
        let compaction = ThreadCompaction(system: "be good", thread(3), windowTokens: 8_000, replyTokens: 1_000)
        #expect(compaction.kept == 0..<9)
        #expect(compaction.digest == nil && compaction.notice == nil && compaction.compactedMessages == 0)
    }

    @Test func olderTurnsBecomeQuestionsAndTheirFinalSQL() {
        let messages = thread(100)
        let compaction = ThreadCompaction(system: "be good", messages, windowTokens: 4_000, replyTokens: 1_000)
        #expect(messages[compaction.kept.lowerBound].role == .user)
        #expect(compaction.compactedMessages == compaction.kept.lowerBound)
        #expect(compaction.compactedMessages > 0)
        #expect(compaction.tokens <= 3_000)
        let last = compaction.kept.lowerBound / 3 - 1
        #expect(compaction.digest?.hasSuffix("- asked: question \(last); SQL: SELECT \(last)") == true)
        #expect(compaction.digest?.contains("wrong") == false)
        #expect(compaction.notice?.hasPrefix("\(compaction.compactedMessages) older messages") == true)
        let lines = (compaction.digest?.split(separator: "\n").count ?? 1) - 1
        #expect(lines + compaction.forgottenTurns == compaction.kept.lowerBound / 3)
    }

    @Test func theWindowHoldsWhateverItsSize() {
        for turns in [1, 2, 7, 40, 300] {
            for window in stride(from: 500, to: 20_000, by: 731) {
                let compaction = ThreadCompaction(thread(turns), systemTokens: 200, windowTokens: window, replyTokens: 100)
                #expect(compaction.kept.upperBound == turns * 3)
                #expect(compaction.isTooLong || compaction.tokens <= window - 100)
                #expect(compaction == ThreadCompaction(thread(turns), systemTokens: 200, windowTokens: window, replyTokens: 100))
            }
        }
    }

    @Test func theLatestTurnStaysEvenIfItIsTooLong() {
        let compaction = ThreadCompaction(thread(2, bytes: 50_000), systemTokens: 0, windowTokens: 1_000, replyTokens: 0)
        #expect(compaction.kept == 3..<6)
        #expect(compaction.isTooLong)
        #expect(compaction.digest == nil && compaction.forgottenTurns == 1)
    }

    @Test func aThreadMayBeEmptyOrBeginWithAnAnswer() {
        #expect(ThreadCompaction([], systemTokens: 0, windowTokens: 100, replyTokens: 0).kept == 0..<0)
        let odd = [ThreadMessage(role: .assistant, text: "hello"), ThreadMessage(role: .user, text: "hi")]
        #expect(ThreadCompaction(odd, systemTokens: 0, windowTokens: 100, replyTokens: 0).kept == 0..<2)
        #expect(ThreadCompaction(Array(odd.prefix(1)), systemTokens: 0, windowTokens: 100, replyTokens: 0).kept == 0..<1)
    }
}
