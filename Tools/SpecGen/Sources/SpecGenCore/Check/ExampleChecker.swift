/// Checks examples and defaults against their schemas: an example that does not fit would be sent by the tests for nothing.
struct ExampleChecker {
    let specification: Specification
    let diagnostics: Diagnostics

    func check() {
        for type in specification.types {
            if case .object(let properties) = type.shape { checkDefaults(properties) }
        }
        for method in specification.methods {
            checkDefaults(method.params)
            if case .object(let properties)? = method.result { checkDefaults(properties) }
            for example in method.examples { check(example, of: method) }
        }
    }

    private var fit: SchemaFit { SchemaFit(specification: specification, diagnostics: diagnostics) }

    private func checkDefaults(_ properties: [Property]) {
        for property in properties {
            guard case .defaulted(let value) = property.presence else { continue }
            let node = SpecNode(json: value, location: property.location)
            fit.check(node, property.schema, path: "the default")
        }
    }

    private func check(_ example: Example, of method: Method) {
        checkPlaceholders(example)
        if case .error("invalid_params") = example.outcome {
            // Such an example shows params that do not fit.
        } else {
            checkParams(example, of: method)
        }
        guard case .result(let node) = example.outcome, let result = method.result else { return }
        switch result {
        case .reference(let name): fit.check(node, .reference(name), path: "result")
        case .object(let properties): fit.check(node, properties, path: "result")
        case .empty: fit.check(node, [], path: "result")
        case .raw: break
        }
    }

    private func checkParams(_ example: Example, of method: Method) {
        guard let node = example.params else {
            if let missing = method.params.first(where: \.isRequired) {
                diagnostics.error(example.location, "the example lacks the parameter `\(missing.name)`")
            }
            return
        }
        if case .sequence(let items) = node.value {
            checkPositions(items, node, of: method)
        } else {
            fit.check(node, method.params, path: "params", ignoring: method.ignoredMembers)
        }
    }

    private func checkPositions(_ items: [SpecNode], _ node: SpecNode, of method: Method) {
        guard method.allowsPositions, items.count <= method.params.count else {
            diagnostics.error(node.location, "params by position: at most two, and no more than the method has")
            return
        }
        for (item, property) in zip(items, method.params) { fit.check(item, property.schema, path: "params.\(property.name)") }
        for property in method.params.dropFirst(items.count) where property.isRequired {
            diagnostics.error(node.location, "params.\(property.name) is missing")
        }
    }

    private func checkPlaceholders(_ example: Example) {
        var nodes = [example.params].compactMap(\.self)
        if case .result(let result) = example.outcome { nodes.append(result) }
        while let node = nodes.popLast() {
            switch node.value {
            case .sequence(let items): nodes += items
            case .mapping(let pairs): nodes += pairs.map(\.value)
            case .string(let text):
                for match in text.matches(of: /\$\{([^}]*)\}/) where !Placeholder.names.contains(String(match.1)) {
                    let names = Placeholder.names.sorted().joined(separator: ", ")
                    diagnostics.error(node.location, "unknown placeholder `\(match.0)`; the test harness fills \(names)")
                }
            default: break
            }
        }
    }
}

/// `${name}` in an example: the test harness puts something real there.
enum Placeholder {
    static let names: Set<String> = [
        "sampleDatabase", "email", "password", "newEmail", "token", "projectId", "queryId", "resultId", "cursor", "sessionId",
        "threadId",
        "unknownId",
    ]

    static func isIn(_ text: String) -> Bool { text.contains("${") }
}

extension Method {
    /// Whether params may be an array.
    var allowsPositions: Bool { (1...2).contains(params.count) }

    /// Members that params may have besides the declared ones; nil: any.
    var ignoredMembers: [String]? {
        if unknownMembers == .ignore { return nil }
        return kind == .request ? Self.tokenMembers : []
    }

    /// LSP's members that every request accepts.
    static let tokenMembers = ["workDoneToken", "partialResultToken"]
}

extension SpecNode {
    init(json: JSONValue, location: SourceLocation) {
        let value: Value =
            switch json {
            case .null: .null
            case .bool(let flag): .bool(flag)
            case .integer(let number): .integer(number)
            case .number(let text): .number(text)
            case .string(let text): .string(text)
            case .array(let items): .sequence(items.map { SpecNode(json: $0, location: location) })
            case .object(let members):
                .mapping(
                    members.map { (SpecKey(name: $0.name, location: location), SpecNode(json: $0.value, location: location)) })
            }
        self.init(value: value, location: location)
    }
}
