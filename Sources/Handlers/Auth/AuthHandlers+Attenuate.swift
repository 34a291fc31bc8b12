import Protocol
import Security
import Store

/// auth.attenuate
extension AuthHandlers {
    func attenuate(_ params: AuthAttenuateParams, _ context: RequestContext) async throws -> AuthAttenuateResult {
        let identity = try context.identity()
        let nowMs = Timestamp.now()
        let block = TokenBlock(
            methods: try params.methods.map(Self.known), projectIDs: try await own(params.projectIds, identity),
            isReadOnly: params.readOnly, expiresAtMs: try Self.future(params.expiresAt, nowMs),
            requestsPerMinute: params.requestsPerMinute)
        guard block != TokenBlock() else {
            throw RPCError.invalid("methods", "or another member that narrows the token must be given.")
        }
        guard let chain = identity.chain else { throw RPCError.unauthenticated }
        let narrowed: TokenChain
        do throws(SecurityError) { narrowed = try chain.narrowed(by: block) } catch {
            guard error.code == .tooLarge else { throw error }
            throw RPCError.invalid(
                "methods", "and what else there is would make the token too long, or were narrowed too often.",
                limit: "tokenBytes")
        }
        // As whoever attaches it: a token that is answered is good.
        guard let token = narrowed.text else { throw RPCError.unauthenticated }
        let verified = try services.verify(token, now: nowMs)
        return AuthAttenuateResult(
            token: token, grant: Self.wire(verified.scope, expiresAtMs: min(verified.expiresAtMs, identity.expiresAtMs)))
    }

    static func wire(_ scope: TokenScope, expiresAtMs: Int64) -> TokenGrant {
        TokenGrant(
            methods: scope.methods, projectIds: scope.projectIDs?.sorted(), readOnly: scope.isReadOnly,
            requestsPerMinute: scope.requestsPerMinute, expiresAt: Timestamp.format(expiresAtMs))
    }

    /// Names of methods that there are: a misspelt one would allow nothing.
    private static func known(_ patterns: [String]) throws(RPCError) -> [String] {
        for (index, pattern) in patterns.enumerated() {
            let isKnown = Method.allCases.contains { method in
                pattern.hasSuffix(".*")
                    ? method.name.utf8.starts(with: pattern.utf8.dropLast()) : method.name.utf8.elementsEqual(pattern.utf8)
            }
            guard isKnown, pattern.utf8.count > 2 else {
                throw .invalid("methods[\(index)]", "is no method and no namespace; rpc.discover lists them.")
            }
        }
        return patterns
    }

    /// Projects of the user's that the token reaches. Errors: `not_found`, whoever has it.
    private func own(_ ids: [String]?, _ identity: Identity) async throws -> [String]? {
        guard let ids = ids?.map({ $0.lowercased() }) else { return nil }
        for id in ids {
            guard identity.reaches(id), try await services.store.knownProject(id: id, userID: identity.userID) != nil else {
                throw RPCError.notFound
            }
        }
        return ids
    }

    private static func future(_ text: String?, _ nowMs: Int64) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        guard let timeMs = Timestamp.parse(text), timeMs > nowMs else {
            throw .invalid("expiresAt", "must be a time in the future.")
        }
        return timeMs
    }
}
