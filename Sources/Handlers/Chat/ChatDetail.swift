import Protocol

/// What a message has beside its text, as the store keeps it: a JSON object with the members that ``ChatMessage`` has on the wire,
/// but for its proposals, which are kept as approvals.
struct ChatDetail: Equatable {
    var mode: ChatMode?
    var statements: [ChatStatement]?
    var toolUse: ChatToolUse?
    var usage: ChatUsage?
    var model: String?
    var note: String?
    var outcome: ChatOutcome?

    /// For ``ChatMessageRecord/detail``; nil where there is nothing.
    var text: String? {
        guard self != ChatDetail() else { return nil }
        var writer = JSONWriter(capacity: 512)
        var separator: StaticString = "{"
        func member(_ name: StaticString, _ value: (any JSONEncodable)?, _ writer: inout JSONWriter) {
            guard let value else { return }
            writer.raw(separator)
            separator = ","
            writer.raw(name)
            value.encode(to: &writer)
        }
        member(#""mode":"#, mode, &writer)
        member(#""statements":"#, statements.map(EncodedList.init), &writer)
        member(#""toolUse":"#, toolUse, &writer)
        member(#""usage":"#, usage, &writer)
        member(#""model":"#, model.map(EncodedText.init), &writer)
        member(#""note":"#, note.map(EncodedText.init), &writer)
        member(#""outcome":"#, outcome, &writer)
        writer.raw("}")
        return writer.take().string
    }

    init(
        mode: ChatMode? = nil, statements: [ChatStatement]? = nil, toolUse: ChatToolUse? = nil, usage: ChatUsage? = nil,
        model: String? = nil, note: String? = nil, outcome: ChatOutcome? = nil
    ) {
        self.mode = mode
        self.statements = statements
        self.toolUse = toolUse
        self.usage = usage
        self.model = model
        self.note = note
        self.outcome = outcome
    }

    /// Reads what ``text`` wrote. A member that is not as expected, or unknown, is left out: the rest of a message is as good as before.
    init(_ text: String?) {
        self.init()
        guard let text else { return }
        JSONText(text).withUnsafeBytes { bytes in
            guard (try? JSONScanner.check(bytes)) != nil else { return }
            var reader = JSONReader(bytes)
            guard (try? reader.enterObject()) != nil else { return }
            while let name = reader.nextMember() {
                // Each value with a reader of its own, so that one that fails is behind us all the same.
                let text = name.text
                var value = JSONReader(reader.slice())
                try? read(text, &value)
            }
        }
    }

    private mutating func read(_ name: String, _ value: inout JSONReader) throws(JSONMismatch) {
        switch name {
        case "mode": mode = ChatMode(rawValue: try value.string())
        case "statements":
            var items: [ChatStatement] = []
            try value.enterArray()
            while value.nextElement() { items.append(try ChatStatement(stored: &value)) }
            statements = items
        case "toolUse": toolUse = try ChatToolUse(stored: &value)
        case "usage": usage = try ChatUsage(stored: &value)
        case "model": model = try value.string()
        case "note": note = try value.string()
        case "outcome": outcome = ChatOutcome(rawValue: try value.string())
        default: break
        }
    }
}

private struct EncodedText: JSONEncodable {
    var text: String
    init(_ text: String) { self.text = text }
    func encode(to writer: inout JSONWriter) { writer.string(text) }
}

private struct EncodedList<Item: JSONEncodable>: JSONEncodable {
    var items: [Item]
    init(_ items: [Item]) { self.items = items }
    func encode(to writer: inout JSONWriter) { writer.array(items) { writer, item in item.encode(to: &writer) } }
}
