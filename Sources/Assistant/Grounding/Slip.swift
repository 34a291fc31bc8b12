import Protocol

/// Whether one word is another with a slip of the hand in it.
enum Slip {
    /// One letter wrong in a word of four to seven, two in longer ones; none in shorter ones. A slip in the first letter is rare, and
    /// then most words that are near are others.
    static func isSlip(_ word: String, _ meant: String) -> Bool {
        let length = min(word.utf8.count, meant.utf8.count)
        guard length >= 4, length <= 64 else { return false }
        let most = length < 8 ? 1 : 2
        guard abs(word.utf8.count - meant.utf8.count) <= most else { return false }
        return EditDistance.between(word, meant) <= most
    }
}
