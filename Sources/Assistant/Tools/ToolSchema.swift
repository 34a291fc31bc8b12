import Protocol

/// One member of a tool's arguments.
struct ToolMember: Sendable {
    enum Kind: Sendable, Equatable {
        case string
        case integer(ClosedRange<Int>)
        case choice([String])
        case strings
    }

    var name: String
    var kind: Kind
    var description: String
    var isRequired: Bool

    init(_ name: String, _ kind: Kind, _ description: String, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.description = description
        self.isRequired = isRequired
    }

    /// The kind as a phrase for an error: "a string".
    var phrase: String {
        switch kind {
        case .string: "a string"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
        case .strings: "an array of strings"
        }
    }
}

/// Writes JSON Schema (2020-12, the part that model servers turn into grammars).
enum ToolSchema {
    static func object(_ members: [ToolMember]) -> JSONText {
        var writer = JSONWriter()
        writer.raw(#"{"type":"object","properties":{"#)
        for (index, member) in members.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.string(member.name)
            writer.raw(":{")
            kind(member.kind, &writer)
            writer.raw(#","description":"#)
            writer.string(member.description)
            writer.raw("}")
        }
        writer.raw(#"},"required":"#)
        writer.array(members.filter(\.isRequired)) { writer, member in writer.string(member.name) }
        writer.raw(#","additionalProperties":false}"#)
        return writer.take()
    }

    private static func kind(_ kind: ToolMember.Kind, _ writer: inout JSONWriter) {
        switch kind {
        case .string: writer.raw(#""type":"string""#)
        case .integer(let range):
            writer.raw(#""type":"integer","minimum":"#)
            writer.integer(range.lowerBound)
            writer.raw(#","maximum":"#)
            writer.integer(range.upperBound)
        case .choice(let words):
            writer.raw(#""type":"string","enum":"#)
            writer.array(words) { writer, word in writer.string(word) }
        case .strings: writer.raw(#""type":"array","items":{"type":"string"}"#)
        }
    }
}
