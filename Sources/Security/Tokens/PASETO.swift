/// PASETO v4.public (paseto-spec `Version4.md`): bytes signed with Ed25519, as text.
///
/// It knows bytes only; what a session token says is ``TokenIssuer``'s and ``TokenVerifier``'s business.
public enum PASETO {
    /// The longest token that is looked at, in bytes.
    public static let tokenBytesMax = 4096
    /// The longest footer, decoded, in bytes.
    public static let footerBytesMax = 512

    static let header = Array("v4.public.".utf8)
    static let signatureBytes = 64

    /// Signs `message`.
    ///
    /// `footer` travels in the token, readable; `implicitAssertion` does not travel, whoever verifies must know it.
    /// - Throws: `tooLarge` when the token would not be accepted back.
    public static func sign(
        _ message: [UInt8], with key: SigningKey, footer: [UInt8] = [], implicitAssertion: [UInt8] = []
    ) throws(SecurityError) -> String {
        let signature = key.sign(PAE.encode([header, message, footer, implicitAssertion]))
        var token = "v4.public." + Base64URL.encode(message + signature)
        if !footer.isEmpty { token += "." + Base64URL.encode(footer) }
        guard footer.count <= footerBytesMax, token.utf8.count <= tokenBytesMax else {
            throw SecurityError(.tooLarge, "The token would be larger than \(tokenBytesMax) bytes.")
        }
        return token
    }
}

/// A token whose form is right and whose signature nobody has checked.
///
/// Only the footer can be read from it, to choose the key; the message comes out of ``verify(with:implicitAssertion:)``.
public struct UnverifiedToken: Sendable {
    let message: [UInt8]
    let signature: [UInt8]
    /// What the token says outside its message. Not to be believed before the signature is checked.
    public let footer: [UInt8]

    /// Takes a token apart, strictly: at most 4 KiB, `v4.public.`, one or two segments, each in its one base64url spelling.
    /// - Throws: `invalidToken`.
    public init(_ text: String) throws(SecurityError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= PASETO.tokenBytesMax else { throw .invalidToken("longer than \(PASETO.tokenBytesMax) bytes") }
        guard bytes.starts(with: PASETO.header) else { throw .invalidToken("not a v4.public token") }
        let segments = bytes[PASETO.header.count...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count <= 2 else { throw .invalidToken("more than two segments") }
        guard let body = Base64URL.decode(segments[0]) else { throw .invalidToken("the body is not strict base64url") }
        guard body.count >= PASETO.signatureBytes else { throw .invalidToken("no room for a signature") }
        message = Array(body.dropLast(PASETO.signatureBytes))
        signature = Array(body.suffix(PASETO.signatureBytes))
        guard segments.count == 2 else {
            footer = []
            return
        }
        guard !segments[1].isEmpty, let footer = Base64URL.decode(segments[1]) else {
            throw .invalidToken("the footer is empty or not strict base64url")
        }
        guard footer.count <= PASETO.footerBytesMax else {
            throw .invalidToken("footer longer than \(PASETO.footerBytesMax) bytes")
        }
        self.footer = footer
    }

    /// The message, if `key` signed it together with this footer and `implicitAssertion`.
    /// - Throws: `invalidToken`.
    public func verify(with key: VerificationKey, implicitAssertion: [UInt8] = []) throws(SecurityError) -> [UInt8] {
        guard key.verifies(signature, of: PAE.encode([PASETO.header, message, footer, implicitAssertion])) else {
            throw .invalidToken("the signature does not match")
        }
        return message
    }
}
