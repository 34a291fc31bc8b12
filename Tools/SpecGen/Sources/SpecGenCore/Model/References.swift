extension Specification {
    /// The type that `limits.yaml` makes: may be referenced like those of `types.yaml`.
    static let limitsType = "Limits"
}

extension Schema {
    /// The types a schema names, in lists and in the shape of raw values too.
    var references: [String] {
        switch self {
        case .reference(let name): [name]
        case .array(let items, _, _): items.references
        case .raw(let shape?): shape.references
        default: []
        }
    }
}

extension JSONValue {
    /// The types that `$ref` names anywhere inside, as `Name` or as `#/components/schemas/Name`.
    var references: [String] {
        switch self {
        case .array(let items): items.flatMap(\.references)
        case .object(let members):
            members.flatMap { member in
                if member.name == "$ref", let text = member.value.string {
                    [String(text.split(separator: "/").last ?? "")]
                } else {
                    member.value.references
                }
            }
        default: []
        }
    }
}

/// Which types are read from requests and which are written into replies.
struct TypeUsage {
    private(set) var decoded: Set<String> = []
    private(set) var encoded: Set<String> = []
    /// Read by methods that ignore unknown members.
    private(set) var lenient: Set<String> = []
    /// Read by methods that refuse unknown members.
    private(set) var strict: Set<String> = []

    init(_ specification: Specification) {
        for method in specification.methods {
            let params = Self.reach(method.params.flatMap(\.schema.references), specification)
            if method.direction == .toClient {
                encoded.formUnion(params)
            } else {
                decoded.formUnion(params)
                if method.unknownMembers == .ignore { lenient.formUnion(params) } else { strict.formUnion(params) }
            }
            encoded.formUnion(Self.reach(method.result?.references ?? [], specification))
        }
    }

    func isUsed(_ name: String) -> Bool { decoded.contains(name) || encoded.contains(name) }

    private static func reach(_ names: [String], _ specification: Specification) -> Set<String> {
        var found: Set<String> = []
        var open = names
        while let name = open.popLast() {
            guard found.insert(name).inserted, let type = specification.type(name) else { continue }
            switch type.shape {
            case .object(let properties): open += properties.flatMap(\.schema.references)
            case .alias(let schema): open += schema.references
            case .enumeration: break
            }
        }
        return found
    }
}

extension Method.Result {
    var references: [String] {
        switch self {
        case .reference(let name): [name]
        case .object(let properties): properties.flatMap(\.schema.references)
        case .raw(let shape): shape?.references ?? []
        case .empty: []
        }
    }
}
