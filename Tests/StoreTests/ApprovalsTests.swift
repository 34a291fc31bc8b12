import Databases
import Testing

@testable import Store

extension Store {
    /// Spends it for a query of its statement.
    fileprivate func redeem(
        _ approval: ApprovalRecord, userID: String, queryID: String, nowMs: Int64
    ) async throws(StoreError) -> ApprovalRecord? {
        let start = QueryStart(
            id: queryID, projectID: approval.projectID, userID: userID, sql: approval.sql, mode: .write, source: .chat,
            createdAtMs: nowMs)
        return try await redeemApproval(approval.id, for: start, shape: StatementShape(of: start.sql, .postgresql))
    }
}

@Suite struct ApprovalsTests {
    private func proposal(_ store: Store, email: String = "ada@example.org", expiresAtMs: Int64 = Sample.nowMs + 600_000)
        async throws -> (project: Project, approval: ApprovalRecord)
    {
        let project = try await store.makeProject(email: email)
        let thread = try await store.addThread(project)
        // Both spellings of one letter, and no final newline: bytes, not text.
        let approval = Sample.approval(
            Sample.message(thread, project, .assistant), sql: "DELETE FROM \"caf\u{E9}\" -- cafe\u{301} \t",
            expiresAtMs: expiresAtMs)
        try await store.insertApproval(approval)
        return (project, approval)
    }

    @Test func aProposalIsItsUsersAlone() async throws {
        try await withStore { store, _ in
            let (project, approval) = try await proposal(store)
            let stranger = try await store.makeProject(email: "grace@example.org")
            let found = try await store.approval(approval.id, userID: project.userID)
            #expect(found == approval)
            #expect(found.map { Array($0.sql.utf8) } == Array(approval.sql.utf8))
            #expect(try await store.approval(approval.id, userID: stranger.userID) == nil)
            let ids = (0..<250).map { _ in Sample.id() } + [approval.messageID]
            #expect(try await store.approvals(messageIDs: ids, userID: project.userID) == [approval])
            #expect(try await store.approvals(messageIDs: ids, userID: stranger.userID) == [])
            #expect(try await store.approvals(messageIDs: [], userID: project.userID) == [])
            let now = Sample.nowMs
            #expect(
                try await store.redeem(approval, userID: stranger.userID, queryID: Sample.id(), nowMs: now) == nil)
            #expect(try await store.declineApproval(approval.id, userID: stranger.userID, nowMs: now) == false)
            #expect(try await store.approval(approval.id, userID: project.userID) == approval)
            var changed = approval
            (changed.id, changed.userID) = (Sample.id(), stranger.userID)
            let foreign = changed
            await #expect { try await store.insertApproval(foreign) } throws: {
                ($0 as? StoreError)?.code == .notFound
            }
        }
    }

    @Test func ofManyAtOnceOneRedeemsIt() async throws {
        try await withStore { store, _ in
            let (project, approval) = try await proposal(store)
            let winners = await withTaskGroup(of: ApprovalRecord?.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try? await store.redeem(approval, userID: project.userID, queryID: Sample.id(), nowMs: Sample.nowMs + 1)
                    }
                }
                return await group.reduce(into: [ApprovalRecord]()) { if let record = $1 { $0.append(record) } }
            }
            #expect(winners.count == 1)
            let winner = try #require(winners.first)
            #expect(winner.state == .approved && winner.decidedAtMs == Sample.nowMs + 1 && winner.queryID != nil)
            #expect(winner.sql == approval.sql && winner.relations == approval.relations)
            #expect(try await store.approval(approval.id, userID: project.userID) == winner)
            #expect(try await store.declineApproval(approval.id, userID: project.userID, nowMs: Sample.nowMs + 2) == false)
            #expect(try await store.expireApprovals(nowMs: .max) == 0)
        }
    }

    @Test(arguments: StoreKind.allCases) func aRestartDoesNotGiveItBack(kind: StoreKind) async throws {
        let directory = TemporaryDirectory()
        let location = try kind.location(directory)
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        let (project, approval) = try await proposal(store)
        let queryID = Sample.id()
        let redeemed = try await store.redeem(approval, userID: project.userID, queryID: queryID, nowMs: Sample.nowMs)
        #expect(redeemed?.queryID == queryID)
        await store.close()
        let again = try await Store.open(location, nowMs: Sample.nowMs)
        // What ran it is there too, and what became of it is not known.
        #expect(again.interruptedQueries == 1)
        let query = try await again.query(id: queryID, userID: project.userID)
        #expect(query?.start.sql == approval.sql && query?.end.errorCode == "interrupted")
        #expect(try await again.approval(approval.id, userID: project.userID) == redeemed)
        #expect(
            try await again.redeem(approval, userID: project.userID, queryID: Sample.id(), nowMs: Sample.nowMs)
                == nil)
        await again.close()
    }

    /// Both or neither: an id that was used spends nothing.
    @Test func itIsNotSpentWithoutItsQuery() async throws {
        try await withStore { store, _ in
            let (project, approval) = try await proposal(store)
            let start = QueryStart(
                id: Sample.id(), projectID: project.id, userID: project.userID, sql: "SELECT 1", mode: .read, source: .script,
                createdAtMs: Sample.nowMs)
            try await store.insertRunning(start)
            await #expect {
                try await store.redeem(approval, userID: project.userID, queryID: start.id, nowMs: Sample.nowMs)
            } throws: {
                ($0 as? StoreError)?.code == .conflict
            }
            #expect(try await store.approval(approval.id, userID: project.userID) == approval)
        }
    }

    @Test func timeEndsAProposal() async throws {
        try await withStore { store, _ in
            let (project, approval) = try await proposal(store, expiresAtMs: Sample.nowMs + 10)
            let (user, id) = (project.userID, approval.id)
            #expect(try await store.expireApprovals(nowMs: Sample.nowMs + 9) == 0)
            // Past its time, before housekeeping comes by.
            #expect(try await store.redeem(approval, userID: user, queryID: Sample.id(), nowMs: Sample.nowMs + 10) == nil)
            #expect(try await store.declineApproval(id, userID: user, nowMs: Sample.nowMs + 10) == false)
            #expect(try await store.approval(id, userID: user)?.state == .pending)
            #expect(try await store.expireApprovals(nowMs: Sample.nowMs + 10) == 1)
            #expect(try await store.approval(id, userID: user)?.state == .expired)
            #expect(try await store.redeem(approval, userID: user, queryID: Sample.id(), nowMs: 0) == nil)
        }
    }

    @Test func whatWasDeclinedStaysDeclined() async throws {
        try await withStore { store, _ in
            let (project, approval) = try await proposal(store)
            let (user, id) = (project.userID, approval.id)
            #expect(try await store.declineApproval(id, userID: user, nowMs: Sample.nowMs + 3))
            #expect(try await store.declineApproval(id, userID: user, nowMs: Sample.nowMs + 4) == false)
            #expect(try await store.redeem(approval, userID: user, queryID: Sample.id(), nowMs: Sample.nowMs + 5) == nil)
            let found = try await store.approval(id, userID: user)
            #expect(found?.state == .declined && found?.decidedAtMs == Sample.nowMs + 3 && found?.queryID == nil)
        }
    }
}
