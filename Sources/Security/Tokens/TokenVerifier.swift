/// Verifies session tokens of one installation.
///
/// It answers what the token says; whether the session still stands (logged out, revoked, idle, deleted) is the store's to
/// say, by the session's id.
public final class TokenVerifier: Sendable {
    /// How far ahead of ours the issuing clock may be, for `iat` and `nbf`. `exp` has no such grace.
    public static let skewMs: Int64 = 60_000

    private let keys: [String: VerificationKey]
    private let installation: String
    private let implicitAssertion: [UInt8]
    private let clock: TokenClock

    /// - Parameter clock: shared with the verifier that this one takes the place of.
    public init(keys: [VerificationKey], installation: String, clock: TokenClock = TokenClock()) {
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
        let unverified = try UnverifiedToken(token)
        let id = try SessionToken.keyID(footer: unverified.footer)
        guard let key = keys[id], key.id.description.utf8.elementsEqual(id.utf8) else { throw .invalidToken("unknown kid") }
        let payload = try unverified.verify(with: key, implicitAssertion: implicitAssertion)
        let claims = try SessionToken.claims(payload, installation: installation)
        guard claims.issuedAtMs <= now + Self.skewMs else { throw .invalidToken("iat is in the future") }
        guard claims.notBeforeMs <= now + Self.skewMs else { throw .invalidToken("nbf is in the future") }
        guard clock.time(now) < claims.expiresAtMs else { throw .invalidToken("expired") }
        return VerifiedToken(claims: claims, keyID: id)
    }
}

/// What a good token says, and which key vouches for it.
public struct VerifiedToken: Sendable, Equatable {
    public var claims: SessionClaims
    /// The id of the signing key (`kid`).
    public var keyID: String
}
