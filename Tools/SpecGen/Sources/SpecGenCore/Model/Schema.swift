/// A schema of the spec's subset.
indirect enum Schema: Equatable, Sendable {
    case string(StringRules)
    case integer(minimum: Int64?, maximum: Int64?)
    case number(minimum: JSONValue?, maximum: JSONValue?)
    case boolean
    case array(items: Schema, minItems: Int?, maxItems: Int?)
    /// Any JSON value, passed through as bytes; `shape` describes it to readers and validators.
    case raw(shape: JSONValue?)
    case reference(String)
}

/// What a string must be.
struct StringRules: Equatable, Sendable {
    /// In Unicode scalars.
    var minLength: Int?
    var maxLength: Int?
    var format: StringFormat?
}

/// A string's form; `Sources/Protocol/Formats.swift` checks them at run time.
enum StringFormat: String, CaseIterable, Sendable {
    case uuid
    case email
    case dateTime = "date-time"
    case cursor
    case token
}

/// A member of an object, or a parameter.
struct Property: Sendable {
    enum Presence: Equatable, Sendable {
        case required
        case optional
        case defaulted(JSONValue)
    }

    var name: String
    var schema: Schema
    var presence: Presence
    var isNullable: Bool
    var description: String
    var location: SourceLocation

    var isRequired: Bool { presence == .required }
}

/// A type of `types.yaml`.
struct NamedType: Sendable {
    enum Shape: Sendable {
        case object([Property])
        case enumeration([EnumerationCase])
        /// Another name for a schema: a string with rules, a list.
        case alias(Schema)
    }

    struct EnumerationCase: Sendable {
        var value: String
        var location: SourceLocation
    }

    var name: String
    var description: String
    var shape: Shape
    var location: SourceLocation
}
