/// A struct: its members, its memberwise initializer, its decoder and its encoder.
struct StructRenderer {
    let structure: SwiftStruct

    func render(_ code: inout CodeWriter) {
        var conformances = ["Equatable"]
        if structure.isEncodable || structure.decoding == nil { conformances.insert("JSONEncodable", at: 0) }
        if structure.decoding != nil { conformances.insert("JSONDecodable", at: 0) }
        code.doc(structure.doc)
        code.block("public struct \(structure.name): \(conformances.joined(separator: ", "))") { code in
            if let method = structure.notification {
                code.doc("The notification's method.")
                code.line("public static let method = \(SwiftLiteral.string(method))")
                if !structure.members.isEmpty { code.line() }
            }
            for member in structure.members {
                code.doc(member.doc)
                code.line("public var \(SwiftName.escaped(member.name)): \(member.type)")
            }
            code.line()
            initializer(&code)
            if let decoding = structure.decoding {
                code.line()
                DecoderRenderer(structure: structure, decoding: decoding).render(&code)
            }
            if structure.isEncodable || structure.decoding == nil {
                code.line()
                EncoderRenderer(members: structure.members).render(&code)
            }
        }
    }

    private func initializer(_ code: inout CodeWriter) {
        if structure.members.isEmpty { return code.line("public init() {}") }
        let parameters = structure.members.map { member in
            var text = "\(SwiftName.escaped(member.name)): \(member.type)"
            if let value = member.defaultExpression { text += " = \(value)" }
            if member.presence == .optional { text += " = nil" }
            return text
        }
        code.list("public init(", parameters, ") {")
        code.indented { code in
            for member in structure.members { code.line("self.\(member.name) = \(SwiftName.escaped(member.name))") }
        }
        code.line("}")
    }
}
