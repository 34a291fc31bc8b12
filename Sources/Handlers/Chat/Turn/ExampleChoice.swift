import Store

/// Chooses the confirmed examples whose questions are most like one.
enum ExampleChoice {
    /// At most `max`, the nearest first; none that shares no word of weight.
    static func nearest(to question: String, _ examples: [ExampleRecord], max: Int) -> [ExampleRecord] {
        let wanted = words(question)
        guard !wanted.isEmpty else { return [] }
        let ranked = examples.compactMap { example -> (score: Double, example: ExampleRecord)? in
            let has = words(example.question)
            let shared = wanted.intersection(has).count
            guard shared > 0 else { return nil }
            return (Double(shared) / Double(wanted.union(has).count), example)
        }
        return ranked.sorted { ($0.score, $0.example.createdAtMs) > ($1.score, $1.example.createdAtMs) }.prefix(max).map(
            \.example)
    }

    /// Words that every question has.
    private static let plain: Set<String> = [
        "a", "an", "and", "are", "by", "did", "do", "does", "for", "from", "how", "in", "is", "many", "me", "much", "of", "on",
        "or",
        "show", "that", "the", "there", "to", "was", "we", "were", "what", "which", "who", "with",
    ]

    private static func words(_ text: String) -> Set<String> { Set(NameWords(text).words).subtracting(plain) }
}
