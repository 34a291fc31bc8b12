/// Lists the keywords a connection string uses, with libpq's grammar but without its habits: libpq lets the last of two
/// equal keywords win and `?host=` override the host before it, both silently.
enum PostgreSQLKeywordScanner {
    struct Found: Equatable {
        var name: String
        var isURIParameter = false
        /// The name follows an unquoted password, so it may be a part of it.
        var mayBePassword = false
    }

    static func keywords(in text: String) throws(DatabaseError) -> [Found] {
        for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) {
            return try uri(Array(text.utf8.dropFirst(scheme.utf8.count)))
        }
        let bytes = Array(text.utf8)
        let scheme = bytes.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "=") && !isSpace($0) }
        let jdbc = scheme.elementsEqual("jdbc".utf8)
        if jdbc || bytes[scheme.endIndex...].starts(with: "://".utf8) {
            throw PostgreSQLConnectionString.invalid("A PostgreSQL URI starts with postgresql:// or postgres://.")
        }
        return try keywordForm(bytes)
    }

    // MARK: user:password@host:port/dbname?keyword=value&…

    private static func uri(_ bytes: [UInt8]) throws(DatabaseError) -> [Found] {
        var found: [Found] = []
        var rest = bytes[...]
        if let end = rest.firstIndex(where: { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") }),
            rest[end] == UInt8(ascii: "@")
        {
            let login = rest[..<end]
            let colon = login.firstIndex(of: UInt8(ascii: ":")) ?? login.endIndex
            if !login[..<colon].isEmpty { found.append(Found(name: "user")) }
            if !login[colon...].dropFirst().isEmpty { found.append(Found(name: "password")) }
            rest = rest[(end + 1)...]
        }
        guard !rest.contains(UInt8(ascii: "@")) else {
            throw PostgreSQLConnectionString.invalid(
                "There is an @ after the host; in a user name, password or database name write @ as %40 and / as %2F.")
        }
        let question = rest.firstIndex(of: UInt8(ascii: "?")) ?? rest.endIndex
        found += try authority(rest[..<question])
        for parameter in rest[question...].dropFirst().split(separator: UInt8(ascii: "&")) {
            let equals = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.endIndex
            found.append(Found(name: percentDecoded(parameter[..<equals]), isURIParameter: true))
        }
        return found
    }

    private static func authority(_ bytes: ArraySlice<UInt8>) throws(DatabaseError) -> [Found] {
        var found: [Found] = []
        let slash = bytes.firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
        let hosts = bytes[..<slash]
        let closing =
            hosts.first == UInt8(ascii: "[") ? hosts.firstIndex(of: UInt8(ascii: "]")) ?? hosts.startIndex : hosts.startIndex
        let colon = hosts[closing...].firstIndex(of: UInt8(ascii: ":")) ?? hosts.endIndex
        if !hosts[..<colon].isEmpty { found.append(Found(name: "host")) }
        let port = hosts[colon...].dropFirst()
        // Said before any keyword is named: what looks like a port here may be a password with a / in it.
        guard
            port.allSatisfy({ 0x30...0x39 ~= $0 || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "%") }
            )
                || hosts.contains(UInt8(ascii: ","))
        else { throw PostgreSQLConnectionString.portRefused }
        if !port.isEmpty { found.append(Found(name: "port")) }
        if !bytes[slash...].dropFirst().isEmpty { found.append(Found(name: "dbname")) }
        return found
    }

    private static func percentDecoded(_ bytes: ArraySlice<UInt8>) -> String {
        var decoded: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.endIndex, let high = hex(bytes[index + 1]),
                let low = hex(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) } }

    // MARK: keyword = value …

    private static func keywordForm(_ bytes: [UInt8]) throws(DatabaseError) -> [Found] {
        var found: [Found] = []
        var index = 0
        var afterBarePassword = false
        func skipSpaces() { while index < bytes.count, isSpace(bytes[index]) { index += 1 } }
        skipSpaces()
        while index < bytes.count {
            let start = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "="), !isSpace(bytes[index]) { index += 1 }
            let name = String(decoding: bytes[start..<index], as: UTF8.self)
            skipSpaces()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
                throw PostgreSQLConnectionString.invalid(
                    "A word of the connection string has no \"=\"; quote values that have spaces, or write a postgresql:// URI.")
            }
            index += 1
            skipSpaces()
            found.append(Found(name: name, mayBePassword: afterBarePassword))
            let quoted = index < bytes.count && bytes[index] == UInt8(ascii: "'")
            index = try endOfValue(bytes, from: index, quoted: quoted)
            afterBarePassword = (name == "password" && !quoted) || (afterBarePassword && PostgreSQLKeyword(rawValue: name) == nil)
            skipSpaces()
        }
        return found
    }

    private static func endOfValue(_ bytes: [UInt8], from start: Int, quoted: Bool) throws(DatabaseError) -> Int {
        var index = quoted ? start + 1 : start
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if quoted ? bytes[index] == UInt8(ascii: "'") : isSpace(bytes[index]) { return quoted ? index + 1 : index }
            index += 1
        }
        guard !quoted else { throw PostgreSQLConnectionString.invalid("A quoted value has no closing quote.") }
        return bytes.count
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
}
