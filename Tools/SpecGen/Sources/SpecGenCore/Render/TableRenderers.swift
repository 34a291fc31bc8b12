/// `ErrorCode`.
enum ErrorCodeRenderer {
    static func render(_ errors: [ErrorDefinition], _ code: inout CodeWriter) {
        code.doc("Every error the daemon answers. The raw value is `error.data.code`, which programs branch on.")
        code.block("public enum ErrorCode: String, Sendable, CaseIterable") { code in
            for error in errors {
                let name = SwiftName.camel(error.code)
                code.doc(error.meaning)
                let value = name == error.code ? "" : " = \(SwiftLiteral.string(error.code))"
                code.line("case \(SwiftName.escaped(name))\(value)")
            }
            code.line()
            code.doc("`error.code`, the transport's view: several codes may share a number.")
            code.block("public var number: Int") { code in
                code.line("switch self {")
                for (number, group) in Dictionary(grouping: errors, by: \.number).sorted(by: { $0.key < $1.key }) {
                    code.cases(group.map(caseName), "\(number)")
                }
                code.line("}")
            }
            code.line()
            code.doc("Whether the same request may succeed later; a reply may know better and say otherwise.")
            code.block("public var isRetryable: Bool") { code in
                let retryable = errors.filter(\.isRetryable)
                if retryable.isEmpty { return code.line("false") }
                code.line("switch self {")
                code.cases(retryable.map(caseName), "true")
                if retryable.count < errors.count { code.line("default: false") }
                code.line("}")
            }
        }
    }

    private static func caseName(_ error: ErrorDefinition) -> String { "." + SwiftName.escaped(SwiftName.camel(error.code)) }
}

/// `Limits`.
enum LimitsRenderer {
    static func render(_ limits: [Limit], _ code: inout CodeWriter) {
        code.doc("Every limit in force. Names end in their unit: `…Bytes`, `…Ms`; the others are counts.")
        code.block("public struct Limits: JSONEncodable, Equatable") { code in
            for limit in limits {
                code.doc(limit.description)
                code.line("public var \(SwiftName.escaped(limit.name)) = \(grouped(limit.value))")
            }
            code.line()
            code.doc("The defaults.")
            code.line("public init() {}")
            code.line()
            table(limits, &code)
            code.line()
            let members = limits.map { limit in
                SwiftMember(
                    wireName: limit.name, name: limit.name, schema: .integer(minimum: nil, maximum: nil), presence: .required,
                    isNullable: false, doc: "")
            }
            EncoderRenderer(members: members).render(&code)
        }
    }

    private static func table(_ limits: [Limit], _ code: inout CodeWriter) {
        code.doc("What a limit counts.")
        code.line("public enum Unit: String, Sendable { case bytes, ms, count }")
        code.line()
        code.doc("A limit as configuration and documents name it.")
        code.block("public struct Entry: Sendable") { code in
            code.doc("Its name.")
            code.line("public let name: String")
            code.doc("What it counts.")
            code.line("public let unit: Unit")
            code.doc("Whether an operator may change it.")
            code.line("public let isConfigurable: Bool")
            code.doc("The least an operator may set it to.")
            code.line("public var minimum = 1")
            code.doc("What it limits, in a sentence.")
            code.line("public let summary: String")
            code.doc("Its value. A key path would be made anew, limit by limit, at every start.")
            code.line("public let get: @Sendable (Limits) -> Int")
            code.doc("Changes its value.")
            code.line("public let set: @Sendable (inout Limits, Int) -> Void")
        }
        code.line()
        code.doc("All limits, in the order of `spec/limits.yaml`.")
        code.line("public static let table: [Entry] = [")
        code.indented { code in
            for limit in limits {
                let head =
                    "name: \"\(limit.name)\", unit: .\(limit.unit.rawValue), isConfigurable: \(limit.isConfigurable),"
                    + (limit.minimum == 1 ? "" : " minimum: \(limit.minimum),")
                code.line("Entry(")
                code.indented { code in
                    code.line(head)
                    code.line("summary: \(SwiftLiteral.string(limit.description.trimmed)),")
                    code.line("get: { $0.\(limit.name) }, set: { $0.\(limit.name) = $1 }")
                }
                code.line("),")
            }
        }
        code.line("]")
    }

    /// `8388608` as `8_388_608`.
    static func grouped(_ value: Int64) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "_" }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + (digits.count > 4 ? text : digits)
    }
}

extension String {
    /// On one line, without white space around it.
    var trimmed: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

/// The text of `openrpc.json` as a constant.
enum DocumentRenderer {
    static func render(_ text: String, _ code: inout CodeWriter) {
        code.doc("`spec/openrpc.json` for `rpc.discover`: this very protocol, as an OpenRPC document.")
        code.block("public enum OpenRPCDocument") { code in
            code.doc("The document, without white space. Copied out of the program's constants at the first use.")
            code.block("public static let text: JSONText =", end: "}()") { code in
                code.line("JSONText(copying: UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))")
            }
            code.line()
            code.line("private static let literal: StaticString = ###\"\"\"")
            code.indented { code in
                let lines = chunks(text)
                for (index, line) in lines.enumerated() { code.line(index == lines.count - 1 ? line : line + "\\###") }
                code.line("\"\"\"###")
            }
        }
    }

    /// Lines of a bearable length; the literal joins them again.
    private static func chunks(_ text: String) -> [String] {
        var lines: [String] = []
        var current = ""
        for character in text {
            current.append(character)
            // White space at the start of a line would be taken for indentation, and at its end for nothing.
            if current.count >= 110, !character.isWhitespace {
                lines.append(current)
                current = ""
            }
        }
        return current.isEmpty ? lines : lines + [current]
    }
}
