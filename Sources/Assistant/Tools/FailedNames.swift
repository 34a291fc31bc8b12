/// Finds the names that a database complains of in its message.
enum FailedNames {
    private static let markers = ["no such table: ", "no such column: ", "column ", "relation ", "table ", "function "]

    /// Those in quotes, then those behind `no such column:` and the like, without quotes; each once.
    static func of(_ message: String) -> [String] {
        let message = String(message.utf8Prefix(2_000))
        var names = SpeltNames.of(message).filter(\.isQuoted).map(\.text)
        for marker in markers {
            guard let range = message.firstRange(of: marker) else { continue }
            let rest = message[range.upperBound...]
            let name = rest.unicodeScalars.prefix { SpeltNames.isPart($0) || $0 == "." }
            let text = String(name)
            if !text.isEmpty, text.contains("_") || marker.hasSuffix(": ") || text.contains(".") { names.append(text) }
        }
        var seen: Set<String> = []
        // MySQL says 'shop.orderz': the last part is what was written.
        return names.filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}
