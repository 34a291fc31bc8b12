/// A YAML value with the place it stands at.
struct SpecNode: Sendable {
    indirect enum Value: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(String)
        case string(String)
        case sequence([SpecNode])
        case mapping([(key: SpecKey, value: SpecNode)])
    }

    var value: Value
    var location: SourceLocation

    /// What it is, for messages.
    var kind: String {
        switch value {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The same value as JSON.
    var json: JSONValue {
        switch value {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let text): .number(text)
        case .string(let text): .string(text)
        case .sequence(let items): .array(items.map(\.json))
        case .mapping(let pairs): .object(pairs.map { .init($0.key.name, $0.value.json) })
        }
    }
}

/// A mapping's key with its place.
struct SpecKey: Sendable {
    var name: String
    var location: SourceLocation
}
