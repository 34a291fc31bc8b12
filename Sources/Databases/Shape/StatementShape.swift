/// What statements have in common that differ only in their values, their layout and their comments: the statement with `?` for
/// each literal and placeholder.
///
/// Lists of values after `IN`, `VALUES` and `ARRAY` are one whatever their length: an item like the one before it is left out.
/// White space and comments are gone, keywords are in capitals, names without quotes in lower case where the engine folds them,
/// and quoted names as they are. Any text has a shape, also one that is no SQL.
public struct StatementShape: Sendable, Equatable {
    /// The normalised statement, at most ``textBytesMax`` bytes of it; `…` says that there is more.
    public var text: String
    /// Of the whole normalised statement: two statements have the same if and, but for chance, only if they have the same shape.
    /// The same in every version of the daemon: histories are grouped by it.
    public var fingerprint: UInt64

    /// A text longer than this is cut.
    public static let textBytesMax = 4_096

    public init(text: String, fingerprint: UInt64) {
        self.text = text
        self.fingerprint = fingerprint
    }

    /// The shape of `sql` by the lexical rules of `type`, in time linear in its length.
    public init(of sql: String, _ type: DatabaseType) {
        var sql = sql
        let normalised = sql.withUTF8 { ShapeWriter.normalised($0, SQLDialect.of(type)) }
        fingerprint = Self.fingerprint(normalised)
        text = Self.cut(normalised)
    }

    /// ``fingerprint`` as sixteen hexadecimal digits.
    public var name: String { Self.name(fingerprint) }

    public static func name(_ fingerprint: UInt64) -> String {
        let digits = String(fingerprint, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The fingerprint that ``name`` spells; nil for any other text.
    public static func fingerprint(named name: String) -> UInt64? {
        guard name.utf8.count == 16, let value = UInt64(name, radix: 16), Self.name(value).utf8.elementsEqual(name.utf8) else {
            return nil
        }
        return value
    }

    /// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/), its bits then mixed as MurmurHash3 ends.
    private static func fingerprint(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 33
    }

    private static func cut(_ bytes: [UInt8]) -> String {
        guard bytes.count > textBytesMax else { return String(decoding: bytes, as: UTF8.self) }
        var end = textBytesMax - 3
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self) + "…"
    }
}
