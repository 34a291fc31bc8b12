/// Schemas to JSON Schema, draft 7: what a small validator understands.
struct JSONSchemaTranslator {
    let specification: Specification
    let usage: TypeUsage

    // MARK: Types

    /// `components.schemas`.
    func schemas() -> JSONValue {
        var members = specification.types.map { JSONValue.Member($0.name, type($0)) }
        members.append(.init(Specification.limitsType, limits()))
        members.append(.init("ErrorObject", errorObject()))
        return .object(members)
    }

    private func type(_ type: NamedType) -> JSONValue {
        switch type.shape {
        case .object(let properties):
            object(properties, description: type.description, isOpen: usage.lenient.contains(type.name))
        case .enumeration(let cases):
            .members([
                "description": .string(type.description.trimmedEnd), "type": "string",
                "enum": .array(cases.map { .string($0.value) }),
            ])
        case .alias(let schema): described(self.schema(schema), type.description)
        }
    }

    func object(_ properties: [Property], description: String? = nil, isOpen: Bool = false) -> JSONValue {
        let required = properties.filter(\.isRequired).map { JSONValue.string($0.name) }
        return .members([
            "description": description.map { .string($0.trimmedEnd) },
            "type": "object",
            "properties": .object(properties.map { .init($0.name, property($0)) }),
            "required": required.isEmpty ? nil : .array(required),
            "additionalProperties": isOpen ? nil : false,
        ])
    }

    private func limits() -> JSONValue {
        let properties = specification.limits.map { limit in
            Property(
                name: limit.name, schema: .integer(minimum: 0, maximum: nil), presence: .required, isNullable: false,
                description: limit.description, location: limit.location)
        }
        return object(properties, description: "Every limit in force.")
    }

    /// The `error` member of a reply.
    private func errorObject() -> JSONValue {
        let code: JSONValue = .members([
            "description": "What programs branch on.", "type": "string",
            "enum": .array(specification.errors.map { .string($0.code) }),
        ])
        var data: [JSONValue.Member] = [
            .init("code", code),
            .init("retryable", .members(["description": "Whether the same request may succeed later.", "type": "boolean"])),
            .init("phase", .members(["type": "string"])),
            .init("requestId", .members(["type": "string"])),
        ]
        var seen = Set(data.map(\.name))
        for name in specification.errors.flatMap(\.data) where seen.insert(name).inserted {
            data.append(.init(name, .object([])))
        }
        let dataSchema: JSONValue = .members([
            "type": "object", "properties": .object(data), "required": ["code", "retryable"], "additionalProperties": false,
        ])
        let properties: JSONValue = .members([
            "code": .members(["type": "integer"]), "message": .members(["type": "string", "minLength": 1]), "data": dataSchema,
        ])
        return .members([
            "description": "The `error` member of a reply.", "type": "object", "properties": properties,
            "required": ["code", "message", "data"], "additionalProperties": false,
        ])
    }

    // MARK: Schemas

    func property(_ property: Property) -> JSONValue {
        var schema = schema(property.schema)
        if property.isNullable { schema = nullable(schema) }
        if case .defaulted(let value) = property.presence { schema = schema.adding("default", value) }
        return described(schema, property.description)
    }

    private func described(_ schema: JSONValue, _ description: String) -> JSONValue {
        guard case .object(let members) = schema else { return schema }
        return .object([.init("description", .string(description.trimmedEnd))] + members)
    }

    private func nullable(_ schema: JSONValue) -> JSONValue {
        let null = JSONValue.members(["type": "null"])
        if case .object(let members) = schema, let type = schema["type"], type.string != nil {
            return .object(members.map { $0.name == "type" ? .init("type", .array([type, "null"])) : $0 })
        }
        return .members(["oneOf": .array([schema, null])])
    }

    func schema(_ schema: Schema) -> JSONValue {
        switch schema {
        case .string(let rules):
            .members([
                "type": "string", "minLength": rules.minLength.map { .integer(Int64($0)) },
                "maxLength": rules.maxLength.map { .integer(Int64($0)) }, "format": rules.format.map { .string($0.rawValue) },
            ])
        case .integer(let minimum, let maximum):
            .members(["type": "integer", "minimum": minimum.map { .integer($0) }, "maximum": maximum.map { .integer($0) }])
        case .number(let minimum, let maximum): .members(["type": "number", "minimum": minimum, "maximum": maximum])
        case .boolean: .members(["type": "boolean"])
        case .array(let items, let minItems, let maxItems):
            .members([
                "type": "array", "items": self.schema(items), "minItems": minItems.map { .integer(Int64($0)) },
                "maxItems": maxItems.map { .integer(Int64($0)) },
            ])
        case .raw(let shape): shape?.withComponentReferences ?? .object([])
        case .reference(let name): .members(["$ref": .string("#/components/schemas/" + name)])
        }
    }
}

extension JSONValue {
    func adding(_ name: String, _ value: JSONValue) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + [Member(name, value)])
    }

    /// The same with `$ref: Name` as `$ref: #/components/schemas/Name`.
    var withComponentReferences: JSONValue {
        switch self {
        case .array(let items): .array(items.map(\.withComponentReferences))
        case .object(let members):
            .object(
                members.map { member in
                    if member.name == "$ref", let text = member.value.string, !text.hasPrefix("#") {
                        Member("$ref", .string("#/components/schemas/" + text))
                    } else {
                        Member(member.name, member.value.withComponentReferences)
                    }
                })
        default: self
        }
    }
}

extension String {
    /// Without white space at the end.
    var trimmedEnd: String {
        var text = self[...]
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
