/// How many tokens a text takes in a prompt.
///
/// No tokenizer is at hand that every model shares. English and SQL take about four bytes a token, and three of them are counted
/// so that a budget holds for other languages and for small vocabularies too.
public enum TokenEstimate {
    /// Bytes that are counted as one token.
    public static let bytesPerToken = 3

    /// A third of the text's bytes in UTF-8, rounded up.
    public static func tokens(_ text: String) -> Int { tokens(bytes: text.utf8.count) }

    /// The same of a number of bytes.
    public static func tokens(bytes: Int) -> Int { (bytes + bytesPerToken - 1) / bytesPerToken }
}
