/// An enumeration of words.
enum EnumRenderer {
    static func render(_ enumeration: SwiftEnum, _ code: inout CodeWriter) {
        var conformances = ["String", "Sendable", "CaseIterable"]
        if enumeration.isDecodable { conformances.append("JSONDecodable") }
        if enumeration.isEncodable { conformances.append("JSONEncodable") }
        code.doc(enumeration.doc)
        code.block("public enum \(enumeration.name): \(conformances.joined(separator: ", "))") { code in
            for item in enumeration.cases {
                let name = SwiftName.escaped(item.name)
                code.line(item.name == item.value ? "case \(name)" : "case \(name) = \(SwiftLiteral.string(item.value))")
            }
            if enumeration.isDecodable {
                code.line()
                decoder(enumeration, &code)
            }
            if enumeration.isEncodable {
                code.line()
                encoder(enumeration, &code)
            }
        }
    }

    private static func decoder(_ enumeration: SwiftEnum, _ code: inout CodeWriter) {
        code.block("public init(from reader: inout JSONReader) throws(JSONMismatch)") { code in
            code.line("let word = try reader.word()")
            var head = "if"
            for item in enumeration.cases {
                code.line("\(head) word.matches(\(SwiftLiteral.string(item.value))) {")
                code.indented { $0.line("self = .\(SwiftName.escaped(item.name))") }
                head = "} else if"
            }
            code.line("} else {")
            code.indented { $0.line("throw word.isNone(of: Self.allCases.map(\\.rawValue))") }
            code.line("}")
        }
    }

    private static func encoder(_ enumeration: SwiftEnum, _ code: inout CodeWriter) {
        code.block("public func encode(to writer: inout JSONWriter)") { code in
            code.line("switch self {")
            for item in enumeration.cases {
                code.line("case .\(SwiftName.escaped(item.name)): writer.raw(\(SwiftLiteral.raw("\"\(item.value)\"")))")
            }
            code.line("}")
        }
    }
}
