import Protocol

/// What a handler learns of the connection, its session and the request.
public struct RequestContext: Sendable {
    let client: ClientSession
    /// Who the request acts for, as the connection stood when the request began; nil for public methods without a session.
    let boundIdentity: Identity?

    /// Who the request acts for. Methods whose access is `session` always have one: the router saw to it.
    func identity() throws(RPCError) -> Identity {
        guard let boundIdentity else { throw .unauthenticated }
        return boundIdentity
    }
}

extension RPCError {
    /// The one answer to a request without a session that may be used.
    static var unauthenticated: RPCError {
        RPCError(.unauthenticated, "Log in first: call auth.login, or auth.attach with a token.")
    }

    /// The one answer for what does not exist and for what is somebody else's.
    static var notFound: RPCError { RPCError(.notFound, "There is no such thing; check the id.") }

    /// A write in a project that takes none.
    static var projectIsReadOnly: RPCError {
        RPCError(
            .readOnly, "The project is read-only; its owner can lift that with project.update {readOnly: false}.",
            .init(phase: "gate"))
    }

    /// A parameter that is wrong for a reason the schema cannot say.
    static func invalid(_ member: String, _ reason: String, limit: String? = nil) -> RPCError {
        RPCError(.invalidParams, "params.\(member) \(reason)", .init(path: "params.\(member)", limit: limit))
    }
}
