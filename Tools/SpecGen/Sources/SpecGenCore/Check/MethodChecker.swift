/// Reads one file of `spec/methods`.
struct MethodChecker {
    let diagnostics: Diagnostics

    private static let members = [
        "summary", "description", "direction", "kind", "namespace", "access", "ordering", "execution", "unknownMembers", "params",
        "result", "errors", "examples",
    ]

    func method(_ name: String, _ node: SpecNode) -> Method? {
        guard let members = MemberReader(node, what: "a method", known: Self.members, diagnostics) else { return nil }
        if name.wholeMatch(of: /(\$\/)?[a-z][A-Za-z0-9]*([.\/][a-z][A-Za-z0-9]*)?/) == nil {
            diagnostics.error(node.location, "`\(name)` cannot be a method name: `namespace.verb`, `verb` or `$/verb`")
        }
        let direction: Method.Direction = members.choice("direction", default: .toServer) ?? .toServer
        let kind: Method.Kind = members.choice("kind", default: .request) ?? .request
        let method = Method(
            name: name, summary: members.text("summary"), description: members.text("description"), direction: direction,
            kind: kind, namespace: namespace(name, members),
            access: members.choice("access", default: defaultAccess(direction)) ?? .session,
            ordering: members.choice("ordering", default: direction == .toClient ? .read : nil) ?? .read,
            execution: members.choice("execution", default: .task) ?? .task,
            unknownMembers: members.choice("unknownMembers", default: .refuse) ?? .refuse,
            params: params(members), result: result(members), errors: members.strings("errors").map(\.text),
            examples: examples(members, kind: kind), location: node.location)
        checkShape(method, members)
        return method
    }

    private func defaultAccess(_ direction: Method.Direction) -> Method.Access? {
        direction == .toClient ? .session : nil
    }

    private func namespace(_ name: String, _ members: MemberReader) -> String {
        if let given = members.string("namespace") {
            if given.wholeMatch(of: /[a-z][A-Za-z0-9]*/) == nil {
                diagnostics.error(members["namespace"]?.location ?? members.node.location, "`\(given)` cannot be a namespace")
            }
            return given
        }
        if name.hasPrefix("$/") || name.hasPrefix("rpc.") { return "lifecycle" }
        guard let end = name.firstIndex(where: { $0 == "." || $0 == "/" }) else { return "lifecycle" }
        return String(name[..<end])
    }

    private func params(_ members: MemberReader) -> [Property] {
        guard let node = members["params"] else { return [] }
        return SchemaChecker(diagnostics: diagnostics).properties(node, what: "`params`")
    }

    private func result(_ members: MemberReader) -> Method.Result? {
        guard let node = members["result"] else { return nil }
        let checker = SchemaChecker(diagnostics: diagnostics)
        guard case .mapping(let pairs) = node.value else {
            diagnostics.error(node.location, "`result` must be a schema, not \(node.kind)")
            return nil
        }
        if pairs.contains(where: { $0.key.name == "$ref" }) {
            guard case .reference(let name)? = checker.schema(node) else { return nil }
            return .reference(name)
        }
        let word = pairs.first { $0.key.name == "type" }?.value.json.string
        let known = ["object": ["type", "properties"], "empty": ["type"], "raw": ["type", "shape"]]
        guard let word, let names = known[word] else {
            diagnostics.error(
                node.location,
                "`result` must be `{$ref: Type}`, `{type: object, properties: …}`, `{type: empty}` or `{type: raw}`")
            return nil
        }
        guard let result = MemberReader(node, what: "a result of type \(word)", known: names, diagnostics) else { return nil }
        switch word {
        case "empty": return .empty
        case "raw": return .raw(shape: checker.shape(result))
        default:
            guard let properties = result.required("properties") else { return nil }
            return .object(checker.properties(properties, what: "`properties`"))
        }
    }

    private func examples(_ members: MemberReader, kind: Method.Kind) -> [Example] {
        guard let node = members["examples"] else { return [] }
        guard case .sequence(let items) = node.value else {
            diagnostics.error(node.location, "`examples` must be a list, not \(node.kind)")
            return []
        }
        return items.compactMap { example($0, kind: kind) }
    }

    private func example(_ node: SpecNode, kind: Method.Kind) -> Example? {
        let known = ["name", "needs", "params", "result", "error"]
        guard let members = MemberReader(node, what: "an example", known: known, diagnostics) else { return nil }
        let outcome: Example.Outcome
        switch (members["result"], members["error"]) {
        case (let result?, nil): outcome = .result(result)
        case (nil, .some): outcome = .error(members.text("error"))
        case (nil, nil):
            outcome = .none
            if kind == .request { diagnostics.error(node.location, "an example of a request needs `result` or `error`") }
        default:
            diagnostics.error(node.location, "an example has either `result` or `error`")
            return nil
        }
        return Example(
            name: members.text("name"), needs: members.string("needs") ?? "none", params: members["params"], outcome: outcome,
            location: node.location)
    }

    /// What direction and kind ask for.
    private func checkShape(_ method: Method, _ members: MemberReader) {
        func refuse(_ member: String, _ why: String) {
            if let value = members[member] { diagnostics.error(value.location, why) }
        }
        if method.kind == .request, !members.has("result") {
            diagnostics.error(method.location, "a request needs a `result`")
        }
        if method.kind == .notification { refuse("result", "a notification has no result") }
        if method.direction == .toClient, method.kind == .request {
            diagnostics.error(method.location, "a toClient method must be a notification: the daemon asks its clients nothing")
        }
        if method.direction == .toServer, method.examples.isEmpty {
            diagnostics.error(method.location, "a toServer method needs at least one example")
        }
    }
}
