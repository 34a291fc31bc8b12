/// Reads `errors.yaml`, `limits.yaml` and `info.yaml`.
struct TablesChecker {
    let diagnostics: Diagnostics

    func errors(_ node: SpecNode) -> [ErrorDefinition] {
        let errors: [ErrorDefinition] = items(node, what: "the errors").compactMap { item in
            let known = ["code", "number", "retryable", "meaning", "data"]
            guard let members = MemberReader(item, what: "an error", known: known, diagnostics) else { return nil }
            let code = members.text("code")
            if code.wholeMatch(of: /[a-z][a-z0-9_]*/) == nil {
                diagnostics.error(item.location, "an error code must be lower_case, not `\(code)`")
            }
            _ = members.required("number")
            _ = members.required("retryable")
            return ErrorDefinition(
                code: code, number: members.integer("number") ?? 0, isRetryable: members.bool("retryable"),
                meaning: members.text("meaning"), data: members.strings("data").map(\.text), location: item.location)
        }
        unique(errors.map { ($0.code, $0.location) }, what: "error code")
        return errors
    }

    func limits(_ node: SpecNode) -> [Limit] {
        let limits: [Limit] = items(node, what: "the limits").compactMap { item in
            let known = ["name", "value", "unit", "minimum", "configurable", "description"]
            guard let members = MemberReader(item, what: "a limit", known: known, diagnostics) else { return nil }
            let name = members.text("name")
            if name.wholeMatch(of: /[a-z][A-Za-z0-9]*/) == nil {
                diagnostics.error(item.location, "a limit's name must be lowerCamelCase, not `\(name)`")
            }
            _ = members.required("value")
            _ = members.required("configurable")
            let unit: Limit.Unit = members.choice("unit", default: nil) ?? .count
            let suffix = unit == .bytes ? "Bytes" : unit == .ms ? "Ms" : ""
            if !name.hasSuffix(suffix) {
                diagnostics.error(item.location, "the name of a limit in \(unit.rawValue) ends in `\(suffix)`")
            }
            return Limit(
                name: name, value: members.integer("value") ?? 0, unit: unit, minimum: members.integer("minimum") ?? 1,
                isConfigurable: members.bool("configurable"), description: members.text("description"), location: item.location)
        }
        unique(limits.map { ($0.name, $0.location) }, what: "limit")
        return limits
    }

    func info(_ node: SpecNode) -> Info? {
        let known = ["title", "version", "description", "license"]
        guard let members = MemberReader(node, what: "the info", known: known, diagnostics) else { return nil }
        return Info(
            title: members.text("title"), version: members.text("version"), description: members.text("description"),
            license: members.text("license"))
    }

    private func items(_ node: SpecNode, what: String) -> [SpecNode] {
        if case .sequence(let items) = node.value { return items }
        diagnostics.error(node.location, "\(what) must be a list, not \(node.kind)")
        return []
    }

    private func unique(_ names: [(String, SourceLocation)], what: String) {
        var seen: Set<String> = []
        for (name, location) in names where !seen.insert(name).inserted {
            diagnostics.error(location, "duplicate \(what) `\(name)`")
        }
    }
}
