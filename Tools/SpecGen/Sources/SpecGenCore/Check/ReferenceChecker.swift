/// Checks what names something else: `$ref`, error codes, and types that contain themselves.
struct ReferenceChecker {
    let specification: Specification
    let diagnostics: Diagnostics

    func check() {
        for type in specification.types {
            switch type.shape {
            case .object(let properties): for property in properties { check(property.schema, property.location) }
            case .alias(let schema): check(schema, type.location)
            case .enumeration: break
            }
            checkContainment(type)
        }
        for method in specification.methods { check(method) }
        // A method that could not be read uses nothing: what it would have used is not to be blamed.
        if diagnostics.list.isEmpty { checkUse() }
    }

    private func check(_ method: Method) {
        for property in method.params { check(property.schema, property.location) }
        switch method.result {
        case .object(let properties)?: for property in properties { check(property.schema, property.location) }
        case .reference(let name)?:
            check(.reference(name), method.location)
            if !isObject(name) { diagnostics.error(method.location, "a result must be an object; `\(name)` is none") }
        default: break
        }
        let codes = Set(specification.errors.map(\.code))
        for code in method.errors where !codes.contains(code) {
            diagnostics.error(method.location, "unknown error code `\(code)`; spec/errors.yaml has all of them")
        }
        for example in method.examples {
            guard case .error(let code) = example.outcome else { continue }
            if !codes.contains(code) {
                diagnostics.error(example.location, "unknown error code `\(code)`; spec/errors.yaml has all of them")
            } else if !method.errors.contains(code) {
                diagnostics.error(example.location, "the method's `errors` do not have `\(code)`")
            }
        }
    }

    private func isObject(_ name: String) -> Bool {
        if name == Specification.limitsType { return true }
        guard let type = specification.type(name), case .object = type.shape else { return false }
        return true
    }

    private func check(_ schema: Schema, _ location: SourceLocation) {
        for name in schema.references where specification.type(name) == nil && name != Specification.limitsType {
            diagnostics.error(location, "unknown type `\(name)`; spec/types.yaml has all of them")
        }
    }

    /// A Swift struct cannot hold itself, and an alias that leads to itself stands for nothing.
    private func checkContainment(_ type: NamedType) {
        var seen: Set<String> = []
        var open = type.directContents
        while let name = open.popLast() {
            if name == type.name {
                diagnostics.error(type.location, "`\(type.name)` contains itself; only a list may")
                return
            }
            if seen.insert(name).inserted { open += specification.type(name)?.directContents ?? [] }
        }
    }

    private func checkUse() {
        let usage = TypeUsage(specification)
        for type in specification.types where !usage.isUsed(type.name) {
            diagnostics.error(type.location, "`\(type.name)` is used by no method")
        }
        for type in specification.types where usage.lenient.contains(type.name) && usage.strict.contains(type.name) {
            diagnostics.error(
                type.location,
                "`\(type.name)` is read by methods that ignore unknown members and by methods that refuse them; it needs two types"
            )
        }
    }
}

extension NamedType {
    /// Types whose values are stored inside a value of this one, not behind a list.
    fileprivate var directContents: [String] {
        let schemas: [Schema] =
            switch shape {
            case .object(let properties): properties.map(\.schema)
            case .alias(let schema): [schema]
            case .enumeration: []
            }
        return schemas.compactMap { if case .reference(let name) = $0 { name } else { nil } }
    }
}
