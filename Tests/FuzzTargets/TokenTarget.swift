@testable import Security

/// No text but the ones that were issued is a token; and what a token holds is read strictly, even were it signed.
enum TokenTarget {
    private static let installation = "01890a5d-ac96-774b-bcce-b302099a8057"
    private static let key = try? SigningKey(seed: SecretBytes(copying: Array(repeating: 7, count: 32)))
    private static let issued: String = {
        guard let key else { return "" }
        let issuer = TokenIssuer(key: key, installation: installation)
        return (try? issuer.issue(user: installation, session: installation, lifetimeMs: 1_000_000_000, now: 1_800_000_000_000))
            ?? ""
    }()

    /// The same, narrowed.
    private static let narrowed: String = {
        let chain = try? TokenChain(issued).narrowed(by: TokenBlock(methods: ["query.*"], isReadOnly: true))
        return chain?.text ?? ""
    }()

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let key, let text = FuzzTarget.text(bytes) else { return }
        precondition(!issued.isEmpty && !narrowed.isEmpty)
        let verifier = TokenVerifier(keys: [key.verificationKey], installation: installation)
        for token in [text, spliced(issued, bytes), spliced(narrowed, bytes)]
        where !token.utf8.elementsEqual(issued.utf8) && !token.utf8.elementsEqual(narrowed.utf8) {
            precondition((try? verifier.verify(token, now: 1_800_000_000_001)) == nil, "a text that nobody issued is a token")
        }
        _ = try? SessionToken.claims(Array(bytes), installation: installation)
        _ = try? SessionToken.keyID(footer: Array(bytes))
        _ = try? TokenChain(text)
        _ = try? TokenBlock(decoding: Array(bytes))
    }

    /// A token with some of its bytes replaced by the input's.
    private static func spliced(_ token: String, _ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.count > 2 else { return token }
        var token = Array(token.utf8)
        let start = (Int(bytes[0]) << 8 | Int(bytes[1])) % token.count
        for (offset, byte) in bytes[2...].prefix(token.count - start).enumerated() { token[start + offset] = byte }
        return String(decoding: token, as: UTF8.self)
    }
}
