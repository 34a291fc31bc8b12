import TestSupport

/// What a client that renders Markdown or HTML, or a terminal, could follow, load or be moved by.
enum Inert {
    /// What is not inert in a text; nil: nothing.
    static func fault(_ text: String) -> String? {
        for (name, pattern) in [
            ("a link or an image", #/\]\(|\]:|!\[/#), ("an address", #/:\/\/|www\.\S/#), ("HTML", #/<[A-Za-z\/!?]/#),
            ("an entity", #/&#?[A-Za-z0-9]{1,31};/#),
        ] {
            if let found = text.firstMatch(of: pattern.ignoresCase()) { return "\(name) (\(found.output)) in: \(text)" }
        }
        let hidden = text.unicodeScalars.first { scalar in
            scalar != "\n" && scalar != "\t"
                && (scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format)
        }
        return hidden.map { "a hidden character (U+\(String($0.value, radix: 16))) in: \(text)" }
    }

    /// All texts of a message that a person reads as such: not statements, whose bytes are shown as they are.
    static func texts(of message: JSONValue) -> [String] {
        let proposals = (message["proposals"].array ?? []).map { $0["reason"] }
        return ([message["text"], message["note"], message["toolUse"]["summary"], message["toolUse"]["tool"]] + proposals)
            .compactMap(\.string)
    }

    /// The same of events of a turn; pieces of text are put together.
    static func texts(of events: [JSONValue]) -> [String] {
        let text = events.filter { $0["event"] == "text" }.compactMap { $0["text"].string }.joined()
        return [text]
            + events.flatMap { [$0["summary"], $0["tool"], $0["errorMessage"], $0["proposal"]["reason"]] }.compactMap(\.string)
    }
}
