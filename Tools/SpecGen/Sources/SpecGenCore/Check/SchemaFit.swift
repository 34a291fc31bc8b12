/// Whether a value of an example fits a schema.
struct SchemaFit {
    let specification: Specification
    let diagnostics: Diagnostics

    /// Checks an object's members. `ignoring`: names it may have besides; nil for any.
    func check(_ node: SpecNode, _ properties: [Property], path: String, ignoring: [String]? = []) {
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "\(path) must be an object, not \(node.kind)")
            return
        }
        for (key, value) in pairs {
            guard let property = properties.first(where: { $0.name == key.name }) else {
                if let ignoring, !ignoring.contains(key.name) {
                    diagnostics.error(key.location, "\(path) has no member `\(key.name)`")
                }
                continue
            }
            if property.isNullable, case .null = value.value { continue }
            check(value, property.schema, path: "\(path).\(key.name)")
        }
        for property in properties where property.isRequired && !pairs.contains(where: { $0.key.name == property.name }) {
            diagnostics.error(node.location, "\(path).\(property.name) is missing")
        }
    }

    func check(_ node: SpecNode, _ schema: Schema, path: String) {
        switch (specification.resolved(schema), node.value) {
        case (.raw, _): break
        case (.boolean, .bool): break
        case (.string(let rules), .string(let text)): check(text, rules, node, path)
        case (.integer(let minimum, let maximum), .integer(let value)):
            if let minimum, value < minimum { refuse(node, path, "must be at least \(minimum)") }
            if let maximum, value > maximum { refuse(node, path, "must be at most \(maximum)") }
        case (.number(let minimum, let maximum), .integer(let value)):
            checkRange(Double(value), minimum, maximum, node, path)
        case (.number(let minimum, let maximum), .number(let text)):
            checkRange(Double(text) ?? 0, minimum, maximum, node, path)
        case (.array(let items, let minItems, let maxItems), .sequence(let nodes)):
            if let minItems, nodes.count < minItems { refuse(node, path, "must have at least \(minItems) items") }
            if let maxItems, nodes.count > maxItems { refuse(node, path, "must have at most \(maxItems) items") }
            for (index, item) in nodes.enumerated() { check(item, items, path: "\(path)[\(index)]") }
        case (.reference(let name), _): check(node, named: name, path: path)
        case (let schema, _): refuse(node, path, "must be \(schema.noun), not \(node.kind)")
        }
    }

    private func check(_ node: SpecNode, named name: String, path: String) {
        if name == Specification.limitsType {
            guard case .mapping(let pairs) = node.value else { return refuse(node, path, "must be an object, not \(node.kind)") }
            for (key, value) in pairs {
                if !specification.limits.contains(where: { $0.name == key.name }) {
                    diagnostics.error(key.location, "there is no limit `\(key.name)`")
                }
                check(value, .integer(minimum: 0, maximum: nil), path: "\(path).\(key.name)")
            }
            for limit in specification.limits where !pairs.contains(where: { $0.key.name == limit.name }) {
                diagnostics.error(node.location, "\(path).\(limit.name) is missing")
            }
            return
        }
        // An unknown name was reported where it stands.
        guard let type = specification.type(name) else { return }
        switch type.shape {
        case .object(let properties): check(node, properties, path: path)
        case .enumeration(let cases):
            let words = cases.map(\.value)
            guard case .string(let text) = node.value else { return refuse(node, path, "must be a string, not \(node.kind)") }
            if !words.contains(text), !Placeholder.isIn(text) {
                refuse(node, path, "must be one of \(words.joined(separator: ", ")), not `\(text)`")
            }
        case .alias: break
        }
    }

    private func check(_ text: String, _ rules: StringRules, _ node: SpecNode, _ path: String) {
        guard !Placeholder.isIn(text) else { return }
        let length = text.unicodeScalars.count
        if let minLength = rules.minLength, length < minLength {
            refuse(node, path, "must have at least \(minLength) characters")
        }
        if let maxLength = rules.maxLength, length > maxLength { refuse(node, path, "must have at most \(maxLength) characters") }
        if let format = rules.format, !format.fits(text) { refuse(node, path, "is not of the format \(format.rawValue)") }
    }

    private func checkRange(_ value: Double, _ minimum: JSONValue?, _ maximum: JSONValue?, _ node: SpecNode, _ path: String) {
        if let minimum = minimum?.double, value < minimum { refuse(node, path, "must be at least \(minimum)") }
        if let maximum = maximum?.double, value > maximum { refuse(node, path, "must be at most \(maximum)") }
    }

    private func refuse(_ node: SpecNode, _ path: String, _ reason: String) {
        diagnostics.error(node.location, "\(path) \(reason)")
    }
}

extension JSONValue {
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }
}

extension Schema {
    /// For messages.
    var noun: String {
        switch self {
        case .string: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .array: "an array"
        case .raw: "any value"
        case .reference(let name): "of type \(name)"
        }
    }
}

extension StringFormat {
    /// The same checks as `Sources/Protocol/Formats.swift` makes, as patterns.
    func fits(_ text: String) -> Bool {
        switch self {
        case .uuid: text.wholeMatch(of: /[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/) != nil
        case .email: text.wholeMatch(of: /[^@\s]+@[^@\s]+/) != nil
        case .dateTime: text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
        case .cursor: text.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil
        case .token: text.wholeMatch(of: /[A-Za-z0-9_.-]+/) != nil
        }
    }
}
