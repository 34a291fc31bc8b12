/// Where in a text something stands that has the shape of a secret. The work is linear in the text.
enum SecretShapes {
    /// Ends of names whose value is a secret, in lower case: `PGPASSWORD`, `sslpassword`, `api_key`, …
    private static let names = ["password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "apikey", "api-key"]
        .map { Array($0.utf8) }

    /// What libpq and SQL say before they quote something that may be, or be part of, a password.
    private static let introductions = [
        "missing \"=\" after ", "percent-encoded token: ", "query parameter: ", "invalid port number: ", "invalid integer value ",
        "invalid connection option ", "key/value separator \"=\" in uri query parameter: ", "in uri (expected \":\" or \"/\"): ",
        "ipv6 host address in uri: ", "identified by ", "identified by password ", "password ", "encrypted password ",
    ].map { Array($0.utf8) }

    private static let tokens = ["v1.", "v2.", "v3.", "v4.", "k1.", "k2.", "k3.", "k4."].map { Array($0.utf8) }

    /// What stands before a key of a model server, or begins one.
    private static let bearer = Array("bearer ".utf8)
    private static let modelKey = Array("sk-".utf8)

    /// The bytes that a name, an introduction or a token begins with: most bytes need no closer look.
    private static let beginnings: [Bool] = {
        var beginnings = [Bool](repeating: false, count: 256)
        for text in names + introductions + tokens + [bearer, modelKey] { beginnings[Int(text[0])] = true }
        return beginnings
    }()

    private static let schemeMark = Array("://".utf8)

    /// Ranges that do not overlap, in order.
    static func ranges(in bytes: [UInt8]) -> [Range<Int>] {
        let lowered = bytes.map { $0 | (($0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z")) ? 0x20 : 0) }
        var ranges: [Range<Int>] = []
        var index = 0
        var uriEnd = 0
        while index < bytes.count {
            var found: Range<Int>?
            if index >= uriEnd, matches(schemeMark, at: index, bytes) {
                (found, uriEnd) = userInfo(at: index, bytes)
            } else if beginnings[Int(lowered[index])] {
                found = token(at: index, lowered) ?? modelKey(at: index, lowered) ?? value(at: index, bytes, lowered)
            }
            if let found, !found.isEmpty {
                ranges.append(found)
                index = found.upperBound
            } else {
                index += 1
            }
        }
        return ranges
    }

    // MARK: scheme://user:password@host

    /// From the first colon of the user part to the last `@` before white space: a password may have `@` and `/` in it
    /// although it should not. Also answers where the white space is: what follows in the word has been looked at.
    private static func userInfo(at index: Int, _ bytes: [UInt8]) -> (range: Range<Int>?, end: Int) {
        var colon: Int?
        var at: Int?
        var position = index + 3
        while position < bytes.count, bytes[position] > 0x20 {
            if bytes[position] == UInt8(ascii: ":"), colon == nil { colon = position }
            if bytes[position] == UInt8(ascii: "@") { at = position }
            position += 1
        }
        guard let colon, let at, colon < at else { return (nil, position) }
        return ((colon + 1)..<at, position)
    }

    // MARK: v4.public.…

    private static func token(at index: Int, _ lowered: [UInt8]) -> Range<Int>? {
        guard index == 0 || !isWord(lowered[index - 1]), tokens.contains(where: { matches($0, at: index, lowered) }) else {
            return nil
        }
        var end = index + 3
        let kinds = ["public.", "local.", "secret.", "seed.", "narrow."].map { Array($0.utf8) }
        guard let kind = kinds.first(where: { matches($0, at: end, lowered) }) else { return nil }
        end += kind.count
        let body = end
        while end < lowered.count,
            isWord(lowered[end]) || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(lowered[end])
        {
            end += 1
        }
        return end - body >= 16 ? index..<end : nil
    }

    // MARK: Bearer …, sk-…

    /// A key of at least 16 characters: to the next white space, quote or comma.
    private static func modelKey(at index: Int, _ lowered: [UInt8]) -> Range<Int>? {
        guard index == 0 || !isWord(lowered[index - 1]) else { return nil }
        let start: Int
        if matches(bearer, at: index, lowered) {
            start = index + bearer.count
        } else if matches(modelKey, at: index, lowered) {
            start = index
        } else {
            return nil
        }
        var end = start
        while end < lowered.count, lowered[end] > 0x20, !isQuote(lowered[end]), lowered[end] != UInt8(ascii: ",") { end += 1 }
        return end - start >= 16 ? start..<end : nil
    }

    // MARK: password=…

    private static func value(at index: Int, _ bytes: [UInt8], _ lowered: [UInt8]) -> Range<Int>? {
        if index == 0 || !isWord(lowered[index - 1]) {
            for introduction in introductions where matches(introduction, at: index, lowered) {
                if let range = quoted(at: index + introduction.count, bytes) { return range }
            }
        }
        for name in names where matches(name, at: index, lowered) {
            var position = index + name.count
            // The closing quote of the name itself, as in JSON.
            if position < bytes.count, isQuote(bytes[position]) { position += 1 }
            position = skipSpace(position, bytes)
            guard position < bytes.count else { continue }
            let mark = bytes[position]
            guard mark == UInt8(ascii: "=") || mark == UInt8(ascii: ":") else { continue }
            position = skipSpace(position + 1, bytes)
            if let range = quoted(at: position, bytes) { return range }
            // After a colon only what is quoted: "using password: YES" and "password: must be a string" are no secrets.
            return mark == UInt8(ascii: "=") ? unquoted(at: position, bytes) : nil
        }
        return nil
    }

    /// What stands between quotes, where a backslash or a doubled quote does not end it; to the end of the text where none does.
    private static func quoted(at index: Int, _ bytes: [UInt8]) -> Range<Int>? {
        guard index < bytes.count, isQuote(bytes[index]) else { return nil }
        var end = index + 1
        while end < bytes.count {
            if bytes[end] == UInt8(ascii: "\\") {
                end += 2
            } else if bytes[end] == bytes[index] {
                guard end + 1 < bytes.count, bytes[end + 1] == bytes[index] else { break }
                end += 2
            } else {
                end += 1
            }
        }
        return (index + 1)..<min(end, bytes.count)
    }

    /// To the next white space; libpq allows a backslash before it.
    private static func unquoted(at index: Int, _ bytes: [UInt8]) -> Range<Int> {
        var end = index
        while end < bytes.count, bytes[end] > 0x20 { end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1 }
        return index..<max(index, min(end, bytes.count))
    }

    // MARK: Characters

    private static func matches(_ text: [UInt8], at index: Int, _ bytes: [UInt8]) -> Bool {
        index + text.count <= bytes.count && bytes[index] == text[0] && bytes[index..<(index + text.count)].elementsEqual(text)
    }

    private static func skipSpace(_ index: Int, _ bytes: [UInt8]) -> Int {
        var index = index
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
        return index
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
