import Synchronization

/// Verifies session tokens of one installation.
///
/// It answers what the token says; whether the session still stands (logged out, revoked, idle, deleted) is the store's to
/// say, by the session's id.
public final class TokenVerifier: Sendable {
    /// How far ahead of ours the issuing clock may be, for `iat` and `nbf`. `exp` has no such grace.
    public static let skewMs: Int64 = 60_000
    /// A clock set back by up to this much does not revive an expired token. One set back further is taken to have been wrong
    /// before, and is believed: otherwise a single wild reading would lock everybody out until a restart.
    public static let setBackMs: Int64 = 2 * 3_600_000

    private let keys: [String: VerificationKey]
    private let installation: String
    private let implicitAssertion: [UInt8]
    private let latestMs = Atomic<Int64>(.min)

    public init(keys: [VerificationKey], installation: String) {
        self.keys = Dictionary(keys.map { ($0.id.description, $0) }) { first, _ in first }
        self.installation = installation
        implicitAssertion = SessionToken.implicitAssertion(installation: installation)
    }

    /// The claims of a token that is valid at `now` (Unix milliseconds).
    ///
    /// Valid is: exactly the text an issuer with one of our keys makes for this installation, `iat` and `nbf` at most
    /// ``skewMs`` after `now`, and `now < exp`. (The PASETO specification would still accept `now == exp`; we do not.)
    /// - Throws: `invalidToken`, the same whatever is wrong; the cause is in `debugDescription`.
    public func verify(_ token: String, now: Int64 = Timestamp.now()) throws(SecurityError) -> SessionClaims {
        let unverified = try UnverifiedToken(token)
        let id = try SessionToken.keyID(footer: unverified.footer)
        guard let key = keys[id], key.id.description.utf8.elementsEqual(id.utf8) else { throw .invalidToken("unknown kid") }
        let payload = try unverified.verify(with: key, implicitAssertion: implicitAssertion)
        let claims = try SessionToken.claims(payload, installation: installation)
        guard claims.issuedAtMs <= now + Self.skewMs else { throw .invalidToken("iat is in the future") }
        guard claims.notBeforeMs <= now + Self.skewMs else { throw .invalidToken("nbf is in the future") }
        guard clock(now) < claims.expiresAtMs else { throw .invalidToken("expired") }
        return claims
    }

    /// `now`, or the latest time seen where the clock has been set back a little since.
    private func clock(_ now: Int64) -> Int64 {
        let latest = latestMs.load(ordering: .relaxed)
        if latest > now, latest - now <= Self.setBackMs { return latest }
        latestMs.store(now, ordering: .relaxed)
        return now
    }
}
