import Protocol
import Security

/// What a narrowed token may reach.
extension Identity {
    /// An id that no project and no conversation has: what is out of a token's reach is looked for under it, and answers as what does not
    /// exist.
    static let nowhere = "00000000-0000-0000-0000-000000000000"

    /// Whether the token is for certain projects only.
    var isOfProjects: Bool { scope.projectIDs != nil }

    /// Whether the token is for this project, too. Says nothing of whose it is.
    func reaches(_ projectID: String) -> Bool { scope.projectIDs?.contains(projectID) ?? true }

    /// The project that a list is to be of, as its params name it; a token for certain projects must name one.
    /// Errors: `forbidden`.
    func listed(_ projectID: String?) throws(RPCError) -> String? {
        guard let projectID = projectID?.lowercased() else {
            guard !isOfProjects else { throw .tokenWantsProject }
            return nil
        }
        return reaches(projectID) ? projectID : Self.nowhere
    }
}

extension RPCError {
    /// What the token does not allow.
    static func forbidden(_ reason: String) -> RPCError { RPCError(.forbidden, reason) }

    /// A request of no project in particular.
    static var tokenWantsProject: RPCError {
        .forbidden("The token is for certain projects only; name one of them as projectId.")
    }

    /// A change.
    static var tokenReadsOnly: RPCError { .forbidden("The token allows reading only; auth.whoami says what it allows.") }
}
