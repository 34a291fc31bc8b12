import CLibpq
import Threads

/// What the server says of a prepared statement.
struct PostgreSQLDescription {
    var fields: [(name: String, key: PostgreSQLTypeNames.Key)] = []
    var parameterCount = 0

    init() {}

    init(_ result: OpaquePointer) {
        parameterCount = Int(PQnparams(result))
        fields = (0..<PQnfields(result)).map { index in
            (
                PQfname(result, index).map { String(cString: $0) } ?? "",
                PostgreSQLTypeNames.Key(oid: PQftype(result, index), modifier: PQfmod(result, index))
            )
        }
    }
}

extension PostgreSQLDriver {
    /// Reads the replies to a prepare and a describe, after those of the transaction's beginning, up to the sync.
    func described(
        mode: AccessMode, _ watch: StatementWatch, begins: Bool = true
    ) throws(DatabaseError) -> PostgreSQLDescription {
        var failure = begins ? try begun() : nil
        if let failure {
            try skipToSync(replies: 2)
            throw watch.error(failure, phase: .execute, mode: mode)
        }
        if case .failed(let found) = try session.reply() { failure = found }
        var description = PostgreSQLDescription()
        if case .failed(let found) = try session.reply({ description = PostgreSQLDescription($0) }), failure == nil {
            failure = found
        }
        try session.synced()
        if let failure { throw watch.error(failure, phase: .prepare, mode: mode) }
        return description
    }

    func checkCount(_ expected: Int, _ statement: Statement) throws(DatabaseError) {
        guard expected == statement.parameters.count else {
            throw DatabaseError(
                .invalidParameters, phase: .prepare,
                "The statement has \(expected) parameters; \(statement.parameters.count) were given.")
        }
    }

    /// The columns of a description, in the transaction that is open. Asks the server for names it alone knows.
    func columns(_ description: PostgreSQLDescription) throws(DatabaseError) -> [Column] {
        var missing: [PostgreSQLTypeNames.Key] = []
        for field in description.fields where typeNames.name(field.key) == nil && !missing.contains(field.key) {
            missing.append(field.key)
        }
        if !missing.isEmpty { try learn(missing) }
        return description.fields.map { field in
            Column(
                name: field.name, type: typeNames.name(field.key) ?? "oid \(field.key.oid)",
                encoding: PostgreSQLType.encoding(field.key.oid))
        }
    }

    private func learn(_ keys: [PostgreSQLTypeNames.Key]) throws(DatabaseError) {
        let types = keys.map { String($0.oid) }.joined(separator: ",")
        let modifiers = keys.map { String($0.modifier) }.joined(separator: ",")
        try session.send(PostgreSQLTypeNames.query, PostgreSQLParameters(texts: ["{\(types)}", "{\(modifiers)}"]))
        try session.sync()
        var names: [String?] = []
        let reply = try session.reply { names = PostgreSQLSession.rows($0).map { $0.first ?? nil } }
        try session.synced()
        if case .failed(let failure) = reply { throw failure.error(phase: .prepare, mode: .read) }
        guard names.count == keys.count else { return }
        for (key, name) in zip(keys, names) { if let name { typeNames.learn(key, name) } }
    }
}

/// Tells a cancelled statement from one that took too long.
struct StatementWatch {
    let statement: Statement
    let canceller: PostgreSQLCanceller
    let start = Monotonic.nowMs

    init(_ statement: Statement, canceller: PostgreSQLCanceller) {
        self.statement = statement
        self.canceller = canceller
    }

    /// The failure as an error. A cancel that was asked for is known by then: the request precedes the failure.
    func error(_ failure: PostgreSQLFailure, phase: DatabaseError.Phase, mode: AccessMode) -> DatabaseError {
        let elapsed = Monotonic.nowMs - start
        let wasCancelled = failure.sqlState == "57014" && canceller.end().wasAsked
        let timedOut = elapsed >= statement.timeoutMs
        return statement.placed(failure.error(phase: phase, mode: mode, wasCancelled: wasCancelled, timedOut: timedOut))
    }
}
