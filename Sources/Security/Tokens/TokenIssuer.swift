/// Issues session tokens: PASETO v4.public, signed with the newest active key and bound to one installation.
public struct TokenIssuer: Sendable {
    private let key: SigningKey
    private let installation: String

    public init(key: SigningKey, installation: String) {
        self.key = key
        self.installation = installation
    }

    /// A token for `session` of `user`, valid from `now` for `lifetimeMs`.
    ///
    /// A new log-in takes a new session id (`Identifier.make()`). Times are Unix milliseconds.
    /// - Throws: `tooLarge` when the ids are so long that the token would not be accepted back.
    public func issue(
        user: String, session: String, lifetimeMs: Int64, now: Int64 = Timestamp.now()
    ) throws(SecurityError) -> String {
        let claims = SessionClaims(
            user: user, session: session, issuedAtMs: now, notBeforeMs: now, expiresAtMs: now + lifetimeMs)
        return try PASETO.sign(
            SessionToken.payload(claims, installation: installation), with: key,
            footer: SessionToken.footer(key.verificationKey.id),
            implicitAssertion: SessionToken.implicitAssertion(installation: installation))
    }
}
