import Glibc

/// Reads the forms people have for an SQLite file.
///
///     /srv/app.db                     a plain absolute path, taken byte for byte
///     sqlite:///srv/app.db            as SQLAlchemy, Prisma and others write it; percent-encoding is decoded
///     sqlite:/srv/app.db              the same without an authority
///     sqlite://localhost/srv/app.db   the same, as RFC 8089 allows for `file:`
///     ~/app.db, sqlite:~/app.db, sqlite://~/app.db
///                                     below the home directory of the daemon's user
///
/// `~` is kept as it is here and expanded by ``SQLiteFilePolicy``, in personal mode only: in shared mode the daemon's home
/// is nobody's to name. Relative paths are refused because a daemon's working directory means nothing to its clients.
enum SQLiteConnectionString {
    /// Linux's PATH_MAX, less the `-journal` that SQLite appends.
    static let pathBytesMax = 4_000
    /// A path every byte of which is percent-encoded, and the scheme.
    static let textBytesMax = 3 * pathBytesMax + 64

    static func parse(_ text: String) throws(DatabaseError) -> ConnectionTarget {
        guard text.utf8.count <= textBytesMax else {
            throw invalid("The connection string is longer than \(textBytesMax) bytes.")
        }
        guard !text.utf8.contains(0) else { throw invalid("The connection string contains a NUL character.") }
        guard !text.isEmpty else { throw notInFiles("An empty path") }
        let path = try self.path(of: text)
        guard !path.utf8.contains(0) else { throw invalid("The path contains a NUL character (%00).") }
        guard path.utf8.count <= pathBytesMax else { throw invalid("The path is longer than \(pathBytesMax) bytes.") }
        guard path.hasPrefix("/") || path.hasPrefix("~/") else {
            throw invalid("The path is relative; write an absolute path, for example sqlite:///srv/app.db (three slashes).")
        }
        guard !path.hasSuffix("/") else { throw invalid("The path ends in a slash; name a file, not a directory.") }
        return ConnectionTarget(databaseType: .sqlite, location: .file(path: path), tls: .disable)
    }

    /// The path inside `text`, decoded if `text` is a URI.
    private static func path(of text: String) throws(DatabaseError) -> String {
        if hasScheme("file", text) {
            throw invalid("file: URIs are not accepted, their parameters change how SQLite works; write sqlite:///path instead.")
        }
        if text == ":memory:" { throw notInFiles("An in-memory database") }
        guard hasScheme("sqlite", text) || hasScheme("sqlite3", text), let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        else {
            if let scheme = foreignScheme(text) {
                throw invalid("\(scheme): is not SQLite; write sqlite:///path or a plain path.")
            }
            return text
        }
        var rest = text[text.utf8.index(after: colon)...]
        if rest.hasPrefix("//") { rest = try withoutAuthority(rest.dropFirst(2)) }
        if rest.utf8.contains(UInt8(ascii: "?")) {
            throw invalid("Query parameters (?…) are not accepted for SQLite; a question mark in a file name is written %3F.")
        }
        if rest.utf8.contains(UInt8(ascii: "#")) {
            throw invalid("A fragment (#…) is not accepted; a number sign in a file name is written %23.")
        }
        if rest.isEmpty || rest == "/" { throw notInFiles("An empty path") }
        if rest == ":memory:" || rest == "/:memory:" { throw notInFiles("An in-memory database") }
        return try percentDecoded(rest)
    }

    /// What follows `//`: nothing or `localhost` may stand before the path.
    private static func withoutAuthority(_ rest: Substring) throws(DatabaseError) -> Substring {
        if rest.isEmpty || rest.hasPrefix("/") || rest.hasPrefix("~/") || rest == ":memory:" { return rest }
        if rest.hasPrefix("localhost/") { return rest.dropFirst("localhost".count) }
        throw invalid("sqlite://name… names a host, and SQLite files are on this machine; write sqlite:///path (three slashes).")
    }

    private static func hasScheme(_ scheme: String, _ text: String) -> Bool {
        let wanted = Array(scheme.utf8) + [UInt8(ascii: ":")]
        guard text.utf8.count >= wanted.count else { return false }
        return zip(text.utf8, wanted).allSatisfy { byte, letter in byte == letter || (byte | 0x20 == letter && letter >= 0x61) }
    }

    /// `postgresql` of `postgresql://…`.
    private static func foreignScheme(_ text: String) -> Substring? {
        guard !text.hasPrefix("/"), let range = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<range]
        let rest = text[range...].dropFirst()
        guard rest.hasPrefix("//"), scheme.utf8.count <= 20 else { return nil }
        return scheme
    }

    private static func percentDecoded(_ text: Substring) throws(DatabaseError) -> String {
        var bytes: [UInt8] = []
        var source = text.utf8.makeIterator()
        while let byte = source.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = source.next().flatMap(hexValue), let low = source.next().flatMap(hexValue) else {
                throw invalid("A % must be followed by two hexadecimal digits; a percent sign itself is written %25.")
            }
            bytes.append(high << 4 | low)
        }
        guard let path = String(validating: bytes, as: UTF8.self) else {
            throw invalid("The percent-encoded path is not valid UTF-8.")
        }
        return path
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func invalid(_ message: String) -> DatabaseError {
        DatabaseError(.invalidConnectionString, phase: .parse, message)
    }

    private static func notInFiles(_ what: String) -> DatabaseError {
        DatabaseError(
            .policy, phase: .policy,
            "\(what) would be a temporary database that vanishes with its connection; name a file, for example sqlite:///srv/app.db."
        )
    }
}
