import Protocol

/// An answer that is no reply: an HTTP status other than 200, or an error in place of one.
struct Refusal: Sendable {
    var status: Int
    var body: [UInt8] = []
    var retryAfterMs: Int?

    init(status: Int, body: [UInt8] = [], retryAfterMs: Int? = nil) {
        self.status = status
        self.body = body
        self.retryAfterMs = retryAfterMs
        facts = Facts(body)
    }

    /// What is known of the error, from `{"error": {…}}`, `{"error": "…"}` or `{"message": …}`.
    let facts: Facts

    struct Facts: Sendable {
        var message = ""
        var type = ""
        var code = ""
        var promptTokens: Int?
        var contextTokens: Int?

        init(_ body: [UInt8]) {
            body.withUnsafeBytes { bytes in
                guard (try? JSONScanner.check(bytes)) != nil else { return }
                var reader = JSONReader(bytes)
                if reader.kind == .object { read(&reader) }
            }
        }

        private mutating func read(_ reader: inout JSONReader) {
            guard (try? reader.enterObject()) != nil else { return }
            while let name = reader.nextMember() {
                let index = name.index(in: ["error", "message", "type", "code", "n_prompt_tokens", "n_ctx", "detail"])
                switch (index, reader.kind) {
                case (0, .object): read(&reader)
                case (0, .string), (1, .string), (6, .string): message = (try? reader.string()) ?? message
                case (2, .string): type = (try? reader.string()) ?? type
                case (3, .string): code = (try? reader.string()) ?? code
                case (4, .number): promptTokens = count(&reader)
                case (5, .number): contextTokens = count(&reader)
                default: reader.slice()
                }
            }
        }

        private func count(_ reader: inout JSONReader) -> Int? {
            let slice = reader.slice()
            return Int(String(decoding: slice, as: UTF8.self)).flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
        }
    }

    /// Whether the body has `word` in it, in any case.
    func contains(_ word: String) -> Bool {
        let text = body.map { $0 | ($0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? 0x20 : 0) }
        let word = Array(word.utf8)
        guard let first = word.first, text.count >= word.count else { return false }
        return (0...(text.count - word.count)).contains { start in
            text[start] == first && text[start..<(start + word.count)].elementsEqual(word)
        }
    }

    /// What the server said, as ``ModelError/detail``.
    func detail(without key: String?) -> String? {
        let words = facts.message.isEmpty ? String(decoding: body, as: UTF8.self) : facts.message
        return ServerWords.clean(words, without: key)
    }
}

/// Words of a server's, made fit for a log.
enum ServerWords {
    /// One line without control characters, at most ``ModelLimits/errorTextCharacters``, the key and what looks like one taken out;
    /// nil where nothing is left.
    static func clean(_ text: String, without key: String?) -> String? {
        var text = Substring(text)
        if let key, key.utf8.count >= 4 {
            text = Substring(text.split(separator: key, omittingEmptySubsequences: false).joined(separator: "***"))
        }
        var clean = ""
        var count = 0
        for word in text.split(whereSeparator: { $0.isWhitespace || $0.isNewline }) {
            let word = looksLikeKey(word) ? "***" : String(word.unicodeScalars.filter(isPrintable).map(Character.init))
            guard !word.isEmpty else { continue }
            count += word.count + 1
            guard count <= ModelLimits.errorTextCharacters else {
                clean += clean.isEmpty ? String(word.prefix(ModelLimits.errorTextCharacters - 1)) : ""
                return clean + "…"
            }
            clean += clean.isEmpty ? word : " " + word
        }
        return clean.isEmpty ? nil : clean
    }

    /// Hosted services repeat a wrong key, half masked.
    private static func looksLikeKey(_ word: Substring) -> Bool {
        ["sk-", "\"sk-", "'sk-", "(sk-"].contains { word.hasPrefix($0) }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    /// A model's name from a server's list, fit to be shown: plain ASCII, not long.
    static func isPlainName(_ name: String) -> Bool {
        (1...80).contains(name.utf8.count) && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "`") }
    }
}
