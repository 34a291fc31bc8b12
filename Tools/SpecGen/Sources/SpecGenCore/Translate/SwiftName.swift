/// Names of the spec as names of Swift.
enum SwiftName {
    /// `project.create` -> `projectCreate`, `$/cancelRequest` -> `cancelRequest`, `read_only` -> `readOnly`.
    static func camel(_ name: String) -> String {
        let parts = name.split { !$0.isLetter && !$0.isNumber }
        guard let first = parts.first else { return name }
        let head = first.allSatisfy(\.isUppercase) ? first.lowercased() : first.prefix(1).lowercased() + first.dropFirst()
        return head + parts.dropFirst().map(capitalized).joined()
    }

    /// `project.create` -> `ProjectCreate`.
    static func pascal(_ name: String) -> String { capitalized(camel(name)[...]) }

    /// The verb of a method: what its handler's function is called.
    static func verb(_ method: String) -> String {
        camel(String(method.split(whereSeparator: { $0 == "." || $0 == "/" }).last ?? ""))
    }

    /// `name`, in backticks where Swift has the word for itself.
    static func escaped(_ name: String) -> String { keywords.contains(name) ? "`\(name)`" : name }

    private static func capitalized(_ text: Substring) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// Words that cannot be an identifier without backticks.
    private static let keywords: Set<String> = [
        "as", "associatedtype", "break", "case", "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum",
        "extension", "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout",
        "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol", "public", "repeat", "rethrows",
        "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias",
        "var",
        "where", "while",
    ]

    /// Type names the generated code, the runtime or Swift itself uses.
    static let reservedTypes: Set<String> = [
        "Any", "Array", "Bool", "Call", "CaseIterable", "Character", "DaemonAPI", "Dictionary", "Double", "Empty", "Equatable",
        "Error", "ErrorCode", "Int", "Limits", "Method", "Never", "Notification", "OpenRPCDocument", "Optional", "Result", "Self",
        "Sendable", "Set", "StaticString", "String", "Task", "Type", "Void", "JSONDecodable", "JSONEncodable", "JSONMemberName",
        "JSONMismatch", "JSONReader", "JSONText", "JSONWriter", "StringFormat",
    ]
}
