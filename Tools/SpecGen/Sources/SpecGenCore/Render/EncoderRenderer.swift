/// `encode(to:)`: constant pieces between the values, each as long as it can be.
struct EncoderRenderer {
    let members: [SwiftMember]

    func render(_ code: inout CodeWriter) {
        code.block("public func encode(to writer: inout JSONWriter)", body)
    }

    private func body(_ code: inout CodeWriter) {
        guard let first = members.first else { return code.line("writer.raw(\"{}\")") }
        /// Whether a member is certainly written already, so that the next one begins with a comma.
        var follows = false
        if first.presence == .optional { code.line("var separator = UInt8(ascii: \"{\")") }
        for (index, member) in members.enumerated() {
            if member.presence == .optional {
                optional(member, follows: follows, &code)
                continue
            }
            if follows {
                code.line("writer.raw(\(piece(",", member)))")
            } else if index == 0 {
                code.line("writer.raw(\(piece("{", member)))")
            } else {
                code.line("writer.byte(separator)")
                code.line("writer.raw(\(piece("", member)))")
            }
            follows = true
            write(member, &code)
        }
        code.line(follows ? "writer.byte(UInt8(ascii: \"}\"))" : "writer.raw(separator == UInt8(ascii: \"{\") ? \"{}\" : \"}\")")
    }

    private func optional(_ member: SwiftMember, follows: Bool, _ code: inout CodeWriter) {
        let name = SwiftName.escaped(member.name)
        code.block("if let \(name)") { code in
            if follows {
                code.line("writer.raw(\(piece(",", member)))")
            } else {
                code.line("writer.byte(separator)")
                code.line("separator = UInt8(ascii: \",\")")
                code.line("writer.raw(\(piece("", member)))")
            }
            code.line(Self.statement(member.schema, name))
        }
    }

    private func write(_ member: SwiftMember, _ code: inout CodeWriter) {
        let name = SwiftName.escaped(member.name)
        let statement = Self.statement(member.schema, name)
        code.line(member.isNullable ? "if let \(name) { \(statement) } else { writer.null() }" : statement)
    }

    private func piece(_ start: String, _ member: SwiftMember) -> String {
        SwiftLiteral.raw("\(start)\"\(member.wireName)\":")
    }

    /// The statement that writes `value`.
    static func statement(_ schema: Schema, _ value: String) -> String {
        switch schema {
        case .string: "writer.string(\(value))"
        case .integer: "writer.integer(\(value))"
        case .number: "writer.double(\(value))"
        case .boolean: "writer.bool(\(value))"
        case .raw, .reference: "\(value).encode(to: &writer)"
        case .array(let items, _, _): "writer.array(\(value)) { writer, item in \(statement(items, "item")) }"
        }
    }
}
