/// Refuses names that are different in the spec and the same in Swift.
struct NameChecker {
    let specification: Specification
    let diagnostics: Diagnostics

    func check() {
        unique(specification.toServer.map { (SwiftName.camel($0.name), $0.location) }, "method")
        unique(specification.errors.map { (SwiftName.camel($0.code), $0.location) }, "error code")
        for (_, methods) in Dictionary(grouping: specification.toServer, by: \.namespace) {
            unique(methods.map { (SwiftName.verb($0.name), $0.location) }, "handler function")
        }
        var types = specification.types.map { ($0.name, $0.location) }
        for method in specification.methods { types += generatedTypes(method).map { ($0, method.location) } }
        let protocols = Dictionary(grouping: specification.toServer, by: \.namespace).compactMap { namespace, methods in
            methods.first.map { (SwiftName.pascal(namespace) + "API", $0.location) }
        }
        unique(types + protocols, "type")
        for type in specification.types {
            switch type.shape {
            case .object(let properties): check(properties)
            case .enumeration(let cases): unique(cases.map { (SwiftName.camel($0.value), $0.location) }, "case")
            case .alias: break
            }
        }
        for method in specification.methods {
            check(method.params)
            if case .object(let properties)? = method.result { check(properties) }
        }
    }

    private func check(_ properties: [Property]) {
        unique(properties.map { (SwiftName.camel($0.name), $0.location) }, "member")
    }

    private func generatedTypes(_ method: Method) -> [String] {
        let name = SwiftName.pascal(method.name)
        if method.direction == .toClient { return [name + "Notification"] }
        var names = method.params.isEmpty ? [] : [name + "Params"]
        if case .object? = method.result { names.append(name + "Result") }
        return names
    }

    private func unique(_ names: [(String, SourceLocation)], _ what: String) {
        var seen: Set<String> = []
        for (name, location) in names.sorted(by: { $0.1 < $1.1 }) where !seen.insert(name).inserted {
            diagnostics.error(location, "two \(what)s would both be `\(name)` in Swift")
        }
    }
}
