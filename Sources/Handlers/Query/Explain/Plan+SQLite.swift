import Protocol

extension Plan {
    /// Reads the rows of `EXPLAIN QUERY PLAN`: id, parent, unused, text.
    mutating func readSQLite(_ rows: UnsafeRawBufferPointer) throws(JSONMismatch) {
        var places: [Int64: Int] = [:]
        var reader = JSONReader(rows)
        try reader.enterArray()
        while reader.nextElement() {
            let (id, parent, text) = try Self.sqliteRow(&reader)
            guard let place = add(Self.operation(text), under: places[parent]) else { return }
            places[id] = place
            change(place) { node in
                node.detail = text
                node.relation = Self.relation(text)
                node.index = Self.index(text)
            }
        }
    }

    /// The same rows as objects, without the unused column.
    static func sqliteJSON(_ rows: UnsafeRawBufferPointer) throws(JSONMismatch) -> JSONText {
        var writer = JSONWriter(capacity: rows.count * 2)
        var reader = JSONReader(rows)
        try reader.enterArray()
        writer.raw("[")
        var isFirst = true
        while reader.nextElement() {
            let (id, parent, text) = try sqliteRow(&reader)
            writer.raw(isFirst ? "{\"id\":" : ",{\"id\":")
            writer.integer(id)
            writer.raw(",\"parent\":")
            writer.integer(parent)
            writer.raw(",\"detail\":")
            writer.string(text)
            writer.raw("}")
            isFirst = false
        }
        writer.raw("]")
        return writer.take()
    }

    private static func sqliteRow(_ reader: inout JSONReader) throws(JSONMismatch) -> (Int64, Int64, String) {
        try reader.enterArray()
        var numbers: [Int64] = []
        var text = ""
        while reader.nextElement() {
            if reader.kind == .number { numbers.append(try reader.integer()) } else { text = try reader.string() }
        }
        return (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0, text)
    }

    private static func operation(_ text: String) -> String {
        let known = ["USE TEMP B-TREE", "CO-ROUTINE", "COMPOUND QUERY", "LEFT-MOST SUBQUERY", "CORRELATED SCALAR SUBQUERY"]
        return known.first { text.hasPrefix($0) } ?? String(text.prefix { $0 != " " })
    }

    private static func relation(_ text: String) -> String? {
        guard let verb = ["SCAN ", "SEARCH "].first(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(verb.count)
        let name = rest.firstRange(of: " USING ").map { rest[..<$0.lowerBound] } ?? rest
        // `SCAN CONSTANT ROW` and subqueries are no tables.
        return name == "CONSTANT ROW" || name.hasPrefix("(") || name.contains("VIRTUAL TABLE") ? nil : String(name)
    }

    private static func index(_ text: String) -> String? {
        guard let word = text.firstRange(of: " INDEX ") else { return nil }
        let rest = text[word.upperBound...]
        return String(rest.firstRange(of: " (").map { rest[..<$0.lowerBound] } ?? rest)
    }
}
