/// Values with the rules of the spec: what generated decoders call.
extension JSONReader {
    /// Reads a string of `minLength` to `maxLength` Unicode scalars.
    mutating func string(minLength: Int, maxLength: Int) throws(JSONMismatch) -> String {
        let start = offset
        let value = try string()
        try StringLength.check(value, minLength, maxLength, at: start)
        return value
    }

    /// Reads a string that is of `format`, and has `minLength` to `maxLength` Unicode scalars.
    mutating func string(format: StringFormat, minLength: Int = 0, maxLength: Int = .max) throws(JSONMismatch) -> String {
        let start = offset
        let value = try string()
        try StringLength.check(value, minLength, maxLength, at: start)
        guard format.fits(value) else { throw JSONMismatch(at: start, format.reason) }
        return value
    }

    /// Reads an integer from `minimum` to `maximum`.
    mutating func int(minimum: Int = .min, maximum: Int = .max) throws(JSONMismatch) -> Int {
        let start = offset
        let value = Int(try integer())
        guard value >= minimum, value <= maximum else { throw Self.outOfRange(minimum, maximum, at: start) }
        return value
    }

    /// Reads a number from `minimum` to `maximum`.
    mutating func double(
        minimum: Double = -.greatestFiniteMagnitude, maximum: Double = .greatestFiniteMagnitude
    ) throws(JSONMismatch) -> Double {
        let start = offset
        let value = try double()
        guard value >= minimum, value <= maximum else { throw Self.outOfRange(minimum, maximum, at: start) }
        return value
    }

    /// Reads an array of `minItems` to `maxItems` elements.
    mutating func array<Element>(
        minItems: Int = 0, maxItems: Int = .max, _ element: (inout JSONReader) throws(JSONMismatch) -> Element
    ) throws(JSONMismatch) -> [Element] {
        let start = offset
        var elements: [Element] = []
        try enterArray()
        while nextElement() {
            guard elements.count < maxItems else { throw JSONMismatch(at: start, "must have at most \(maxItems) items") }
            elements.append(try element(&self))
        }
        guard elements.count >= minItems else { throw JSONMismatch(at: start, "must have at least \(minItems) items") }
        return elements
    }

    /// Reads a string that is to be one of a few words, without making a `String` of it.
    mutating func word() throws(JSONMismatch) -> JSONMemberName {
        guard kind == .string else { throw JSONMismatch(at: offset, "must be a string") }
        return quotedText()
    }

    /// The value of a member that has to be there, or the refusal of the object at `start` that lacks it.
    @inline(__always)
    static func require<Value>(_ value: Value?, _ name: StaticString, at start: Int) throws(JSONMismatch) -> Value {
        if let value { return value }
        throw JSONMismatch(at: start, member: name.description, "is missing")
    }

    /// Refuses `null` for a member that may be absent, saying so.
    @inline(__always) func refuseNull() throws(JSONMismatch) {
        guard kind == .null else { return }
        throw JSONMismatch(at: offset, "must not be null; leave it out instead")
    }

    /// Skips the value of `workDoneToken` or `partialResultToken`, which a method has not declared.
    mutating func skipProgressToken() throws(JSONMismatch) {
        guard kind == .string || kind == .number else { throw JSONMismatch(at: offset, "must be a string or an integer") }
        slice()
    }

    @inline(never)
    private static func outOfRange<T: BoundedRange>(_ minimum: T, _ maximum: T, at start: Int) -> JSONMismatch {
        if minimum == T.lowest { return JSONMismatch(at: start, "must be at most \(maximum)") }
        if maximum == T.highest { return JSONMismatch(at: start, "must be at least \(minimum)") }
        return JSONMismatch(at: start, "must be from \(minimum) to \(maximum)")
    }
}

/// A number type with bounds that stand for "no rule".
private protocol BoundedRange: Equatable {
    static var lowest: Self { get }
    static var highest: Self { get }
}

extension Int: BoundedRange {
    fileprivate static var lowest: Int { .min }
    fileprivate static var highest: Int { .max }
}

extension Double: BoundedRange {
    fileprivate static var lowest: Double { -.greatestFiniteMagnitude }
    fileprivate static var highest: Double { .greatestFiniteMagnitude }
}
