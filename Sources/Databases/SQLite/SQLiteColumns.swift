import CSQLite

/// The columns of a statement, and how their cells are written.
enum SQLiteColumns {
    /// Names, declared types and encodings; an expression has the type `""` and the encoding `dynamic`.
    static func of(_ statement: OpaquePointer) -> [Column] {
        // EXPLAIN answers with columns of its own, and declares nothing.
        (0..<sqlite3_column_count(statement)).map { index in
            let name = sqlite3_column_name(statement, index).map { String(cString: $0) } ?? ""
            let type = sqlite3_column_decltype(statement, index).map { String(cString: $0) } ?? ""
            return Column(name: name, type: type, encoding: encoding(declaredType: type))
        }
    }

    /// By the rules of column affinity (sqlite.org/datatype3.html, section 3.1), in their order.
    static func encoding(declaredType: String) -> Column.Encoding {
        let type = declaredType.uppercased()
        func has(_ part: String) -> Bool { type.utf8.count >= part.utf8.count && type.contains(part) }
        if type.isEmpty { return .dynamic }
        if has("INT") { return .integer }
        if has("CHAR") || has("CLOB") || has("TEXT") { return .string }
        if has("BLOB") { return .base64 }
        if has("REAL") || has("FLOA") || has("DOUB") { return .float }
        return .dynamic
    }
}
