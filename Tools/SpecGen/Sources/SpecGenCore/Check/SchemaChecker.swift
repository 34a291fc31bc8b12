/// Reads schemas and properties, and refuses what the subset does not have.
struct SchemaChecker {
    let diagnostics: Diagnostics

    private static let schemaMembers: [String: [String]] = [
        "string": ["type", "minLength", "maxLength", "format"],
        "integer": ["type", "minimum", "maximum"],
        "number": ["type", "minimum", "maximum"],
        "boolean": ["type"],
        "array": ["type", "items", "minItems", "maxItems"],
        "raw": ["type", "shape"],
    ]
    private static let propertyMembers = ["optional", "nullable", "default", "description"]

    // MARK: Properties

    /// An ordered map of properties.
    func properties(_ node: SpecNode, what: String) -> [Property] {
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "\(what) must be a mapping of names to schemas, not \(node.kind)")
            return []
        }
        return pairs.compactMap { property($0.key, $0.value) }
    }

    private func property(_ key: SpecKey, _ node: SpecNode) -> Property? {
        checkName(key)
        guard let schema = schema(node, extra: Self.propertyMembers),
            let members = MemberReader(node, what: "the property", known: Self.allMembers, diagnostics)
        else { return nil }
        let isOptional = members.bool("optional")
        let isNullable = members.bool("nullable")
        if isOptional, isNullable {
            diagnostics.error(node.location, "a property is either optional or nullable, never both")
        }
        var presence: Property.Presence = isOptional ? .optional : .required
        if let value = members["default"] {
            if isOptional || isNullable {
                diagnostics.error(value.location, "a property with a default is neither optional nor nullable")
            }
            presence = .defaulted(value.json)
        }
        return Property(
            name: key.name, schema: schema, presence: presence, isNullable: isNullable, description: members.text("description"),
            location: node.location)
    }

    private func checkName(_ key: SpecKey) {
        if key.name.wholeMatch(of: /\$?[A-Za-z_][A-Za-z0-9_]*/) == nil {
            diagnostics.error(key.location, "`\(key.name)` cannot be a member name: letters, digits and _ only")
        }
    }

    private static let allMembers =
        Set(schemaMembers.values.joined()).union(propertyMembers).union(["$ref", "enum", "properties"]).sorted()

    // MARK: Schemas

    /// One schema; `extra` are members that may stand beside it.
    func schema(_ node: SpecNode, extra: [String] = []) -> Schema? {
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "a schema must be a mapping, not \(node.kind)")
            return nil
        }
        let names = pairs.map(\.key.name)
        if names.contains("$ref") {
            guard let members = MemberReader(node, what: "a reference", known: ["$ref"] + extra, diagnostics) else { return nil }
            return reference(members)
        }
        guard let type = pairs.first(where: { $0.key.name == "type" })?.value, case .string(let word) = type.value else {
            diagnostics.error(node.location, "a schema needs `type` or `$ref`")
            return nil
        }
        if let place = pairs.first(where: { $0.key.name == "enum" })?.key.location {
            diagnostics.error(place, "an enum must be a type of its own in spec/types.yaml, used by `$ref`")
            return nil
        }
        if word == "object" {
            diagnostics.error(type.location, "a nested object must be a type of its own in spec/types.yaml, used by `$ref`")
            return nil
        }
        guard let known = Self.schemaMembers[word] else {
            let words = Self.schemaMembers.keys.sorted().joined(separator: ", ")
            diagnostics.error(type.location, "unknown type `\(word)`; the subset has \(words)")
            return nil
        }
        guard let members = MemberReader(node, what: "a schema of type \(word)", known: known + extra, diagnostics) else {
            return nil
        }
        return schema(word, members)
    }

    private func schema(_ word: String, _ members: MemberReader) -> Schema? {
        switch word {
        case "string": return .string(stringRules(members))
        case "integer":
            let (minimum, maximum) = (members.integer("minimum"), members.integer("maximum"))
            checkOrder(minimum, maximum, "minimum", members)
            return .integer(minimum: minimum, maximum: maximum)
        case "number": return .number(minimum: number("minimum", members), maximum: number("maximum", members))
        case "boolean": return .boolean
        case "array":
            guard let node = members.required("items"), let items = schema(node) else { return nil }
            let (minItems, maxItems) = (members.count("minItems"), members.count("maxItems"))
            checkOrder(minItems.map(Int64.init), maxItems.map(Int64.init), "minItems", members)
            return .array(items: items, minItems: minItems, maxItems: maxItems)
        default: return .raw(shape: shape(members))
        }
    }

    func shape(_ members: MemberReader) -> JSONValue? {
        guard let node = members["shape"] else { return nil }
        guard case .mapping = node.value else {
            diagnostics.error(node.location, "`shape` must be a JSON Schema object, not \(node.kind)")
            return nil
        }
        return node.json
    }

    private func reference(_ members: MemberReader) -> Schema? {
        guard let name = members.string("$ref") else { return nil }
        return .reference(name)
    }

    private func stringRules(_ members: MemberReader) -> StringRules {
        let rules = StringRules(
            minLength: members.count("minLength"), maxLength: members.count("maxLength"),
            format: members.has("format") ? members.choice("format", default: nil) : nil)
        checkOrder(rules.minLength.map(Int64.init), rules.maxLength.map(Int64.init), "minLength", members)
        return rules
    }

    private func number(_ name: String, _ members: MemberReader) -> JSONValue? {
        guard let node = members[name] else { return nil }
        switch node.value {
        case .integer(let value): return .integer(value)
        case .number(let text): return .number(text)
        default:
            diagnostics.error(node.location, "`\(name)` must be a number, not \(node.kind)")
            return nil
        }
    }

    private func checkOrder(_ low: Int64?, _ high: Int64?, _ name: String, _ members: MemberReader) {
        guard let low, let high, low > high else { return }
        diagnostics.error(members[name]?.location ?? members.node.location, "`\(name)` is above its maximum")
    }
}
