import Assistant

/// The calls of a turn that did: small models ask for the same again and again.
struct CallsMade {
    private var done: Set<AssistantToolCall> = []

    /// Whether the same was done, however many rows of it were asked for.
    func hasDone(_ call: AssistantToolCall) -> Bool { done.contains(Self.bare(call)) }

    /// What was answered is no longer all there.
    mutating func forget() { done = [] }

    mutating func note(_ call: AssistantToolCall) { done.insert(Self.bare(call)) }

    private static func bare(_ call: AssistantToolCall) -> AssistantToolCall {
        switch call {
        case .runQuery(let sql, _): .runQuery(sql: SQLBlocks.trimmed(sql), maxRows: nil)
        case .explain(let sql): .explain(sql: SQLBlocks.trimmed(sql))
        case .proposeStatement(let sql, _): .proposeStatement(sql: SQLBlocks.trimmed(sql), reason: "")
        case .listTables, .describeTable, .searchSchema, .relations, .summarizeResult: call
        }
    }
}
