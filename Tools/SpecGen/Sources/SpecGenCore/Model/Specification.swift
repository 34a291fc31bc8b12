/// The whole spec after checking: everything in it can be generated from.
struct Specification: Sendable {
    var info: Info
    var types: [NamedType]
    var errors: [ErrorDefinition]
    var limits: [Limit]
    /// In the order of their names.
    var methods: [Method]

    var toServer: [Method] { methods.filter { $0.direction == .toServer } }
    var toClient: [Method] { methods.filter { $0.direction == .toClient } }

    func type(_ name: String) -> NamedType? { types.first { $0.name == name } }

    /// `schema` with references to aliases replaced by what they stand for.
    func resolved(_ schema: Schema) -> Schema {
        switch schema {
        case .reference(let name):
            if case .alias(let target)? = type(name)?.shape { return resolved(target) }
            return schema
        case .array(let items, let minItems, let maxItems):
            return .array(items: resolved(items), minItems: minItems, maxItems: maxItems)
        default: return schema
        }
    }
}

struct Info: Sendable {
    var title: String
    var version: String
    var description: String
    var license: String
}

/// An error a method can answer; `code` is what programs branch on.
struct ErrorDefinition: Sendable {
    var code: String
    var number: Int64
    var isRetryable: Bool
    var meaning: String
    /// Members of `error.data` it may carry beyond the standard ones.
    var data: [String]
    var location: SourceLocation
}

struct Limit: Sendable {
    enum Unit: String, CaseIterable, Sendable { case bytes, ms, count }

    var name: String
    var value: Int64
    var unit: Unit
    /// The least an operator may set it to.
    var minimum: Int64
    var isConfigurable: Bool
    var description: String
    var location: SourceLocation
}

struct Method: Sendable {
    enum Direction: String, CaseIterable, Sendable { case toServer, toClient }
    enum Kind: String, CaseIterable, Sendable { case request, notification }
    enum Access: String, CaseIterable, Sendable { case `public`, session }
    enum Ordering: String, CaseIterable, Sendable { case read, write, barrier }
    enum Execution: String, CaseIterable, Sendable { case task, inline }
    enum UnknownMembers: String, CaseIterable, Sendable { case refuse, ignore }

    enum Result: Sendable {
        case reference(String)
        case object([Property])
        case empty
        case raw(shape: JSONValue?)
    }

    var name: String
    var summary: String
    var description: String
    var direction: Direction
    var kind: Kind
    var namespace: String
    var access: Access
    var ordering: Ordering
    var execution: Execution
    var unknownMembers: UnknownMembers
    var params: [Property]
    /// nil for notifications.
    var result: Result?
    var errors: [String]
    var examples: [Example]
    var location: SourceLocation
}

struct Example: Sendable {
    enum Outcome: Sendable {
        case result(SpecNode)
        case error(String)
        /// A notification: nothing comes back.
        case none
    }

    var name: String
    var needs: String
    var params: SpecNode?
    var outcome: Outcome
    var location: SourceLocation
}
