/// Words by the triples of letters in them, to find those that differ in a letter or two.
struct TrigramTable: Sendable {
    private let words: [Int32: [Int32]]
    private let sizes: [UInt16]

    init(_ texts: [String]) {
        var words: [Int32: [Int32]] = [:]
        var sizes: [UInt16] = []
        sizes.reserveCapacity(texts.count)
        for (index, text) in texts.enumerated() {
            let triples = Self.triples(text)
            sizes.append(UInt16(clamping: triples.count))
            for triple in triples { words[triple, default: []].append(Int32(index)) }
        }
        self.words = words
        self.sizes = sizes
    }

    /// Indexes of words that share at least a third of the triples, those that share most first.
    func similar(to text: String, limit: Int) -> [Int] {
        let triples = Self.triples(text)
        var shared: [Int32: Int] = [:]
        for triple in triples {
            for word in words[triple] ?? [] { shared[word, default: 0] += 1 }
        }
        var found: [(share: Double, word: Int)] = []
        for (word, count) in shared {
            let share = 2 * Double(count) / Double(triples.count + Int(sizes[Int(word)]))
            if share >= 0.3 { found.append((share, Int(word))) }
        }
        found.sort { ($1.share, $0.word) < ($0.share, $1.word) }
        return found.prefix(limit).map(\.word)
    }

    /// Three bytes each, of the word with a blank before it and behind it.
    private static func triples(_ text: String) -> Set<Int32> {
        var triples: Set<Int32> = []
        var window: Int32 = 0x20
        for byte in text.utf8.prefix(64) {
            window = (window << 8 | Int32(byte)) & 0xFF_FFFF
            triples.insert(window)
        }
        triples.insert((window << 8 | 0x20) & 0xFF_FFFF)
        return triples
    }
}
