import Protocol

/// The least and the greatest of what came, each as the cell it was.
struct NumberBounds {
    private struct Bound {
        var digits: [UInt8]
        var value: Double
        var cell: JSONText
    }

    private var least: Bound?
    private var greatest: Bound?

    var isEmpty: Bool { least == nil }
    var min: JSONText? { least?.cell }
    var max: JSONText? { greatest?.cell }

    /// `value`: the same number, rounded, infinite for an infinity: most numbers need no look at their digits.
    mutating func add(_ digits: UnsafeRawBufferPointer, _ value: Double, _ cell: UnsafeRawBufferPointer) {
        if Self.isBeyond(digits, value, least, sign: -1) {
            least = Bound(digits: Array(digits), value: value, cell: JSONText(copying: cell))
        }
        if Self.isBeyond(digits, value, greatest, sign: 1) {
            greatest = Bound(digits: Array(digits), value: value, cell: JSONText(copying: cell))
        }
    }

    @inline(__always)
    private static func isBeyond(_ digits: UnsafeRawBufferPointer, _ value: Double, _ bound: Bound?, sign: Int) -> Bool {
        guard let bound else { return true }
        if value != bound.value { return sign > 0 ? value > bound.value : value < bound.value }
        guard value.isFinite else { return false }
        return bound.digits.withUnsafeBytes { DecimalText(digits).compare(DecimalText($0)) * sign > 0 }
    }
}

/// The least and the greatest text by bytes, which is by code points. Only their beginnings are kept, which are the least and greatest
/// of all beginnings.
struct TextBounds {
    private static let keptBytes = 256

    private struct Bound {
        var kept: [UInt8]
        var bytes: Int

        init(_ text: UnsafeRawBufferPointer) {
            kept = Array(text.prefix(TextBounds.keptBytes))
            bytes = text.count
        }

        /// Below 0 if the bound is less than `text`, 0 if there is no telling.
        func compare(_ text: UnsafeRawBufferPointer) -> Int {
            let other = text.prefix(TextBounds.keptBytes)
            for (own, theirs) in zip(kept, other) where own != theirs { return own < theirs ? -1 : 1 }
            if kept.count != other.count { return kept.count < other.count ? -1 : 1 }
            let (isCut, otherIsCut) = (bytes > kept.count, text.count > other.count)
            return isCut == otherIsCut ? 0 : isCut ? 1 : -1
        }

        var cell: JSONText { kept.withUnsafeBytes { .cell(text: $0, bytes: bytes) } }
    }

    private var least: Bound?
    private var greatest: Bound?

    var isEmpty: Bool { least == nil }
    var min: JSONText? { least?.cell }
    var max: JSONText? { greatest?.cell }

    mutating func add(_ text: UnsafeRawBufferPointer) {
        if least.map({ $0.compare(text) > 0 }) ?? true { least = Bound(text) }
        if greatest.map({ $0.compare(text) < 0 }) ?? true { greatest = Bound(text) }
    }
}

/// The earliest and the latest time, each as the cell it was.
struct TimeBounds {
    private var least: (key: TimeKey, cell: JSONText)?
    private var greatest: (key: TimeKey, cell: JSONText)?

    var isEmpty: Bool { least == nil }
    var min: JSONText? { least?.cell }
    var max: JSONText? { greatest?.cell }

    /// `text`: the cell's characters.
    mutating func add(_ key: TimeKey, _ text: UnsafeRawBufferPointer) {
        if least.map({ key < $0.key }) ?? true { least = (key, .cell(text: text, bytes: text.count)) }
        if greatest.map({ key > $0.key }) ?? true { greatest = (key, .cell(text: text, bytes: text.count)) }
    }
}

extension JSONText {
    /// A text as a cell: whole if `text` is all of its `bytes` bytes, else `$truncated` with its beginning up to a whole character.
    static func cell(text: UnsafeRawBufferPointer, bytes: Int) -> JSONText {
        var writer = JSONWriter(capacity: text.count + 64)
        guard text.count < bytes else {
            writer.string(utf8: text)
            return writer.take()
        }
        let whole = UTF8Check.validPrefix(text)
        writer.raw("{\"$truncated\":{\"bytes\":")
        writer.integer(bytes)
        writer.raw(",\"prefix\":")
        writer.string(utf8: UnsafeRawBufferPointer(rebasing: text[0..<whole]))
        writer.raw("}}")
        return writer.take()
    }
}
