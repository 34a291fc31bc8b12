/// `init(from:)`: straight from the bytes, each member by the rules of its schema.
struct DecoderRenderer {
    let structure: SwiftStruct
    let decoding: SwiftStruct.Decoding

    func render(_ code: inout CodeWriter) {
        code.block("public init(from reader: inout JSONReader) throws(JSONMismatch)") { code in
            if structure.members.contains(where: { $0.presence == .required }) { code.line("let objectStart = reader.offset") }
            for member in structure.members {
                code.line(
                    "var \(SwiftName.escaped(member.name)): \(SwiftType.name(member.schema))\(member.isNullable ? "??" : "?")")
            }
            if decoding.allowsPositions {
                code.block("if reader.kind == .array", end: "} else {", positions)
                code.indented(names)
                code.line("}")
            } else {
                names(&code)
            }
            for member in structure.members { code.line(assignment(member)) }
        }
    }

    private func assignment(_ member: SwiftMember) -> String {
        let name = SwiftName.escaped(member.name)
        switch member.presence {
        case .required: return "self.\(member.name) = try JSONReader.require(\(name), \"\(member.wireName)\", at: objectStart)"
        case .optional: return "self.\(member.name) = \(name)"
        case .defaulted: return "self.\(member.name) = \(name) ?? \(member.defaultExpression ?? "")"
        }
    }

    // MARK: By name

    private func names(_ code: inout CodeWriter) {
        code.line("try reader.enterObject()")
        code.block("while let memberName = reader.nextMember()") { code in
            var head = "if"
            for member in structure.members {
                code.line("\(head) memberName.matches(\"\(member.wireName)\") {")
                code.indented { read(member, &$0) }
                head = "} else if"
            }
            if decoding.isLenient {
                code.line("} else {")
                code.indented { $0.line("reader.slice()") }
            } else {
                let declared = Set(structure.members.map(\.wireName))
                if decoding.allowsTokens, !declared.isSuperset(of: Method.tokenMembers) {
                    code.line("} else if memberName.isProgressToken {")
                    code.indented { $0.line("try reader.skipProgressToken()") }
                }
                code.line("} else {")
                code.indented { code in
                    code.filled("throw memberName.unknown([", structure.members.map { "\"\($0.wireName)\"" }, "])")
                }
            }
            code.line("}")
        }
    }

    // MARK: By position

    private func positions(_ code: inout CodeWriter) {
        code.line("var paramIndex = 0")
        code.line("try reader.enterArray()")
        code.block("while reader.nextElement()") { code in
            code.line("defer { paramIndex += 1 }")
            code.line("switch paramIndex {")
            for (index, member) in structure.members.enumerated() {
                code.line("case \(index):")
                code.indented { read(member, &$0) }
            }
            let count = structure.members.count
            let words = count == 1 ? "there is only one" : "there are only two"
            code.line("default: throw JSONMismatch(at: reader.offset, \"is one parameter too many; \(words)\")")
            code.line("}")
        }
    }

    // MARK: Values

    private func read(_ member: SwiftMember, _ code: inout CodeWriter) {
        let name = SwiftName.escaped(member.name)
        let value = Self.expression(member.schema)
        if member.isNullable {
            code.line("\(name) = reader.null() ? .some(nil) : try \(value)")
            return
        }
        if member.presence != .required, !member.schema.isRaw {
            // LSP's clients write null where they have nothing to say; everywhere else null is a mistake.
            code.line(decoding.isLenient ? "if reader.null() { continue }" : "try reader.refuseNull()")
        }
        if case .array(let items, let minItems, let maxItems) = member.schema {
            let tries = items.isRaw ? "" : "try "
            return code.closure(
                "\(name) = try \(Self.array(minItems, maxItems)) {", "reader throws(JSONMismatch) in",
                "\(tries)\(Self.expression(items))")
        }
        code.line("\(name) = \(member.schema.isRaw ? "" : "try ")\(value)")
    }

    /// The call that reads an array, up to the closure for its items.
    private static func array(_ minItems: Int?, _ maxItems: Int?) -> String {
        let head = call("array", ["minItems": minItems.map(String.init), "maxItems": maxItems.map(String.init)])
        return head.hasSuffix("()") ? String(head.dropLast(2)) : head
    }

    /// The call that reads a value.
    static func expression(_ schema: Schema) -> String {
        switch schema {
        case .boolean: return "reader.bool()"
        case .raw: return "reader.raw()"
        case .reference(let name): return "\(name)(from: &reader)"
        case .string(let rules): return string(rules)
        case .integer(let minimum, let maximum):
            return call("int", ["minimum": minimum.map { "\($0)" }, "maximum": maximum.map { "\($0)" }])
        case .number(let minimum, let maximum):
            return call("double", ["minimum": minimum.map(JSONRenderer.compact), "maximum": maximum.map(JSONRenderer.compact)])
        case .array(let items, let minItems, let maxItems):
            let tries = items.isRaw ? "" : "try "
            return "\(array(minItems, maxItems)) { reader throws(JSONMismatch) in \(tries)\(expression(items)) }"
        }
    }

    private static func string(_ rules: StringRules) -> String {
        if rules == StringRules() { return "reader.string()" }
        if let format = rules.format {
            return call(
                "string",
                [
                    "format": ".\(SwiftName.camel(format.rawValue))", "minLength": rules.minLength.map(String.init),
                    "maxLength": rules.maxLength.map(String.init),
                ])
        }
        return call(
            "string", ["minLength": "\(rules.minLength ?? 0)", "maxLength": rules.maxLength.map(String.init) ?? ".max"])
    }

    private static func call(_ function: String, _ arguments: KeyValuePairs<String, String?>) -> String {
        let text = arguments.compactMap { name, value in value.map { "\(name): \($0)" } }.joined(separator: ", ")
        return "reader.\(function)(\(text))"
    }
}

extension Schema {
    var isRaw: Bool { if case .raw = self { true } else { false } }
}
