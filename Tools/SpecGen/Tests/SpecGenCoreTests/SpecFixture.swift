import SpecGenCore
import Testing

/// A small spec that is right, to break in one place at a time.
struct SpecFixture {
    var files: [String: String] = [
        "spec/info.yaml": """
        title: test
        version: 1.0.0
        description: A protocol.
        license: MIT
        """,
        "spec/limits.yaml": """
        - {name: headerBytes, value: 8192, unit: bytes, configurable: true, description: "A header."}
        """,
        "spec/errors.yaml": """
        - {code: invalid_params, number: -32602, retryable: false, meaning: "Wrong params.", data: [path]}
        - {code: not_found, number: 1004, retryable: false, meaning: "No such thing."}
        """,
        "spec/types.yaml": """
        Kind:
          description: A kind.
          type: string
          enum: [small, large]
        Thing:
          description: A thing.
          type: object
          properties:
            id: {type: string, format: uuid, description: "Id."}
            kind: {$ref: Kind, description: "Kind."}
        """,
        "spec/methods/thing.get.yaml": SpecFixture.method(),
    ]

    /// `thing.get` with its members replaced or, where nil, left out.
    static func method(_ changes: [String: String?] = [:]) -> String {
        var members: [(String, String)] = [
            ("summary", "Answer a thing."), ("description", "From memory."), ("access", "session"), ("ordering", "read"),
            ("params", "{id: {type: string, minLength: 1, description: \"Id.\"}}"), ("result", "{$ref: Thing}"),
            ("errors", "[invalid_params, not_found]"),
            ("examples", "[{name: one, params: {id: a}, result: {id: 01890a5d-ac96-774b-bcce-b302099a8057, kind: small}}]"),
        ]
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            let index = members.firstIndex { $0.0 == name }
            switch (index, value) {
            case (let index?, let value?): members[index].1 = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
        return members.map { "\($0.0): \($0.1)\n" }.joined()
    }

    /// The spec with `thing.get` changed.
    init(method changes: [String: String?] = [:]) { files["spec/methods/thing.get.yaml"] = Self.method(changes) }

    /// The spec with a file replaced or added.
    init(_ path: String, _ text: String?) { files[path] = text }

    func generate() throws(SpecError) -> [OutputFile] {
        try Generator.generate(SpecSources(files: files)) { _ in nil }
    }

    /// The text of a generated file.
    func text(_ path: String) throws -> String {
        let files = try generate()
        return try #require(files.first { $0.path == path }, "\(path) is not among \(files.map(\.path))").text
    }

    /// What is wrong with it, each as `file:line:column: error: …`.
    var problems: [String] {
        do throws(SpecError) {
            _ = try generate()
            return []
        } catch {
            return error.diagnostics.map(\.description)
        }
    }
}
