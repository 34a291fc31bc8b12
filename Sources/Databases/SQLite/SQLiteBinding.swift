import CSQLite

/// Binds parameters by position: the first goes to SQLite's parameter 1, and so on, however the statement spells them
/// (`?`, `?1`, `$1`, `:name`, `@name`; a name that stands twice is one parameter).
enum SQLiteBinding {
    /// Errors: `invalid_parameters` if the number is wrong or a value is longer than the limit. SQLite keeps no NaN: it
    /// becomes NULL.
    static func bind(_ parameters: [Parameter], to statement: OpaquePointer) throws(DatabaseError) {
        let expected = Int(sqlite3_bind_parameter_count(statement))
        guard parameters.count == expected else {
            throw DatabaseError(
                .invalidParameters, phase: .prepare,
                "The statement has \(expected) parameter\(expected == 1 ? "" : "s"), and \(parameters.count) "
                    + "\(parameters.count == 1 ? "was" : "were") given.")
        }
        for (index, parameter) in parameters.enumerated() {
            let status =
                length(parameter) > SQLiteHardening.valueBytesMax
                ? SQLITE_TOOBIG : SQLiteDatabase.bind(parameter, to: statement, at: Int32(index + 1))
            guard status == SQLITE_OK else {
                let reason =
                    status & 0xFF == SQLITE_TOOBIG
                    ? "is longer than \(SQLiteHardening.valueBytesMax) bytes" : "could not be bound"
                throw DatabaseError(
                    .invalidParameters, phase: .prepare, "Parameter \(index + 1) \(reason).", nativeCode: Int(status))
            }
        }
    }

    private static func length(_ parameter: Parameter) -> Int {
        switch parameter {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .null, .bool, .integer, .double: 8
        }
    }
}
