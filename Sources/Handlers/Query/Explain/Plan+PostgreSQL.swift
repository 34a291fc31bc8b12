import Protocol

extension Plan {
    /// Reads `EXPLAIN (FORMAT JSON)`: an array of one object, whose `Plan` has its children in `Plans`.
    mutating func readPostgreSQL(_ json: UnsafeRawBufferPointer) throws(JSONMismatch) {
        var reader = JSONReader(json)
        try reader.enterArray()
        guard reader.nextElement() else { return }
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.text {
            case "Plan": try readPostgreSQLNode(reader.slice(), under: nil)
            case "Planning Time": planningMs = try reader.double()
            case "Execution Time": executionMs = try reader.double()
            default: reader.slice()
            }
        }
    }

    private mutating func readPostgreSQLNode(
        _ json: UnsafeRawBufferPointer, under parent: Int?
    ) throws(JSONMismatch) {
        guard let id = add("", under: parent) else { return }
        var node = PostgreSQLNode()
        var children: UnsafeRawBufferPointer?
        var reader = JSONReader(json)
        try reader.enterObject()
        while let name = reader.nextMember() {
            if name.text == "Plans" { children = reader.slice() } else { try node.read(name.text, &reader) }
        }
        change(id) { node.fill(&$0) }
        guard let children else { return }
        reader = JSONReader(children)
        try reader.enterArray()
        while reader.nextElement() { try readPostgreSQLNode(reader.slice(), under: id) }
    }
}

/// The members of one node that are told on.
private struct PostgreSQLNode {
    private var texts: [String: String] = [:]
    private var numbers: [String: Double] = [:]
    private var notes: [String] = []

    private static let noted: Set<String> = [
        "Index Cond", "Recheck Cond", "TID Cond", "Hash Cond", "Merge Cond", "Join Filter", "One-Time Filter", "Filter",
        "Sort Key", "Presorted Key", "Group Key", "Function Call", "Subplan Name", "CTE Name", "Workers Planned",
        "Rows Removed by Filter", "Sort Method", "Sort Space Used", "Heap Fetches", "Temp Written Blocks",
    ]

    mutating func read(_ name: String, _ reader: inout JSONReader) throws(JSONMismatch) {
        switch reader.kind {
        case .string:
            let text = try reader.string()
            texts[name] = text
            if Self.noted.contains(name) { notes.append("\(name): \(text)") }
        case .number:
            let number = try reader.double()
            numbers[name] = number
            if Self.noted.contains(name), number > 0 { notes.append("\(name): \(Self.text(number))") }
        case .array where Self.noted.contains(name):
            var keys: [String] = []
            try reader.enterArray()
            while reader.nextElement() { if reader.kind == .string { keys.append(try reader.string()) } else { reader.slice() } }
            notes.append("\(name): \(keys.joined(separator: ", "))")
        default: reader.slice()
        }
    }

    /// A count as it is; what is one on average, of several loops, to three digits behind the point.
    private static func text(_ number: Double) -> String {
        if let whole = Int(exactly: number) { return String(whole) }
        let rounded = (number * 1000).rounded() / 1000
        return Int(exactly: rounded).flatMap { $0 > 0 ? String($0) : nil } ?? "\(rounded > 0 ? rounded : number)"
    }

    func fill(_ node: inout PlanNode) {
        node.operation = texts["Node Type"] ?? texts["Operation"] ?? "node"
        if let join = texts["Join Type"], join != "Inner" { node.note("\(join) join") }
        for note in notes { node.note(note) }
        node.relation = texts["Relation Name"] ?? texts["Function Name"]
        if let relation = texts["Relation Name"], let schema = texts["Schema"] { node.relation = "\(schema).\(relation)" }
        node.index = texts["Index Name"]
        node.cost = numbers["Total Cost"]
        node.rows = numbers["Plan Rows"]
        node.actualRows = numbers["Actual Rows"]
        node.loops = numbers["Actual Loops"]
        if let time = numbers["Actual Total Time"] { node.actualMs = time * (node.loops ?? 1) }
    }
}
