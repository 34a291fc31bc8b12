/// Writes a statement's tokens in the one form that all statements of its shape share.
struct ShapeWriter {
    private enum Place: Equatable {
        case start, open, comma, dot, keyword, operand, name, operation
    }

    /// An open parenthesis or bracket.
    private struct Frame {
        /// Whether its items are values to be folded.
        var isList: Bool
        /// Whether it is a row after VALUES.
        var isRow: Bool
        var start: Int
        /// Where the item under way begins.
        var itemStart: Int
        /// The item before it.
        var item: Range<Int>?
        /// The row before this one.
        var row: Range<Int>?
    }

    /// Deeper parentheses are written as they are: nobody nests lists of values that deep.
    private static let depthMax = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private let dialect: SQLDialect
    private var out: [UInt8] = []
    private var frames: [Frame] = []
    private var unframed = 0
    private var place = Place.start
    /// Whether a list, or rows, may begin with the next parenthesis.
    private var opensList = false
    private var opensRow = false
    /// The last row after VALUES, while nothing but a comma has followed it.
    private var row: Range<Int>?
    /// A sign that belongs to the number after it, if one follows: where it begins, and what was before it.
    private var sign: (start: Int, before: Place)?
    /// Written once another token follows.
    private var hasTerminator = false

    static func normalised(_ bytes: UnsafeBufferPointer<UInt8>, _ dialect: SQLDialect) -> [UInt8] {
        var writer = ShapeWriter(bytes: bytes, dialect: dialect)
        var lexer = ShapeLexer(bytes, dialect)
        while let token = lexer.next() { writer.write(token) }
        return writer.out
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, dialect: SQLDialect) {
        self.bytes = bytes
        self.dialect = dialect
        out.reserveCapacity(min(bytes.count, 4_096))
    }

    private mutating func write(_ token: ShapeLexer.Token) {
        let first = bytes[token.range.lowerBound]
        if token.kind == .punctuation, first == UInt8(ascii: ";") {
            hasTerminator = true
            return
        }
        if hasTerminator {
            hasTerminator = false
            out.append(UInt8(ascii: ";"))
            forget()
            place = .operation
        }
        switch token.kind {
        case .word: word(token.range)
        case .quotedName: append(bytes[token.range], .name)
        case .literal, .placeholder: value()
        case .operation: operation(token.range)
        case .punctuation: punctuation(first)
        }
    }

    // MARK: Tokens

    /// What only holds until the next token.
    private mutating func forget() {
        opensList = false
        opensRow = false
        row = nil
        sign = nil
    }

    private mutating func append(_ text: some Collection<UInt8>, _ next: Place, spaced: Bool = true) {
        if spaced { space() }
        out.append(contentsOf: text)
        forget()
        place = next
    }

    private mutating func space() {
        switch place {
        case .start, .open, .dot: break
        default: out.append(0x20)
        }
    }

    private mutating func word(_ range: Range<Int>) {
        guard let keyword = SQLKeywords.word(bytes[range]), place != .dot else {
            guard dialect.foldsNames else { return append(bytes[range], .name) }
            return append(bytes[range].lazy.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, .name)
        }
        if keyword.isValue, frames.last?.isList == true, unframed == 0 { return value() }
        append(bytes[range].lazy.map { 0x61...0x7A ~= $0 ? $0 & 0xDF : $0 }, keyword.isOperand ? .operand : .keyword)
        opensList = keyword.opensList
        opensRow = keyword.opensRows
    }

    private mutating func value() {
        if let sign {
            out.removeSubrange(sign.start...)
            place = sign.before
        }
        append(CollectionOfOne(UInt8(ascii: "?")), .operand)
    }

    private mutating func operation(_ range: Range<Int>) {
        let isSign =
            range.count == 1 && (bytes[range.lowerBound] == UInt8(ascii: "-") || bytes[range.lowerBound] == UInt8(ascii: "+"))
        let isUnary =
            switch place {
            case .start, .open, .comma, .keyword, .operation: sign == nil
            case .dot, .operand, .name: false
            }
        let (start, before) = (out.count, place)
        let isCast = bytes[range].elementsEqual("::".utf8)
        append(bytes[range], isCast ? .dot : .operation, spaced: !isCast)
        if isSign, isUnary { sign = (start, before) }
    }

    private mutating func punctuation(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: "["): open(byte)
        case UInt8(ascii: ")"), UInt8(ascii: "]"): close(byte)
        case UInt8(ascii: ","):
            let row = row
            endItem()
            append(CollectionOfOne(byte), .comma, spaced: false)
            self.row = row
            if unframed == 0, !frames.isEmpty { frames[frames.count - 1].itemStart = out.count + 1 }
        default: append(CollectionOfOne(byte), .dot, spaced: false)
        }
    }

    // MARK: Lists

    private mutating func open(_ byte: UInt8) {
        let isRow = opensRow || (place == .comma && row != nil)
        let isNested = (place == .comma || place == .open) && frames.last?.isList == true && unframed == 0
        let isList = opensList || isRow || isNested
        let previous = row
        // A call and a subscript are written to their name.
        let isTight = place == .name || (byte == UInt8(ascii: "[") && place != .operation && place != .comma)
        append(CollectionOfOne(byte), .open, spaced: !isTight)
        guard frames.count < Self.depthMax, unframed == 0 else {
            unframed += 1
            return
        }
        frames.append(Frame(isList: isList, isRow: isRow, start: out.count - 1, itemStart: out.count, row: previous))
    }

    private mutating func close(_ byte: UInt8) {
        if unframed > 0 {
            unframed -= 1
            return append(CollectionOfOne(byte), .operand, spaced: false)
        }
        endItem()
        append(CollectionOfOne(byte), .operand, spaced: false)
        guard let frame = frames.popLast(), frame.isRow else { return }
        let own = frame.start..<out.count
        if let previous = frame.row, out[previous] == out[own] {
            out.removeSubrange(previous.upperBound...)
            row = previous
        } else {
            row = own
        }
    }

    /// Leaves out the item that just ended if it is as the one before it.
    private mutating func endItem() {
        guard unframed == 0, let frame = frames.last, frame.isList, frame.itemStart <= out.count else { return }
        let own = frame.itemStart..<out.count
        if let previous = frame.item, out[previous] == out[own] {
            out.removeSubrange(previous.upperBound...)
        } else {
            frames[frames.count - 1].item = own
        }
    }
}
