import Databases
import Protocol
import Security
import Store
import Synchronization
import TestSupport
import Testing

@testable import Handlers

/// chat.threads, chat.history, chat.renameThread and chat.deleteThread of conversations that are there.
@Suite struct ChatHistoryTests {
    private static let detail = ChatDetail(
        mode: .sql,
        statements: [
            ChatStatement(
                sql: "SELECT \"a\"\nFROM b", queryId: "q", resultId: "r",
                columns: [WireColumn(name: "a\"", type: "bytea", encoding: .base64)], rowCount: 7, truncated: true),
            ChatStatement(sql: "SELECT 2"),
        ],
        toolUse: ChatToolUse(
            tool: "run_query", outcome: .refused, summary: "one line", sqlHash: "00ff", queryId: "q", errorCode: "read_only",
            durationMs: 1.5),
        usage: ChatUsage(
            promptTokens: 1, completionTokens: 2, estimated: true, steps: 3, toolCalls: 4, corrections: 5, durationMs: 6.25),
        model: "small", note: "a \"note\"\u{2028}", outcome: .finished)

    @Test func whatIsKeptIsReadBack() throws {
        let text = try #require(Self.detail.text)
        #expect(ChatDetail(text) == Self.detail)
        #expect(ChatDetail(nil) == ChatDetail() && ChatDetail().text == nil)
        for damaged in ["", "{", "[1]", "null", "\u{1}"] { #expect(ChatDetail(damaged) == ChatDetail()) }
        // One member that is not as it should be costs itself only.
        let mixed = #"{"usage":{"steps":"x"},"statements":[{"sql":1}],"mode":"dream","model":"m","moon":{"a":[]},"note":"n"}"#
        #expect(ChatDetail(mixed) == ChatDetail(model: "m", note: "n"))
        let newer = #"{"usage":{"steps":2,"moons":[1]},"outcome":"cancelled"}"#
        #expect(ChatDetail(newer).usage?.steps == 2 && ChatDetail(newer).outcome == .cancelled)
    }

    @Test func aThreadIsShownAsItWasSaid() async throws {
        try await HandlerBench.run { bench in
            let chat = bench.methods.chat
            let thread = try await bench.addThread("odd\n\"title\"", atMs: 1_000)
            var tool = ChatDetail()
            tool.toolUse = Self.detail.toolUse
            try await bench.store.insertMessages(
                [
                    bench.message(thread, .user, "hello", ChatDetail(mode: .sql), atMs: 1_000),
                    bench.message(thread, .tool, "", tool, atMs: 2_000),
                    bench.message(thread, .assistant, "**Two**", Self.detail, atMs: 3_000),
                ], updatingThreadAtMs: 3_000)
            for isTold in [false, true] {
                let page = try await chat.history(ChatHistoryParams(threadId: thread.id.uppercased(), tools: isTold), bench.owner)
                #expect(page.items.map(\.role) == (isTold ? [.assistant, .tool, .user] : [.assistant, .user]))
                let answer = try #require(page.items.first)
                #expect(answer.text == "**Two**" && answer.statements == Self.detail.statements && answer.usage?.steps == 3)
                #expect(answer.mode == .sql && answer.model == "small" && answer.note == Self.detail.note)
                #expect(answer.outcome == .finished && answer.proposals == nil)
                #expect(answer.createdAt == "1970-01-01T00:00:03.000Z")
                var writer = JSONWriter(capacity: 100)
                page.encode(to: &writer)
                #expect(!writer.take().string.contains("\n"))
            }
            let list = try await chat.threads(ChatThreadsParams(projectId: bench.project.id), bench.owner)
            #expect(list.items.map(\.title) == ["odd\n\"title\""] && list.items.map(\.messageCount) == [2])
            #expect(list.items.first?.updatedAt == "1970-01-01T00:00:03.000Z")
            let renamed = try await chat.renameThread(ChatRenameThreadParams(threadId: thread.id, title: "new"), bench.owner)
            #expect(renamed.title == "new" && renamed.messageCount == 2 && renamed.updatedAt == list.items.first?.updatedAt)
            // Nobody else's.
            #expect(try await chat.history(ChatHistoryParams(threadId: thread.id), bench.stranger).items == [])
            #expect(try await chat.history(ChatHistoryParams(projectId: bench.project.id), bench.stranger).items == [])
            #expect(try await chat.threads(ChatThreadsParams(), bench.stranger).items == [])
            await #expect {
                try await chat.renameThread(ChatRenameThreadParams(threadId: thread.id, title: "mine"), bench.stranger)
            } throws: {
                ($0 as? RPCError)?.code == .notFound
            }
        }
    }

