@testable import Databases

/// Gates and shapes: quick on any text, and blind to blanks in front of it.
enum SQLTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let sql = FuzzTarget.text(bytes) else { return }
        let indented = " \n" + sql
        for type in DatabaseType.allCases {
            let shape = StatementShape(of: sql, type)
            precondition(shape == StatementShape(of: indented, type), "a blank changes the shape")
            precondition(shape.text.utf8.count <= StatementShape.textBytesMax + 8)
        }
        postgresql(sql, indented)
        for (ansiQuotes, backslashEscapes) in [(false, true), (true, true), (false, false), (true, false)] {
            let gate = MariaDBGate(ansiQuotes: ansiQuotes, backslashEscapes: backslashEscapes)
            let read = try? gate.read(sql)
            precondition(read.map { $0.length <= sql.utf8.count } ?? true, "more would be sent than there is")
            precondition(read?.command == (try? gate.read(indented))?.command, "a blank changes what may be read")
            precondition((try? gate.write(sql))?.command == (try? gate.write(indented))?.command)
        }
        _ = SQLiteText.command(sql)
    }

    private static func postgresql(_ sql: String, _ indented: String) {
        guard (try? PostgreSQLGate.checkText(sql)) != nil else { return }
        for isSuperuser in [false, true] {
            precondition(
                isAllowed { try PostgreSQLGate.checkRead(PostgreSQLSQLScanner(sql), isSuperuser: isSuperuser) }
                    == isAllowed { try PostgreSQLGate.checkRead(PostgreSQLSQLScanner(indented), isSuperuser: isSuperuser) },
                "a blank changes what may be read")
        }
        precondition(
            isAllowed { try PostgreSQLGate.checkWrite(PostgreSQLSQLScanner(sql)) }
                == isAllowed { try PostgreSQLGate.checkWrite(PostgreSQLSQLScanner(indented)) })
    }

    private static func isAllowed(_ check: () throws -> Void) -> Bool {
        do {
            try check()
            return true
        } catch { return false }
    }
}
