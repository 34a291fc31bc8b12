/// The id of a request, kept so that it can be echoed exactly as it was written.
public enum RequestID: Sendable, Hashable {
    case null
    /// An integer in its usual spelling.
    case integer(Int64)
    /// A string or number as it stands in the text, quotes, escapes and all.
    case token([UInt8])

    /// Reads an id: a string, an integer or null. Anything else, fractions and exponents too, is no id.
    public init?(_ reader: inout JSONReader) {
        switch reader.kind {
        case .null:
            _ = reader.null()
            self = .null
        case .string:
            self = .token(Array(reader.slice()))
        case .number:
            let token = reader.slice()
            guard token.allSatisfy({ $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
            if token.count <= 18, token[0] != UInt8(ascii: "-"), let value = JSONNumber.integer(token) {
                self = .integer(value)
            } else {
                self = .token(Array(token))
            }
        case .object, .array, .bool: return nil
        }
    }

    /// Writes the id as it came.
    public func encode(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .integer(let value): writer.integer(value)
        case .token(let bytes): bytes.withUnsafeBytes { writer.raw($0) }
        }
    }
}
