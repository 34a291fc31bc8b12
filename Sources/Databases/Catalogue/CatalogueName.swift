/// A name as a key: the same bytes, not merely the same characters. Two relations may have names that Swift takes for equal, one
/// written with composed letters and one with combining marks.
struct CatalogueName: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    /// A relation's name within its schema.
    init(_ schema: String, _ name: String) { text = schema + "\u{0}" + name }

    static func == (left: CatalogueName, right: CatalogueName) -> Bool { left.text.hasSameBytes(as: right.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both are the same bytes in UTF-8.
    public func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Whether this stands before the other in the order of their bytes in UTF-8.
    public func precedesInBytes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
