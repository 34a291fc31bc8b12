/// JSON values as text.
enum JSONRenderer {
    static func compact(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .number(let text): text
        case .string(let text): quoted(text)
        case .array(let items): "[" + items.map(compact).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.name) + ":" + compact($0.value) }.joined(separator: ",") + "}"
        }
    }

    /// Indented by two; what fits stays on one line.
    static func pretty(_ value: JSONValue, indent: Int = 0, width: Int = 110) -> String {
        let short = spaced(value)
        if indent + short.count <= width { return short }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch value {
        case .array(let items):
            let lines = items.map { inner + pretty($0, indent: indent + 2, width: width) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
        case .object(let members):
            let lines = members.map { inner + quoted($0.name) + ": " + pretty($0.value, indent: indent + 2, width: width) }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
        default: return short
        }
    }

    /// One line, with spaces after commas and colons.
    static func spaced(_ value: JSONValue) -> String {
        switch value {
        case .array(let items): "[" + items.map(spaced).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.name) + ": " + spaced($0.value) }.joined(separator: ", ") + "}"
        default: compact(value)
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
