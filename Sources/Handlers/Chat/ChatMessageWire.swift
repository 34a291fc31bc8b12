import Protocol
import Security
import Store

// Messages and proposals as a client sees them.
extension ChatHandlers {
    /// These messages, what they propose as it stands at `nowMs`.
    func wire(_ messages: [ChatMessageRecord], userID: String, nowMs: Int64) async throws -> [ChatMessage] {
        let said = messages.filter { $0.role == .assistant }
        let approvals = try await services.store.approvals(messageIDs: said.map(\.id), userID: userID)
        let byMessage = Dictionary(grouping: approvals, by: \.messageID)
        return messages.map { Self.wire($0, byMessage[$0.id] ?? [], nowMs: nowMs) }
    }

    static func wire(_ message: ChatMessageRecord, _ approvals: [ApprovalRecord], nowMs: Int64) -> ChatMessage {
        let detail = ChatDetail(message.detail)
        return ChatMessage(
            id: message.id, threadId: message.threadID, projectId: message.projectID, role: wire(message.role),
            text: message.content, mode: detail.mode, statements: detail.statements,
            proposals: approvals.isEmpty ? nil : approvals.map { wire($0, nowMs: nowMs) }, toolUse: detail.toolUse,
            usage: detail.usage, model: detail.model, note: detail.note, outcome: detail.outcome,
            createdAt: Timestamp.format(message.createdAtMs))
    }

    static func wire(_ role: ChatRecordRole) -> MessageRole {
        switch role {
        case .user: .user
        case .assistant: .assistant
        case .tool: .tool
        }
    }

    /// A proposal as it stands at `nowMs`: expired as soon as its time is over, whether housekeeping came by or not.
    static func wire(_ approval: ApprovalRecord, nowMs: Int64) -> ChatProposal {
        ChatProposal(
            approvalId: approval.id, sql: approval.sql, reason: approval.reason, command: approval.command,
            relations: approval.relations, rowsEstimate: approval.rowsEstimate.map(Int.init),
            status: status(approval, nowMs: nowMs), createdAt: Timestamp.format(approval.createdAtMs),
            expiresAt: Timestamp.format(approval.expiresAtMs), queryId: approval.queryID)
    }

    private static func status(_ approval: ApprovalRecord, nowMs: Int64) -> ApprovalStatus {
        switch approval.state {
        case .pending: approval.expiresAtMs > nowMs ? .pending : .expired
        case .approved: .approved
        case .declined: .declined
        case .expired: .expired
        }
    }
}
