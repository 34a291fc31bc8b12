/// Verifies session tokens of one installation.
///
/// It answers what the token says; whether the session still stands (logged out, revoked, idle, deleted) is the store's to
/// say, by the session's id.
public final class TokenVerifier: Sendable {
    /// How far ahead of ours the issuing clock may be, for `iat` and `nbf`. `exp` has no such grace.
    public static let skewMs: Int64 = 60_000

    private let keys: [String: VerificationKey]
    /// The secret halves, where narrowed tokens are to be verified.
    private let signers: [String: SigningKey]
    private let installation: String
    private let implicitAssertion: [UInt8]
    private let clock: TokenClock

    /// - Parameter signers: for narrowed tokens (``TokenChain``), of which none is accepted without.
    /// - Parameter clock: shared with the verifier that this one takes the place of.
    public init(
        keys: [VerificationKey], signers: [SigningKey] = [], installation: String, clock: TokenClock = TokenClock()
    ) {
        self.signers = Dictionary(signers.map { ($0.verificationKey.id.description, $0) }) { first, _ in first }
        self.clock = clock
        self.keys = Dictionary(keys.map { ($0.id.description, $0) }) { first, _ in first }
        self.installation = installation
        implicitAssertion = SessionToken.implicitAssertion(installation: installation)
    }

    /// The claims of a token that is valid at `now` (Unix milliseconds).
    ///
    /// Valid is: exactly the text an issuer with one of our keys makes for this installation, `iat` and `nbf` at most
    /// ``skewMs`` after `now`, and `now < exp`. (The PASETO specification would still accept `now == exp`; we do not.)
    /// - Throws: `invalidToken`, the same whatever is wrong; the cause is in `debugDescription`.
    public func verify(_ token: String, now: Int64 = Timestamp.now()) throws(SecurityError) -> VerifiedToken {
        guard !token.utf8.starts(with: TokenChain.header) else { return try verify(narrowed: TokenChain(token), now: now) }
        let unverified = try UnverifiedToken(token)
        let id = try SessionToken.keyID(footer: unverified.footer)
        guard let key = keys[id], key.id.description.utf8.elementsEqual(id.utf8) else { throw .invalidToken("unknown kid") }
        let payload = try unverified.verify(with: key, implicitAssertion: implicitAssertion)
        return try checked(payload, id, .everything, now)
    }

    private func verify(narrowed chain: TokenChain, now: Int64) throws(SecurityError) -> VerifiedToken {
        let id = try SessionToken.keyID(footer: chain.footer)
        guard let key = signers[id], key.verificationKey.id.description.utf8.elementsEqual(id.utf8) else {
            throw .invalidToken("unknown kid")
        }
        return try checked(chain.message, id, chain.scope(signedBy: key, implicitAssertion: implicitAssertion), now)
    }

    private func checked(
        _ payload: [UInt8], _ keyID: String, _ scope: TokenScope, _ now: Int64
    ) throws(SecurityError) -> VerifiedToken {
        let claims = try SessionToken.claims(payload, installation: installation)
        guard claims.issuedAtMs <= now + Self.skewMs else { throw .invalidToken("iat is in the future") }
        guard claims.notBeforeMs <= now + Self.skewMs else { throw .invalidToken("nbf is in the future") }
        let verified = VerifiedToken(claims: claims, keyID: keyID, scope: scope)
        guard clock.time(now) < verified.expiresAtMs else { throw .invalidToken("expired") }
        return verified
    }
}

/// What a good token says, and which key vouches for it.
public struct VerifiedToken: Sendable, Equatable {
    public var claims: SessionClaims
    /// The id of the signing key (`kid`).
    public var keyID: String
    /// What it allows.
    public var scope: TokenScope

    /// From when on it is no longer valid, in Unix milliseconds.
    public var expiresAtMs: Int64 { min(claims.expiresAtMs, scope.expiresAtMs ?? .max) }
}
