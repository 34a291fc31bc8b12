/// Places in the index of texts: those of a millisecond lie together, and later ones above earlier ones.
enum Place {
    private static let bits: Int64 = 21
    private static let lastMs: Int64 = 1 << 42 - 1

    /// The first place of a millisecond. Times before 1970 and after 2109 share the ends.
    static func first(ofMs timeMs: Int64) -> Int64 { min(max(timeMs, 0), lastMs) << bits }
    /// The first place after a millisecond.
    static func end(ofMs timeMs: Int64) -> Int64 { next(after: first(ofMs: timeMs)) }
    /// The first place of the millisecond after the one that begins with `first`.
    static func next(after first: Int64) -> Int64 { first + 1 << bits }
}
