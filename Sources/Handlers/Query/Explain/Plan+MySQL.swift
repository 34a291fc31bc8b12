import Protocol

extension Plan {
    /// Reads `EXPLAIN FORMAT=JSON` and `ANALYZE FORMAT=JSON` of MariaDB, and MySQL's: objects within objects, where a member that
    /// is an object, or an array of them, is a step under the one it stands in.
    mutating func readMySQL(_ json: UnsafeRawBufferPointer) throws(JSONMismatch) {
        var reader = JSONReader(json)
        try reader.enterObject()
        while let name = reader.nextMember() { try readMySQLStep(name.text, reader.slice(), under: nil) }
    }

    private mutating func readMySQLStep(
        _ name: String, _ json: UnsafeRawBufferPointer, under parent: Int?
    ) throws(JSONMismatch) {
        var reader = JSONReader(json)
        switch reader.kind {
        case .object:
            // `query_optimization`, `cost_info` and the like are about a step, and none.
            guard !name.hasSuffix("_info"), name != "query_optimization" else { return }
            guard let id = add(name, under: parent) else { return }
            var children: [(name: String, json: UnsafeRawBufferPointer)] = []
            try reader.enterObject()
            while let member = reader.nextMember() {
                switch reader.kind {
                case .object, .array: children.append((member.text, reader.slice()))
                default: try readMySQLMember(member.text, &reader, of: id)
                }
            }
            for child in children {
                if child.name == "cost_info" { try readMySQLCost(child.json, of: id) }
                try readMySQLStep(child.name, child.json, under: id)
            }
        case .array:
            try reader.enterArray()
            while reader.nextElement() {
                let element = reader.slice()
                var inner = JSONReader(element)
                guard inner.kind == .object else { continue }
                try inner.enterObject()
                // `nested_loop: [{"table": {…}}, …]`: what an element has is the step.
                while let member = inner.nextMember() {
                    try readMySQLStep(member.text, inner.slice(), under: parent)
                }
            }
        default: return
        }
    }

    private mutating func readMySQLMember(_ name: String, _ reader: inout JSONReader, of id: Int) throws(JSONMismatch) {
        if reader.kind == .string {
            let text = try reader.string()
            change(id) { node in
                switch name {
                case "table_name": node.relation = text
                case "key": node.index = text
                case "access_type": node.note("access \(text)")
                case "attached_condition", "index_condition", "having_condition", "message", "sort_key", "pushed_index_condition":
                    node.note("\(name): \(text)")
                default: break
                }
            }
        } else if reader.kind == .number {
            let number = try reader.double()
            change(id) { node in
                switch name {
                case "rows", "rows_examined_per_scan": node.rows = number
                case "cost": node.cost = number
                case "r_rows": node.actualRows = number
                case "r_loops": node.loops = number
                case "r_total_time_ms": node.actualMs = number
                case "filtered" where number < 100: node.note("keeps \(number) %")
                default: break
                }
            }
        } else {
            reader.slice()
        }
    }

    /// MySQL's numbers are strings.
    private mutating func readMySQLCost(_ json: UnsafeRawBufferPointer, of id: Int) throws(JSONMismatch) {
        var reader = JSONReader(json)
        try reader.enterObject()
        while let member = reader.nextMember() {
            guard ["query_cost", "prefix_cost"].contains(member.text), reader.kind == .string else {
                reader.slice()
                continue
            }
            let cost = Double(try reader.string())
            change(id) { $0.cost = cost }
        }
    }
}
