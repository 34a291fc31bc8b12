import Protocol
import Store

extension TurnContext {
    /// Throws where the project's owner has taken back, since the turn began, something that it works with: what may be sent, a column's
    /// values, the database itself. Cheap; asked before every request to the model and every call of a tool.
    ///
    /// The turn ends then, and does not go on with less: what it has gathered so far would be sent again with each request.
    ///
    /// Errors: `not_found`, `conflict`, `policy`.
    func checkConsent() async throws {
        guard let now = try await services.store.knownProject(id: project.id, userID: identity.userID) else {
            throw RPCError.notFound
        }
        guard projects.isSameDatabase(now, project) else {
            throw RPCError(.conflict, "The project was given another database while the assistant worked; ask again.")
        }
        let masked = Set(now.assistant.maskedColumns)
        guard Consent(now.assistant, isLocal: consent.isLocal).covers(consent),
            masked.isSubset(of: project.assistant.maskedColumns)
        else {
            throw RPCError(
                .policy, "What the assistant may see of the project was restricted while it worked; ask again.",
                .init(hint: "chat.context shows what would be sent now."))
        }
    }
}
