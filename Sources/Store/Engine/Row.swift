internal import Databases

/// A row, read column by column in the order of the SELECT. A value of the wrong type is a damaged store, not a crash.
struct Row {
    let values: [Parameter]
    private var column = 0

    init(_ values: [Parameter]) { self.values = values }

    private mutating func next() throws(StoreError) -> Parameter {
        guard column < values.count else { throw mismatch }
        defer { column += 1 }
        return values[column]
    }

    private var mismatch: StoreError {
        StoreError(
            .corrupt, "The store holds a value that it should not; run `dbassistd doctor`.",
            debugDescription: "column \(column) of \(values.count)")
    }

    private func checked<Value>(_ value: Value?) throws(StoreError) -> Value {
        guard let value else { throw mismatch }
        return value
    }

    mutating func text() throws(StoreError) -> String { try checked(next().text) }
    mutating func integer() throws(StoreError) -> Int64 { try checked(next().integer) }
    mutating func int() throws(StoreError) -> Int { try checked(Int(exactly: integer())) }
    mutating func bool() throws(StoreError) -> Bool { try integer() != 0 }
    mutating func double() throws(StoreError) -> Double { try checked(next().double) }
    mutating func bytes() throws(StoreError) -> [UInt8] { try checked(next().bytes) }

    mutating func optionalText() throws(StoreError) -> String? {
        let value = try next()
        return value.isNull ? nil : try checked(value.text)
    }
    mutating func optionalInteger() throws(StoreError) -> Int64? {
        let value = try next()
        return value.isNull ? nil : try checked(value.integer)
    }
    mutating func optionalDouble() throws(StoreError) -> Double? {
        let value = try next()
        return value.isNull ? nil : try checked(value.double)
    }
    mutating func optionalBytes() throws(StoreError) -> [UInt8]? {
        let value = try next()
        return value.isNull ? nil : try checked(value.bytes)
    }

    /// A column that holds the raw value of an enumeration.
    mutating func word<Word: RawRepresentable<String>>(_ type: Word.Type) throws(StoreError) -> Word {
        try checked(Word(rawValue: text()))
    }
}

extension Parameter {
    static func optional(_ value: String?) -> Parameter { value.map(Parameter.text) ?? .null }
    static func optional(_ value: Int64?) -> Parameter { value.map(Parameter.integer) ?? .null }
    static func optional(_ value: Double?) -> Parameter { value.map(Parameter.double) ?? .null }
    static func optional(_ value: [UInt8]?) -> Parameter { value.map(Parameter.bytes) ?? .null }
    /// Booleans are stored as 0 and 1: the one form both engines have.
    static func flag(_ value: Bool) -> Parameter { .integer(value ? 1 : 0) }
}
