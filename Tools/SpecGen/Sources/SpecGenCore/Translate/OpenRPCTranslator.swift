/// The specification as an OpenRPC 1.3 document, with what OpenRPC has no word for under `x-`.
struct OpenRPCTranslator {
    let specification: Specification

    private var schemas: JSONSchemaTranslator {
        JSONSchemaTranslator(specification: specification, usage: TypeUsage(specification))
    }

    func document() -> JSONValue {
        let info = specification.info
        return .members([
            "openrpc": "1.3.2",
            "info": .members([
                "title": .string(info.title), "version": .string(info.version),
                "description": .string(info.description.trimmedEnd),
                "license": .members(["name": .string(info.license)]),
            ]),
            "methods": .array(specification.toServer.map(method)),
            "components": .members(["schemas": schemas.schemas(), "errors": errors()]),
            "x-notifications": .array(specification.toClient.map(notification)),
            "x-limits": .array(specification.limits.map(limit)),
        ])
    }

    // MARK: Methods

    private func method(_ method: Method) -> JSONValue {
        let examples = method.examples.map { example($0, of: method) }
        return .members([
            "name": .string(method.name),
            "summary": .string(method.summary.trimmed),
            "description": .string(method.description.trimmedEnd),
            "tags": .array([.members(["name": .string(method.namespace)])]),
            "paramStructure": method.allowsPositions ? "either" : "by-name",
            "params": .array(method.params.map(parameter)),
            "result": method.result.map { result($0, of: method) },
            "errors": .array(method.errors.map { .members(["$ref": .string("#/components/errors/" + $0)]) }),
            "examples": examples.isEmpty ? nil : .array(examples),
            "x-kind": .string(method.kind.rawValue),
            "x-access": .string(method.access.rawValue),
            "x-ordering": .string(method.ordering.rawValue),
            "x-execution": .string(method.execution.rawValue),
            "x-unknownMembers": .string(method.unknownMembers.rawValue),
        ])
    }

    private func parameter(_ property: Property) -> JSONValue {
        .members([
            "name": .string(property.name), "description": .string(property.description.trimmedEnd),
            "required": .bool(property.isRequired), "schema": schemas.property(property),
        ])
    }

    private func result(_ result: Method.Result, of method: Method) -> JSONValue {
        let (name, schema): (String, JSONValue) =
            switch result {
            case .reference(let type): (type, schemas.schema(.reference(type)))
            case .object(let properties): (SwiftName.pascal(method.name) + "Result", schemas.object(properties))
            case .empty: ("Empty", schemas.object([]))
            case .raw(let shape): (SwiftName.pascal(method.name) + "Result", schemas.schema(.raw(shape: shape)))
            }
        return .members(["name": .string(name), "schema": schema])
    }

    /// An example pairing; a reply that is an error stands under `x-error`, for which OpenRPC has no place.
    private func example(_ example: Example, of method: Method) -> JSONValue {
        var result: JSONValue?
        var error: JSONValue?
        var isPositional = false
        if case .sequence? = example.params?.value { isPositional = true }
        switch example.outcome {
        case .result(let node): result = .members(["name": "result", "value": node.json])
        case .error(let code): error = .string(code)
        case .none: break
        }
        return .members([
            "name": .string(example.name), "params": .array(params(example, of: method)), "result": result, "x-error": error,
            "x-needs": .string(example.needs),
            "x-positional": isPositional ? true : nil,
        ])
    }

    private func params(_ example: Example, of method: Method) -> [JSONValue] {
        switch example.params?.json {
        case .object(let members)?: members.map { .members(["name": .string($0.name), "value": $0.value]) }
        case .array(let items)?:
            zip(items, method.params).map { item, property in .members(["name": .string(property.name), "value": item]) }
        default: []
        }
    }

    private func notification(_ method: Method) -> JSONValue {
        .members([
            "name": .string(method.name), "summary": .string(method.summary.trimmed),
            "description": .string(method.description.trimmedEnd), "params": schemas.object(method.params),
        ])
    }

    // MARK: Tables

    private func errors() -> JSONValue {
        .object(
            specification.errors.map { error in
                let data: JSONValue = .members(["code": .string(error.code), "retryable": .bool(error.isRetryable)])
                return .init(
                    error.code,
                    .members(["code": .integer(error.number), "message": .string(error.meaning.trimmed), "data": data]))
            })
    }

    private func limit(_ limit: Limit) -> JSONValue {
        .members([
            "name": .string(limit.name), "value": .integer(limit.value), "unit": .string(limit.unit.rawValue),
            "configurable": .bool(limit.isConfigurable), "description": .string(limit.description.trimmed),
        ])
    }
}
