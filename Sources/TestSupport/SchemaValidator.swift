/// Checks values against the JSON Schemas of `spec/openrpc.json`: the part of draft-07 that SpecGen writes, and an error for
/// any keyword beyond it, so that nothing passes because it was not understood.
public struct SchemaValidator: Sendable {
    private let schemas: JSONValue

    /// `document` is an OpenRPC document; references are looked up in its `components.schemas`.
    public init(document: JSONValue) { schemas = document["components"]["schemas"] }

    /// What is wrong with `value`; empty if nothing is.
    public func problems(_ value: JSONValue, against schema: JSONValue, at path: String = "$") -> [String] {
        if schema == .bool(true) { return [] }
        if let reference = schema["$ref"].string {
            guard let name = reference.split(separator: "/").last, let target = schemas.member(String(name)) else {
                return ["\(path): unknown reference \(reference)"]
            }
            return problems(value, against: target, at: path)
        }
        var found: [String] = []
        for keyword in schema.names where !keyword.hasPrefix("x-") { found += check(value, keyword, schema, path) }
        return found
    }

    private func check(_ value: JSONValue, _ keyword: String, _ schema: JSONValue, _ path: String) -> [String] {
        let rule = schema[keyword]
        switch keyword {
        case "title", "description", "default", "format", "examples", "$comment", "contentEncoding": return []
        case "type":
            let names = rule.array?.compactMap(\.string) ?? [rule.string ?? ""]
            return names.contains { Self.isA(value, $0) }
                ? [] : ["\(path): \(value) is not of type \(names.joined(separator: "|"))"]
        case "enum": return rule.array?.contains(value) == true ? [] : ["\(path): \(value) is not one of \(rule)"]
        case "const": return rule == value ? [] : ["\(path): \(value) is not \(rule)"]
        case "properties":
            return rule.names.flatMap { name in
                value.member(name).map { problems($0, against: rule[name], at: "\(path).\(name)") } ?? []
            }
        case "required":
            guard case .object = value else { return [] }
            return (rule.array ?? []).compactMap(\.string).filter { value.member($0) == nil }.map { "\(path): \($0) is missing" }
        case "additionalProperties": return additional(value, rule, schema, path)
        case "items":
            return (value.array ?? []).enumerated().flatMap { problems($1, against: rule, at: "\(path)[\($0)]") }
        case "oneOf", "anyOf":
            let matches = (rule.array ?? []).filter { problems(value, against: $0, at: path).isEmpty }.count
            return keyword == "oneOf"
                ? (matches == 1 ? [] : ["\(path): fits \(matches) of oneOf"])
                : (matches > 0 ? [] : ["\(path): fits none of anyOf"])
        case "minLength", "maxLength":
            guard let text = value.string, let bound = rule.integer else { return [] }
            let count = text.unicodeScalars.count
            return (keyword == "minLength" ? count >= bound : count <= bound)
                ? [] : ["\(path): length \(count), \(keyword) \(bound)"]
        case "minimum", "maximum":
            guard let number = value.double, let bound = rule.double else { return [] }
            return (keyword == "minimum" ? number >= bound : number <= bound) ? [] : ["\(path): \(number), \(keyword) \(bound)"]
        case "minItems", "maxItems":
            guard let count = value.array?.count, let bound = rule.integer else { return [] }
            return (keyword == "minItems" ? count >= bound : count <= bound)
                ? [] : ["\(path): \(count) items, \(keyword) \(bound)"]
        case "pattern":
            guard let text = value.string, let pattern = rule.string, let regex = try? Regex(pattern) else { return [] }
            return text.contains(regex) ? [] : ["\(path): \(text) does not match \(pattern)"]
        default: return ["\(path): the validator does not know the keyword \(keyword)"]
        }
    }

    private func additional(_ value: JSONValue, _ rule: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        let extra = value.names.filter { schema["properties"].member($0) == nil }
        if rule == .bool(false) { return extra.map { "\(path): \($0) is not in the schema" } }
        return extra.flatMap { problems(value[$0], against: rule, at: "\(path).\($0)") }
    }

    private static func isA(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("number", .number):
            true
        case ("integer", .number(let text)): Int(text) != nil
        default: false
        }
    }
}
