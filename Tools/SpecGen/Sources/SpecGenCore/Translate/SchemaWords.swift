/// Schemas in words, for doc comments and documents.
enum SchemaWords {
    /// The rules beyond the type, or nil: "1 to 100 characters".
    static func rules(_ schema: Schema) -> String? {
        switch schema {
        case .string(let rules): range(rules.minLength.map(String.init), rules.maxLength.map(String.init), " characters")
        case .integer(let minimum, let maximum): range(minimum.map { "\($0)" }, maximum.map { "\($0)" }, "")
        case .number(let minimum, let maximum):
            range(minimum.map(JSONRenderer.compact), maximum.map(JSONRenderer.compact), "")
        case .array(_, let minItems, let maxItems): range(minItems.map(String.init), maxItems.map(String.init), " items")
        default: nil
        }
    }

    private static func range(_ low: String?, _ high: String?, _ unit: String) -> String? {
        switch (low, high) {
        case (nil, nil): nil
        case (let low?, nil): "at least \(low)\(unit)"
        case (nil, let high?): "at most \(high)\(unit)"
        case (let low?, let high?): low == high ? "exactly \(low)\(unit)" : "\(low) to \(high)\(unit)"
        }
    }

    /// The type, as a column of a table: `string (uuid)`, `[Column]`.
    static func type(_ schema: Schema) -> String {
        switch schema {
        case .string(let rules): rules.format.map { "string (\($0.rawValue))" } ?? "string"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .array(let items, _, _): "array of \(type(items))"
        case .raw: "any JSON"
        case .reference(let name): "[\(name)](#\(name.lowercased()))"
        }
    }
}
