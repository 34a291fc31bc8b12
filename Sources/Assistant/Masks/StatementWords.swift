/// The words and signs of a statement, without regard to what is a string, a name or a comment: for rules that would rather find too
/// much than too little.
public struct StatementWords: Sendable {
    enum Token: Equatable, Sendable {
        /// A run of what names are made of, in lower case.
        case word(String)
        /// Any other character that is no white space and no quote.
        case sign(Unicode.Scalar)
    }

    let tokens: [Token]

    public init(_ sql: String) {
        var tokens: [Token] = []
        var word = String.UnicodeScalarView()
        func end() {
            if !word.isEmpty { tokens.append(.word(String(word).lowercased())) }
            word = .init()
        }
        for scalar in sql.unicodeScalars {
            if Self.isOfWord(scalar) {
                word.append(scalar)
                continue
            }
            end()
            let isQuote = scalar == "\"" || scalar == "`" || scalar == "[" || scalar == "]" || scalar == "'"
            if !isQuote, !scalar.properties.isWhitespace { tokens.append(.sign(scalar)) }
        }
        end()
        self.tokens = tokens
    }

    static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "$": true
        default: scalar.value >= 0x80
        }
    }

    /// Where a name stands; one with blanks or signs in it is a run of tokens.
    func places(of name: String) -> [Range<Int>] {
        let wanted = StatementWords(name).tokens
        guard !wanted.isEmpty, wanted.count <= tokens.count else { return [] }
        return (0...(tokens.count - wanted.count)).filter { start in
            tokens[start] == wanted[0] && tokens[start..<(start + wanted.count)].elementsEqual(wanted)
        }.map { $0..<($0 + wanted.count) }
    }

    public func has(_ name: String) -> Bool { !places(of: name).isEmpty }

    subscript(_ index: Int) -> Token? { tokens.indices.contains(index) ? tokens[index] : nil }

    func word(_ index: Int) -> String? { if case .word(let word)? = self[index] { word } else { nil } }

    func isSign(_ index: Int, _ sign: Unicode.Scalar) -> Bool { self[index] == .sign(sign) }
}
