/// Object types, params, results and notifications to Swift structs.
struct StructTranslator {
    let specification: Specification
    let usage: TypeUsage

    func namedType(_ type: NamedType, _ properties: [Property]) -> SwiftStruct {
        var decoding: SwiftStruct.Decoding?
        if usage.decoded.contains(type.name) {
            decoding = .init(isLenient: usage.lenient.contains(type.name), allowsTokens: false, allowsPositions: false)
        }
        return SwiftStruct(
            name: type.name, doc: type.description, members: properties.map(member), decoding: decoding,
            isEncodable: usage.encoded.contains(type.name))
    }

    func params(_ method: Method) -> SwiftStruct? {
        guard !method.params.isEmpty else { return nil }
        let decoding = SwiftStruct.Decoding(
            isLenient: method.unknownMembers == .ignore, allowsTokens: method.kind == .request,
            allowsPositions: method.allowsPositions)
        return SwiftStruct(
            name: SwiftName.pascal(method.name) + "Params", doc: "What `\(method.name)` is called with.",
            members: method.params.map(member), decoding: decoding, isEncodable: false)
    }

    func result(_ method: Method) -> SwiftStruct? {
        guard case .object(let properties)? = method.result else { return nil }
        return SwiftStruct(
            name: SwiftName.pascal(method.name) + "Result", doc: "What `\(method.name)` answers.",
            members: properties.map(member), decoding: nil, isEncodable: true)
    }

    func notification(_ method: Method) -> SwiftStruct {
        SwiftStruct(
            name: SwiftName.pascal(method.name) + "Notification", doc: "\(method.summary)\n\n\(method.description)",
            members: method.params.map(member), decoding: nil, isEncodable: true, notification: method.name)
    }

    private func member(_ property: Property) -> SwiftMember {
        let schema = specification.resolved(property.schema)
        var expression: String?
        if case .defaulted(let value) = property.presence { expression = self.expression(value, schema) }
        return SwiftMember(
            wireName: property.name, name: SwiftName.camel(property.name), schema: schema, presence: property.presence,
            isNullable: property.isNullable, doc: property.description + rules(schema, expression),
            defaultExpression: expression)
    }

    /// A default, which fits its schema, as Swift.
    private func expression(_ value: JSONValue, _ schema: Schema) -> String {
        switch (value, schema) {
        case (.string(let text), .reference): "." + SwiftName.escaped(SwiftName.camel(text))
        case (.array(let items), .array(let item, _, _)):
            "[" + items.map { expression($0, item) }.joined(separator: ", ") + "]"
        case (_, .raw): "JSONText(\(SwiftLiteral.string(JSONRenderer.compact(value))))"
        case (.string(let text), _): SwiftLiteral.string(text)
        case (let value, _): JSONRenderer.compact(value)
        }
    }

    /// The rules a decoder checks, in words.
    private func rules(_ schema: Schema, _ defaultExpression: String?) -> String {
        var parts: [String] = []
        if let range = SchemaWords.rules(schema) { parts.append(range) }
        if let defaultExpression { parts.append("default `\(defaultExpression)`") }
        guard let first = parts.first else { return "" }
        let words = ([first.prefix(1).uppercased() + first.dropFirst()] + parts.dropFirst()).joined(separator: "; ")
        return " \(words)."
    }
}
