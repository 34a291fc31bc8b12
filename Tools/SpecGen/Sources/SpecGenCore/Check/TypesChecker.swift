/// Reads `types.yaml`.
struct TypesChecker {
    let diagnostics: Diagnostics

    func types(_ node: SpecNode) -> [NamedType] {
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "the types must be a mapping of names to types, not \(node.kind)")
            return []
        }
        return pairs.compactMap { type($0.key, $0.value) }
    }

    private func type(_ key: SpecKey, _ node: SpecNode) -> NamedType? {
        checkName(key)
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "a type must be a mapping, not \(node.kind)")
            return nil
        }
        let word = pairs.first { $0.key.name == "type" }?.value.json.string
        let shape: NamedType.Shape
        if word == "object" {
            let known = ["description", "type", "properties"]
            guard let members = MemberReader(node, what: "an object type", known: known, diagnostics),
                let properties = members.required("properties")
            else { return nil }
            shape = .object(SchemaChecker(diagnostics: diagnostics).properties(properties, what: "`properties`"))
        } else if pairs.contains(where: { $0.key.name == "enum" }) {
            guard let cases = enumeration(node) else { return nil }
            shape = .enumeration(cases)
        } else {
            guard let schema = SchemaChecker(diagnostics: diagnostics).schema(node, extra: ["description"]) else { return nil }
            shape = .alias(schema)
        }
        let all = pairs.map(\.key.name)
        let description = MemberReader(node, what: "a type", known: all, diagnostics)?.text("description") ?? ""
        return NamedType(name: key.name, description: description, shape: shape, location: key.location)
    }

    private func enumeration(_ node: SpecNode) -> [NamedType.EnumerationCase]? {
        guard let members = MemberReader(node, what: "an enum", known: ["description", "type", "enum"], diagnostics) else {
            return nil
        }
        if members.string("type") != "string" {
            diagnostics.error(node.location, "an enum must have `type: string`")
        }
        let cases = members.strings("enum")
        if cases.isEmpty { diagnostics.error(node.location, "an enum needs at least one value") }
        for value in cases where value.text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_.\/ -]*/) == nil {
            diagnostics.error(value.location, "`\(value.text)` cannot be an enum value: it must begin with a letter")
        }
        return cases.map { NamedType.EnumerationCase(value: $0.text, location: $0.location) }
    }

    private func checkName(_ key: SpecKey) {
        if key.name.wholeMatch(of: /[A-Z][A-Za-z0-9]*/) == nil {
            diagnostics.error(key.location, "`\(key.name)` cannot be a type name: a capital, then letters and digits")
        } else if SwiftName.reservedTypes.contains(key.name) {
            diagnostics.error(key.location, "`\(key.name)` is taken: Swift or the generated code has a type of that name")
        }
    }
}
