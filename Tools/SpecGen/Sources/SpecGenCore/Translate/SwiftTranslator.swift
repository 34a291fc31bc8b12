/// Third stage, Swift: the specification to a model of the generated files.
struct SwiftTranslator {
    let specification: Specification
    /// The text of `openrpc.json`, compact.
    let document: String

    static let folder = "Sources/Protocol/Generated/"

    func files() -> [SwiftFile] {
        let calls = specification.toServer.map(call)
        let apis = Dictionary(grouping: calls, by: \.method.namespace).sorted { $0.key < $1.key }
            .map { SwiftAPI(namespace: $0.key, calls: $0.value) }
        var files = apis.map(namespaceFile)
        files.append(file("Types", "spec/types.yaml", specification.types.compactMap(type)))
        files.append(file("Errors", "spec/errors.yaml", [.errorCode(specification.errors)]))
        files.append(file("Limits", "spec/limits.yaml", [.limits(specification.limits)]))
        files.append(file("Methods", "spec/methods", [.method(calls), .call(calls), .daemonAPI(apis, calls)]))
        files.append(file("OpenRPC", "spec/openrpc.json", [.document(document)]))
        if !specification.toClient.isEmpty {
            let notifications = specification.toClient.map { SwiftDeclaration.structure(structs.notification($0)) }
            files.append(file("Notifications", "spec/methods", notifications))
        }
        return files
    }

    private var structs: StructTranslator { StructTranslator(specification: specification, usage: TypeUsage(specification)) }

    private func file(_ name: String, _ origin: String, _ declarations: [SwiftDeclaration]) -> SwiftFile {
        SwiftFile(path: Self.folder + name + ".swift", origin: origin, declarations: declarations)
    }

    private func namespaceFile(_ api: SwiftAPI) -> SwiftFile {
        var declarations: [SwiftDeclaration] = [.api(api)]
        for call in api.calls {
            if let params = structs.params(call.method) { declarations.append(.structure(params)) }
            if let result = structs.result(call.method) { declarations.append(.structure(result)) }
        }
        return file(SwiftName.pascal(api.namespace), "spec/methods", declarations)
    }

    private func type(_ type: NamedType) -> SwiftDeclaration? {
        switch type.shape {
        case .object(let properties): return .structure(structs.namedType(type, properties))
        case .alias(let schema):
            return .alias(SwiftAlias(name: type.name, doc: type.description, schema: specification.resolved(schema)))
        case .enumeration(let cases):
            let usage = TypeUsage(specification)
            return .enumeration(
                SwiftEnum(
                    name: type.name, doc: type.description, cases: cases.map { (SwiftName.camel($0.value), $0.value) },
                    isDecodable: usage.decoded.contains(type.name), isEncodable: usage.encoded.contains(type.name)))
        }
    }

    private func call(_ method: Method) -> SwiftCall {
        let name = SwiftName.pascal(method.name)
        let result: String? =
            switch method.result {
            case nil: nil
            case .reference(let type)?: type
            case .object?: name + "Result"
            case .empty?: "Empty"
            case .raw?: "JSONText"
            }
        return SwiftCall(
            method: method, caseName: SwiftName.escaped(SwiftName.camel(method.name)),
            function: SwiftName.escaped(SwiftName.verb(method.name)), params: method.params.isEmpty ? nil : name + "Params",
            result: result)
    }
}
