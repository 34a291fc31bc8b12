import Protocol

/// Takes in the cells of one column, one by one, in bounded memory.
struct ColumnAccumulator {
    private static let numberBytesMax = 1_000
    private static let shownBytesMax = 128

    private var figures: ColumnFigures
    private let encoding: Column.Encoding
    private let isTime: Bool
    private var distinct: DistinctCounter
    private var top: TopValues
    private var numbers = NumberFigures()
    private var numberBounds = NumberBounds()
    private var textBounds = TextBounds()
    private var timeBounds = TimeBounds()
    private var trues = 0
    private var falses = 0
    private var lengthsTotal = 0
    private var lengthsCount = 0

    init(_ column: Column, _ limits: FiguresLimits) {
        figures = ColumnFigures(column)
        encoding = column.encoding
        isTime = TimeKey.isTime(column)
        distinct = DistinctCounter(exactMax: limits.distinctMax, precision: limits.distinctPrecision)
        top = TopValues(capacity: limits.topMax)
    }

    /// Takes in the cell whose JSON is `slice`. `scratch` is its to use.
    mutating func add(_ slice: UnsafeRawBufferPointer, _ scratch: inout JSONWriter) {
        var reader = JSONReader(slice)
        let cell = Cell(&reader, encoding)
        if case .null = cell {
            figures.nulls += 1
            return
        }
        figures.count += 1
        switch cell {
        case .null: break
        case .cut: figures.cutCells += 1
        case .boolean(let value):
            if value { trues += 1 } else { falses += 1 }
            see(slice, .boolean, slice)
        case .number(let digits): addNumber(digits, slice)
        case .notFinite(let name):
            numbers.addNotFinite()
            if name.count != 3 { numberBounds.add(name, name.first == UInt8(ascii: "-") ? -.infinity : .infinity, slice) }
            see(name, .notFinite, slice)
        case .text(let inside, let isEscaped):
            scratch.withCharacters(inside, isEscaped: isEscaped) { addText($0) }
            see(inside, .text, slice)
        case .binary(let base64, let isText):
            addLength(Base64Bytes.count(base64))
            see(base64, isText ? .brokenText : .binary, slice)
        case .json(let text):
            addLength(Self.scalars(text))
            see(text, .json, slice)
        }
    }

    // MARK: Kinds of cells

    private enum Kind: UInt8 { case boolean, number, notFinite, text, brokenText, binary, json }

    private mutating func addNumber(_ digits: UnsafeRawBufferPointer, _ slice: UnsafeRawBufferPointer) {
        guard digits.count <= Self.numberBytesMax else {
            numbers.addNotFinite()
            return see(digits, .text, slice)
        }
        let number = DecimalText(digits)
        let value = Double(digits: digits)
        numbers.add(number, value, isExact: encoding == .decimal || (encoding != .float && number.scale == 0))
        numberBounds.add(digits, value, slice)
        var hasher = Hasher()
        hasher.combine(Kind.number.rawValue)
        number.hash(into: &hasher)
        see(UInt64(bitPattern: Int64(hasher.finalize())), slice)
    }

    private mutating func addText(_ text: UnsafeRawBufferPointer) {
        addLength(Self.scalars(text))
        if isTime, let key = TimeKey(text) {
            timeBounds.add(key, text)
        } else {
            textBounds.add(text)
        }
    }

    private mutating func addLength(_ length: Int) {
        figures.minLength = min(figures.minLength ?? .max, length)
        figures.maxLength = max(figures.maxLength ?? 0, length)
        lengthsTotal += length
        lengthsCount += 1
    }

    private static func scalars(_ text: UnsafeRawBufferPointer) -> Int {
        var continuing = 0
        for byte in text where byte & 0xC0 == 0x80 { continuing &+= 1 }
        return text.count - continuing
    }

    // MARK: Values

    private mutating func see(_ identity: UnsafeRawBufferPointer, _ kind: Kind, _ slice: UnsafeRawBufferPointer) {
        var hasher = Hasher()
        hasher.combine(kind.rawValue)
        hasher.combine(bytes: identity)
        see(UInt64(bitPattern: Int64(hasher.finalize())), slice)
    }

    private mutating func see(_ hash: UInt64, _ slice: UnsafeRawBufferPointer) {
        distinct.add(hash)
        top.add(hash) { Self.shown(slice) }
    }

    /// A cell to show: as it is, or its beginning if it is long.
    private static func shown(_ slice: UnsafeRawBufferPointer) -> JSONText {
        guard slice.count > shownBytesMax else { return JSONText(copying: slice) }
        var reader = JSONReader(slice)
        guard reader.kind == .string else {
            return .cell(text: UnsafeRawBufferPointer(rebasing: slice[..<shownBytesMax]), bytes: slice.count)
        }
        let (inside, isEscaped) = reader.stringSlice()
        var writer = JSONWriter(capacity: inside.count)
        var shown = JSONText("null")
        writer.withCharacters(inside, isEscaped: isEscaped) { text in
            shown = .cell(text: UnsafeRawBufferPointer(rebasing: text.prefix(shownBytesMax)), bytes: text.count)
        }
        return shown
    }

    // MARK: The end

    func finish(topValues: Int) -> ColumnFigures {
        var figures = figures
        figures.distinct = distinct.count
        figures.distinctIsEstimate = distinct.isEstimate
        figures.topValues = top.top(topValues)
        figures.sum = numbers.sumText
        figures.mean = numbers.mean
        figures.deviation = numbers.deviation
        figures.notFinite = numbers.notFinite
        if encoding == .boolean { (figures.trueCount, figures.falseCount) = (trues, falses) }
        if lengthsCount > 0 { figures.meanLength = Double(lengthsTotal) / Double(lengthsCount) }
        switch (numberBounds.isEmpty, timeBounds.isEmpty, textBounds.isEmpty) {
        case (false, _, true): (figures.order, figures.min, figures.max) = (.number, numberBounds.min, numberBounds.max)
        case (false, _, false): (figures.order, figures.min, figures.max) = (.mixed, numberBounds.min, textBounds.max)
        case (true, false, _): (figures.order, figures.min, figures.max) = (.time, timeBounds.min, timeBounds.max)
        case (true, true, false): (figures.order, figures.min, figures.max) = (.text, textBounds.min, textBounds.max)
        case (true, true, true): break
        }
        return figures
    }
}
