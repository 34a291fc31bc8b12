import CSodium

/// A session's token and what narrowed it, as far as it takes to narrow it further: by the daemon, or by whoever holds the token,
/// without a key and without asking anybody.
///
/// A narrowed token is a macaroon (Birgisson et al., NDSS 2014) whose root secret is the signature of the token it began with: that
/// is known to whoever holds that token, and to the daemon, which can sign the same claims again (Ed25519 is deterministic).
///
///     v1.narrow.<claims>.<footer>.<block>. … .<tag>
///
/// each in strict base64url; claims and footer are those of the session's token, of which only the signature is missing. With
/// BLAKE2b-256 keyed as named:
///
///     tag₀ = BLAKE2b(key: signature, "dbassist narrow v1")
///     tagₙ = BLAKE2b(key: tagₙ₋₁, PAE(["block", blockₙ]))
///
/// The token ends with the last tag, from which none before can be found: blocks can be added, and not taken away, changed or moved.
public struct TokenChain: Sendable {
    /// Blocks of one token.
    public static let blocksMax = 8

    static let header = Array("v1.narrow.".utf8)
    private static let tagBytes = 32

    let message: [UInt8]
    let footer: [UInt8]
    let blocks: [[UInt8]]
    private let tag: [UInt8]

    private init(message: [UInt8], footer: [UInt8], blocks: [[UInt8]], tag: [UInt8]) {
        self.message = message
        self.footer = footer
        self.blocks = blocks
        self.tag = tag
    }

    /// Takes a token of either kind apart. That is all: nothing is verified.
    /// - Throws: `invalidToken`.
    public init(_ token: String) throws(SecurityError) {
        guard token.utf8.starts(with: Self.header) else {
            let whole = try UnverifiedToken(token)
            self.init(message: whole.message, footer: whole.footer, blocks: [], tag: Self.root(whole.signature))
            return
        }
        let bytes = Array(token.utf8)
        guard bytes.count <= PASETO.tokenBytesMax else { throw .invalidToken("longer than \(PASETO.tokenBytesMax) bytes") }
        let segments = bytes[Self.header.count...].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count >= 4, segments.count <= 3 + Self.blocksMax else { throw .invalidToken("wrong number of blocks") }
        var parts: [[UInt8]] = []
        for segment in segments {
            guard !segment.isEmpty, let part = Base64URL.decode(segment) else {
                throw .invalidToken("a segment is empty or not strict base64url")
            }
            parts.append(part)
        }
        guard parts[1].count <= PASETO.footerBytesMax else { throw .invalidToken("the footer is too long") }
        guard parts[parts.count - 1].count == Self.tagBytes else { throw .invalidToken("the tag has another length") }
        self.init(message: parts[0], footer: parts[1], blocks: Array(parts[2..<(parts.count - 1)]), tag: parts[parts.count - 1])
    }

    /// The token; nil of one that was not narrowed, whose signature is not kept here.
    public var text: String? {
        guard !blocks.isEmpty else { return nil }
        return "v1.narrow." + ([message, footer] + blocks + [tag]).map(Base64URL.encode).joined(separator: ".")
    }

    /// With one block more.
    /// - Throws: `tooLarge` where the token would not be accepted.
    public func narrowed(by block: TokenBlock) throws(SecurityError) -> TokenChain { try adding(try block.encoded()) }

    /// What narrowed `other`, on top of this one.
    /// - Throws: `tooLarge`.
    public func narrowed(as other: TokenChain) throws(SecurityError) -> TokenChain {
        var chain = self
        for block in other.blocks { chain = try chain.adding(block) }
        return chain
    }

    private func adding(_ block: [UInt8]) throws(SecurityError) -> TokenChain {
        let chain = TokenChain(message: message, footer: footer, blocks: blocks + [block], tag: Self.tag(after: tag, block))
        guard chain.blocks.count <= Self.blocksMax, chain.text?.utf8.count ?? 0 <= PASETO.tokenBytesMax else {
            throw SecurityError(
                .tooLarge,
                "The token would have more than \(Self.blocksMax) blocks or \(PASETO.tokenBytesMax) bytes.")
        }
        return chain
    }

    // MARK: Verifying

    /// What is left to allow, if the chain begins with a token of exactly these claims that `key` signed.
    /// - Throws: `invalidToken`.
    func scope(signedBy key: SigningKey, implicitAssertion: [UInt8]) throws(SecurityError) -> TokenScope {
        var tag = Self.root(key.sign(PAE.encode([PASETO.header, message, footer, implicitAssertion])))
        var keys: [[UInt8]] = []
        for block in blocks {
            tag = Self.tag(after: tag, block)
            keys.append(tag)
        }
        guard !blocks.isEmpty, ConstantTime.equal(tag, self.tag) else { throw .invalidToken("the tag does not match") }
        var scope = TokenScope.everything
        for (block, key) in zip(blocks, keys) { scope.narrow(by: try TokenBlock(decoding: block), key: key) }
        return scope
    }

    private static func root(_ signature: [UInt8]) -> [UInt8] { keyedHash(signature, Array("dbassist narrow v1".utf8)) }

    private static func tag(after tag: [UInt8], _ block: [UInt8]) -> [UInt8] {
        keyedHash(tag, PAE.encode([Array("block".utf8), block]))
    }

    private static func keyedHash(_ key: [UInt8], _ input: [UInt8]) -> [UInt8] {
        Sodium.require()
        var hash = [UInt8](repeating: 0, count: tagBytes)
        crypto_generichash(&hash, hash.count, input, UInt64(input.count), key, key.count)
        return hash
    }
}
