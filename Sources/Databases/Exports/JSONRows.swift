import Protocol

/// An array of objects, or an object a line; cells are those of the result.
struct JSONRows: RowFormat {
    private let columns: [Column]
    /// `"name":`, each with what stands before it.
    private let names: [JSONText]
    private let isArray: Bool

    init(_ columns: [Column], isArray: Bool) {
        self.columns = columns
        self.isArray = isArray
        names = UniqueNames.of(columns.map(\.name)).enumerated().map { index, name in
            var writer = JSONWriter()
            writer.raw(index == 0 ? "{" : ",")
            writer.string(name)
            writer.raw(":")
            return writer.take()
        }
    }

    func begin(_ out: inout JSONWriter) {
        if isArray { out.raw("[\n") }
    }

    func row(
        _ reader: inout JSONReader, isFirst: Bool, _ out: inout JSONWriter, scratch: inout JSONWriter, _ cut: inout CutCells
    ) throws(CutCell) {
        if isArray, !isFirst { out.raw(",\n") }
        try? reader.enterArray()
        var column = 0
        while reader.nextElement() {
            names[column].encode(to: &out)
            let cell = reader.slice()
            if cell.first == UInt8(ascii: "{") {
                var inner = JSONReader(cell)
                if case .cut = Cell(&inner, columns[column].encoding) { try cut.see(column) }
            }
            out.raw(cell)
            column += 1
        }
        out.raw(isArray ? "}" : "}\n")
    }

    func end(_ out: inout JSONWriter, isTruncated: Bool) {
        if isArray { out.raw("\n]\n") }
    }
}

/// Names made unique, so that no column hides another: the second `a` is `a_2`, unless there is one before it.
enum UniqueNames {
    static func of(_ names: [String], ignoringCase: Bool = false) -> [String] {
        func key(_ name: String) -> String { ignoringCase ? name.lowercased() : name }
        var taken: Set<String> = []
        var next: [String: Int] = [:]
        return names.map { name in
            var unique = name
            if taken.contains(key(name)) {
                var number = next[key(name)] ?? 2
                while taken.contains(key("\(name)_\(number)")) { number += 1 }
                next[key(name)] = number + 1
                unique = "\(name)_\(number)"
            }
            taken.insert(key(unique))
            return unique
        }
    }
}
