/// A Swift source file to be.
struct SwiftFile {
    var path: String
    /// Which part of the spec it is made from, for its first line.
    var origin: String
    var declarations: [SwiftDeclaration]
}

enum SwiftDeclaration {
    case structure(SwiftStruct)
    case enumeration(SwiftEnum)
    case alias(SwiftAlias)
    case api(SwiftAPI)
    case method([SwiftCall])
    case call([SwiftCall])
    case daemonAPI([SwiftAPI], [SwiftCall])
    case errorCode([ErrorDefinition])
    case limits([Limit])
    case document(String)
}

/// A params, result, notification or named object type.
struct SwiftStruct {
    struct Decoding {
        /// Whether unknown members are skipped.
        var isLenient: Bool
        /// Whether LSP's progress tokens are skipped.
        var allowsTokens: Bool
        /// Whether an array gives the members by position.
        var allowsPositions: Bool
    }

    var name: String
    var doc: String
    var members: [SwiftMember]
    var decoding: Decoding?
    var isEncodable: Bool
    /// The method, for notifications to the client.
    var notification: String?
}

struct SwiftMember {
    /// The name on the wire.
    var wireName: String
    var name: String
    /// With aliases resolved.
    var schema: Schema
    var presence: Property.Presence
    var isNullable: Bool
    var doc: String
    /// The default value as a Swift expression.
    var defaultExpression: String?

    var isOptional: Bool { presence == .optional || isNullable }
    var type: String { SwiftType.name(schema) + (isOptional ? "?" : "") }
}

struct SwiftEnum {
    var name: String
    var doc: String
    var cases: [(name: String, value: String)]
    var isDecodable: Bool
    var isEncodable: Bool
}

struct SwiftAlias {
    var name: String
    var doc: String
    var schema: Schema
}

/// The protocol of a namespace.
struct SwiftAPI {
    var namespace: String
    var calls: [SwiftCall]

    var name: String { SwiftName.pascal(namespace) + "API" }
    var handlers: String { SwiftName.pascal(namespace) + "Handlers" }
    var property: String { SwiftName.escaped(namespace) }
}

/// A method the daemon answers.
struct SwiftCall {
    var method: Method
    var caseName: String
    var function: String
    /// nil when the method has no params.
    var params: String?
    /// nil for a notification.
    var result: String?

    var isInline: Bool { method.execution == .inline }
}

/// Swift's spelling of schemas.
enum SwiftType {
    static func name(_ schema: Schema) -> String {
        switch schema {
        case .string: "String"
        case .integer: "Int"
        case .number: "Double"
        case .boolean: "Bool"
        case .array(let items, _, _): "[\(name(items))]"
        case .raw: "JSONText"
        case .reference(let name): name
        }
    }
}
