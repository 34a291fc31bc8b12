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
                code.line("public init(from reader: inout JSONReader) throws(JSONMismatch) { self = try reader.choice() }")
            }
            if enumeration.isEncodable {
                code.line()
                encoder(enumeration, &code)
            }
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
