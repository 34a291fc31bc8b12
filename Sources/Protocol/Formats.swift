/// The forms a string of the spec can have.
enum StringFormat {
    /// Five groups of hexadecimal digits (RFC 9562 section 4); any version, either case.
    case uuid
    /// Something, `@`, something, without spaces: whether mail arrives there is not a question of form.
    case email
    /// RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
    case dateTime
    /// An opaque place in a list: base64url (RFC 4648 section 5) without padding.
    case cursor
    /// A PASETO or its like: base64url parts between dots.
    case token

    /// Completes "`<path>` …" when a string is not of the form.
    var reason: String {
        switch self {
        case .uuid: "must be a UUID, like 01890a5d-ac96-774b-bcce-b302099a8057"
        case .email: "must be an e-mail address"
        case .dateTime: "must be a time in UTC with milliseconds, like 2026-01-31T12:00:00.000Z"
        case .cursor: "must be a cursor that an earlier reply gave"
        case .token: "must be a token that an earlier reply gave"
        }
    }

    func fits(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            switch self {
            case .uuid: Self.isUUID(bytes)
            case .email: Self.isEmail(bytes)
            case .dateTime: Self.isDateTime(bytes)
            case .cursor: !bytes.isEmpty && bytes.allSatisfy(Self.isBase64URL)
            // Whether it is one is the verifier's to say, with one answer for every cause.
            case .token: true
            }
        }
    }

    private static func isUUID(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count == 36 else { return false }
        for index in 0..<36 {
            let isDash = index == 8 || index == 13 || index == 18 || index == 23
            if isDash ? bytes[index] != UInt8(ascii: "-") : !isHex(bytes[index]) { return false }
        }
        return true
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 6
    }

    /// One `@` that is neither first nor last, and no white space or control character.
    private static func isEmail(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var at: Int?
        for (index, byte) in bytes.enumerated() {
            if byte <= 0x20 || byte == 0x7F { return false }
            if byte == UInt8(ascii: "@") {
                if at != nil { return false }
                at = index
            }
        }
        guard let at else { return false }
        return at > 0 && at < bytes.count - 1
    }

    private static func isDateTime(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let form: StaticString = "0000-00-00T00:00:00.000Z"
        guard bytes.count == form.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count {
            let wanted = form.utf8Start[index]
            if wanted == UInt8(ascii: "0") ? bytes[index] &- wanted > 9 : bytes[index] != wanted { return false }
        }
        func two(_ at: Int) -> Int { Int(bytes[at] - 48) * 10 + Int(bytes[at + 1] - 48) }
        let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8))
        guard (1...12).contains(month), two(11) < 24, two(14) < 60, two(17) <= 60 else { return false }
        return day >= 1 && day <= days(in: month, of: year)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Lengths in Unicode scalars, as JSON Schema counts them.
enum StringLength {
    /// Throws unless `text` has `minimum` to `maximum` scalars. They are counted only where the bytes leave a doubt.
    @inline(__always)
    static func check(_ text: String, _ minimum: Int, _ maximum: Int, at offset: Int) throws(JSONMismatch) {
        let bytes = text.utf8.count
        // n bytes are at most n scalars and at least n/4.
        if bytes <= maximum, (bytes + 3) / 4 >= minimum { return }
        try count(text, minimum, maximum, at: offset)
    }

    @inline(never)
    private static func count(_ text: String, _ minimum: Int, _ maximum: Int, at offset: Int) throws(JSONMismatch) {
        let count = text.unicodeScalars.count
        if count >= minimum, count <= maximum { return }
        if minimum == maximum { throw JSONMismatch(at: offset, "must have exactly \(maximum) characters") }
        if count > maximum { throw JSONMismatch(at: offset, "must have at most \(maximum) characters") }
        if minimum == 1 { throw JSONMismatch(at: offset, "must not be empty") }
        throw JSONMismatch(at: offset, "must have at least \(minimum) characters")
    }
}
