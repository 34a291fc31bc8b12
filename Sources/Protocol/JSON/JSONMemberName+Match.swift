#if canImport(Glibc)
    import Glibc
#endif

extension JSONMemberName {
    /// Whether this is `name`, compared byte for byte after unescaping. A length and a few words, no allocation, unless the
    /// text escapes the name.
    @inline(__always) func matches(_ name: StaticString) -> Bool {
        if escaped { return matchesUnescaped(name) }
        let length = name.utf8CodeUnitCount
        guard quoted.count &- 2 == length, let base = quoted.baseAddress else { return false }
        return memcmp(base + 1, name.utf8Start, length) == 0
    }

    @inline(never) private func matchesUnescaped(_ name: StaticString) -> Bool {
        let text = text
        return name.withUTF8Buffer { $0.elementsEqual(text.utf8) }
    }

    /// Whether this is one of the two members LSP allows on every request.
    var isProgressToken: Bool { matches("workDoneToken") || matches("partialResultToken") }

    /// The refusal of this member by an object whose members are `known`.
    @inline(never) func unknown(_ known: [StaticString]) -> JSONMismatch {
        let reason = "is not a known member"
        guard let nearest = nearest(known) else { return JSONMismatch(at: offset, reason) }
        return JSONMismatch(at: offset, "\(reason); did you mean `\(nearest)`?")
    }

    /// The refusal of this word where only `words` may stand.
    @inline(never) func isNone(of words: [String]) -> JSONMismatch {
        JSONMismatch(at: offset, "must be one of \(words.joined(separator: ", "))")
    }

    /// The known name this is most likely a misspelling of, if any is near: within a third of its length.
    private func nearest(_ known: [StaticString]) -> String? {
        // A name that is much longer than any known one is no misspelling, and would cost its length squared.
        guard quoted.count <= 66 else { return nil }
        let name = text.lowercased()
        let candidates = known.map { ($0.description, EditDistance.between(name, $0.description.lowercased())) }
        guard let (best, distance) = candidates.min(by: { $0.1 < $1.1 }) else { return nil }
        return distance <= max(1, best.utf8.count / 3) ? best : nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are `text`.
    @inline(__always) func matches(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count == length, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, length) == 0
    }
}