    @Test func aProposalIsShownAsItStandsNow() async throws {
        try await HandlerBench.run { bench in
            let nowMs = Timestamp.now()
            let thread = try await bench.addThread()
            let message = bench.message(thread, .assistant, "May I?", ChatDetail(outcome: .finished), atMs: nowMs)
            try await bench.store.insertMessages([message], updatingThreadAtMs: nowMs)
            var approvals: [ApprovalRecord] = []
            for number: Int64 in 0..<4 {
                let approval = ApprovalRecord(
                    id: Identifier.make(), threadID: thread.id, projectID: thread.projectID, userID: bench.userID,
                    messageID: message.id, sql: "DELETE FROM t\(number)", reason: "why", command: "DELETE",
                    relations: ["main.t"], rowsEstimate: number, createdAtMs: nowMs + number,
                    expiresAtMs: number == 3 ? nowMs : nowMs + 600_000)
                try await bench.store.insertApproval(approval)
                approvals.append(approval)
            }
            let queryID = Identifier.make()
            let start = QueryStart(
                id: queryID, projectID: thread.projectID, userID: bench.userID, sql: approvals[1].sql, mode: .write,
                source: .chat,
                createdAtMs: nowMs)
            _ = try await bench.store.redeemApproval(
                approvals[1].id, for: start, shape: StatementShape(of: start.sql, .sqlite))
            try await bench.store.declineApproval(approvals[2].id, userID: bench.userID, nowMs: nowMs)
            let shown = try await bench.methods.chat.history(ChatHistoryParams(threadId: thread.id), bench.owner)
            let proposals = try #require(shown.items.first?.proposals)
            #expect(proposals.map(\.status) == [.pending, .approved, .declined, .expired])
            #expect(proposals.map(\.approvalId) == approvals.map(\.id) && proposals.map(\.rowsEstimate) == [0, 1, 2, 3])
            #expect(proposals.map(\.queryId) == [nil, queryID, nil, nil] && proposals[0].relations == ["main.t"])
            await bench.services.housekeep()
            #expect(try await bench.store.approval(approvals[3].id, userID: bench.userID)?.state == .expired)
            #expect(try await bench.store.approval(approvals[0].id, userID: bench.userID)?.state == .pending)
        }
    }

    @Test func deletingAThreadStopsItsTurn() async throws {
        try await HandlerBench.run { bench in
            let chat = bench.methods.chat
            let thread = try await bench.addThread()
            let stopped = Mutex(0)
            let turn = Turn(
                threadID: thread.id, projectID: thread.projectID, userID: bench.userID, sessionID: "ada", connectionID: "ada"
            ) { stopped.withLock { $0 += 1 } }
            #expect(bench.services.turns.begin(turn) == .began)
            _ = try await chat.deleteThread(ChatDeleteThreadParams(threadId: thread.id), bench.stranger)
            #expect(stopped.withLock { $0 } == 0)
            #expect(try await bench.store.thread(thread.id, userID: bench.userID) != nil)
            for _ in 0..<2 { _ = try await chat.deleteThread(ChatDeleteThreadParams(threadId: thread.id), bench.owner) }
            #expect(stopped.withLock { $0 } == 1)
            #expect(try await bench.store.thread(thread.id, userID: bench.userID) == nil)
            // What the turn would still write finds no thread.
            let late = bench.message(thread, .assistant, "late", atMs: 1)
            await #expect { try await bench.store.insertMessages([late], updatingThreadAtMs: 1) } throws: {
                ($0 as? StoreError)?.code == .notFound
            }
        }
    }
}
