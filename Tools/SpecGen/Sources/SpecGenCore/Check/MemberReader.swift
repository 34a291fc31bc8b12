/// Reads a mapping's members by name and kind, collecting what is wrong.
struct MemberReader {
    let node: SpecNode
    let diagnostics: Diagnostics
    private let pairs: [(key: SpecKey, value: SpecNode)]

    /// Reads `node`, which is refused if it is no mapping or has a member that is not in `known`.
    init?(_ node: SpecNode, what: String, known: [String], _ diagnostics: Diagnostics) {
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "\(what) must be a mapping, not \(node.kind)")
            return nil
        }
        self.node = node
        self.pairs = pairs
        self.diagnostics = diagnostics
        for pair in pairs where !known.contains(pair.key.name) {
            diagnostics.error(
                pair.key.location, "unknown member `\(pair.key.name)` of \(what); it may have \(known.joined(separator: ", "))")
        }
    }

    func has(_ name: String) -> Bool { self[name] != nil }

    subscript(name: String) -> SpecNode? { pairs.first { $0.key.name == name }?.value }

    /// The value of a member that must be there.
    func required(_ name: String) -> SpecNode? {
        if let value = self[name] { return value }
        diagnostics.error(node.location, "member `\(name)` is missing")
        return nil
    }

    func string(_ name: String) -> String? {
        guard let value = self[name] else { return nil }
        if case .string(let text) = value.value { return text }
        diagnostics.error(value.location, "`\(name)` must be a string, not \(value.kind)")
        return nil
    }

    /// A string that must be there and not be blank; empty after a diagnostic.
    func text(_ name: String) -> String {
        guard required(name) != nil, let text = string(name) else { return "" }
        if text.allSatisfy(\.isWhitespace), let value = self[name] {
            diagnostics.error(value.location, "`\(name)` must not be empty")
        }
        return text
    }

    func bool(_ name: String, default missing: Bool = false) -> Bool {
        guard let value = self[name] else { return missing }
        if case .bool(let flag) = value.value { return flag }
        diagnostics.error(value.location, "`\(name)` must be true or false, not \(value.kind)")
        return missing
    }

    func integer(_ name: String) -> Int64? {
        guard let value = self[name] else { return nil }
        if case .integer(let number) = value.value { return number }
        diagnostics.error(value.location, "`\(name)` must be an integer, not \(value.kind)")
        return nil
    }

    /// A count: an integer that is not negative.
    func count(_ name: String) -> Int? {
        guard let number = integer(name) else { return nil }
        if number >= 0 { return Int(number) }
        diagnostics.error(self[name]?.location ?? node.location, "`\(name)` must not be negative")
        return nil
    }

    func strings(_ name: String) -> [(text: String, location: SourceLocation)] {
        guard let value = self[name] else { return [] }
        guard case .sequence(let items) = value.value else {
            diagnostics.error(value.location, "`\(name)` must be a list, not \(value.kind)")
            return []
        }
        var seen: Set<String> = []
        return items.compactMap { item in
            guard case .string(let text) = item.value else {
                diagnostics.error(item.location, "an item of `\(name)` must be a string, not \(item.kind)")
                return nil
            }
            if !seen.insert(text).inserted { diagnostics.error(item.location, "`\(text)` is in `\(name)` twice") }
            return (text, item.location)
        }
    }

    /// One of an enumeration's words, `missing` when the member is absent; nil and a diagnostic for any other word.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String, default missing: Choice?) -> Choice? {
        guard has(name) || missing == nil else { return missing }
        guard let value = required(name), let text = string(name) else { return missing }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        diagnostics.error(value.location, "`\(name)` must be one of \(words), not `\(text)`")
        return missing
    }
}
