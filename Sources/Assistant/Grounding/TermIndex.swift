import Databases

/// Which relations have which words, and how much of a relation each word is: BM25 (Robertson and Zaragoza, "The Probabilistic
/// Relevance Framework", 2009) with words of names counted more than those of comments.
struct TermIndex: Sendable {
    private struct Posting: Sendable {
        var place: Int32
        /// What the word adds to the relation's score, before its rarity.
        var impact: Float
    }

    private let ids: [String: Int32]
    private let words: [String]
    /// The words' numbers in the order of their bytes, for beginnings.
    private let sorted: [Int32]
    private let postings: [[Posting]]
    private let rarity: [Float]
    private let trigrams: TrigramTable
    private let placeCount: Int

    /// Saturation: a word that is there twice does not count twice.
    private static let k1: Float = 1.5
    /// How much long relations are held back.
    private static let b: Float = 0.4

    init(_ catalogue: Catalogue, _ visible: [Int]) {
        var builder = TermBuilder()
        for place in visible { builder.add(catalogue.relations[place], place) }
        placeCount = catalogue.relations.count
        ids = builder.ids
        words = builder.words
        let words = builder.words
        sorted = words.indices.map(Int32.init).sorted { words[Int($0)].precedesInBytes(words[Int($1)]) }
        let average = max(builder.lengths.values.reduce(0, +) / Float(max(visible.count, 1)), 1)
        let lengths = builder.lengths
        postings = builder.counts.map { counts in
            counts.map { place, count in
                let relative = (lengths[place] ?? average) / average
                let scaled = count / (1 - Self.b + Self.b * relative)
                return Posting(place: Int32(place), impact: scaled * (Self.k1 + 1) / (scaled + Self.k1))
            }
        }
        let total = Float(visible.count)
        rarity = builder.counts.map { counts in
            // Of ln(1 + (N - n + 0.5) / (n + 0.5)).
            Float.naturalLogarithm(1 + (total - Float(counts.count) + 0.5) / (Float(counts.count) + 0.5))
        }
        trigrams = TrigramTable(builder.words)
    }

    /// The score of every relation by its place: 0 for those that have no word of the question.
    func scores(_ question: Question) -> [Float] {
        var scores = [Float](repeating: 0, count: placeCount)
        for word in question.weighted {
            let found = word.isJoined ? exact(word.stem) : matches(word.stem)
            for match in found { add(match.term, word.weight * match.weight, &scores) }
        }
        return scores
    }

    /// The question with slips in the schema's words put right: a few, of words that fit nothing.
    func corrected(_ question: Question) -> Question {
        var question = question
        var slips = 0
        for word in question.weighted where !word.isJoined && word.stem.utf8.count >= 4 {
            guard slips < Question.slipsMax else { break }
            guard matches(word.stem).isEmpty else { continue }
            slips += 1
            if let meant = similar(word.stem) { question.replace(word.stem, with: meant) }
        }
        return question
    }

    private func add(_ term: Int32, _ weight: Float, _ scores: inout [Float]) {
        let factor = rarity[Int(term)] * weight
        for posting in postings[Int(term)] { scores[Int(posting.place)] += factor * posting.impact }
    }

    private typealias Match = (term: Int32, weight: Float)

    private func exact(_ stem: String) -> [Match] {
        guard let term = ids[stem] else { return [] }
        return [(term, 1)]
    }

    /// The word itself, its synonyms, words that it begins and words that begin it.
    private func matches(_ stem: String) -> [Match] {
        var found = exact(stem)
        for other in Synonyms.of(stem) {
            if let term = ids[other] { found.append((term, 0.6)) }
        }
        guard stem.utf8.count >= 4 else { return found }
        for term in beginning(with: stem, limit: 6) where words[Int(term)] != stem { found.append((term, 0.5)) }
        guard found.isEmpty else { return found }
        // `shipped` for `ship`, `ordered` for `order`.
        var shorter = stem
        while shorter.utf8.count > 4, stem.utf8.count - shorter.utf8.count < 4 {
            shorter.removeLast()
            if let term = ids[shorter] { return [(term, 0.5)] }
        }
        return []
    }

    private func beginning(with stem: String, limit: Int) -> [Int32] {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if words[Int(sorted[middle])].precedesInBytes(stem) { low = middle + 1 } else { high = middle }
        }
        return Array(sorted[low...].prefix(limit).prefix { words[Int($0)].utf8.starts(with: stem.utf8) })
    }

    private func similar(_ stem: String) -> String? {
        trigrams.similar(to: stem, limit: 8).lazy.map { words[$0] }.first { Slip.isSlip($0, stem) }
    }
}

extension Float {
    /// ln x, for x ≥ 1, to about four digits: the standard library has no logarithm without another module.
    fileprivate static func naturalLogarithm(_ x: Float) -> Float {
        guard x > 0, x.isFinite else { return 0 }
        let mantissa = x.significand
        // ln m = 2 artanh((m - 1) / (m + 1)), m in 1..<2.
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        let series = 2 * ratio * (1 + square * (1 / 3 + square * (1 / 5 + square / 7)))
        return Float(x.exponent) * 0.693_147_2 + series
    }
}
