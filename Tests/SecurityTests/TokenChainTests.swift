import CSodium
import Testing

@testable import Security

/// Tokens that were narrowed by whoever held them. What was taken away stays away.
struct TokenChainTests {
    private static let now: Int64 = 1_795_470_307_000
    private let key: SigningKey
    private let token: String

    init() throws {
        key = try Fixtures.signingKey()
        token = try TokenIssuer(key: key, installation: "here").issue(
            user: "user", session: "session", lifetimeMs: 10_000, now: Self.now)
    }

    private func verify(_ token: String, now: Int64 = now, signers: [SigningKey]? = nil) throws(SecurityError) -> VerifiedToken {
        try TokenVerifier(keys: [key.verificationKey], signers: signers ?? [key], installation: "here").verify(token, now: now)
    }

    private func narrowed(_ blocks: TokenBlock...) throws -> String {
        var chain = try TokenChain(token)
        for block in blocks { chain = try chain.narrowed(by: block) }
        return try #require(chain.text)
    }

    /// A token with these bytes as its parts, whatever they are.
    private func text(_ parts: [[UInt8]]) -> String { "v1.narrow." + parts.map(Base64URL.encode).joined(separator: ".") }

    private func parts(_ token: String) throws -> [[UInt8]] {
        try token.split(separator: ".").dropFirst(2).map { try #require(Base64URL.decode($0.utf8)) }
    }

    private static let project = "019ab0c5-11aa-7d2e-8b3c-4d5e6f708192"
    private static let other = "019ab0c5-11aa-7d2e-8b3c-4d5e6f708193"

    // MARK: What it allows

    @Test func eachBlockTakesAwayAndNoneGivesBack() throws {
        let first = TokenBlock(
            methods: ["query.*", "schema.list"], projectIDs: [Self.project, Self.other], requestsPerMinute: 60)
        let scope = try verify(narrowed(first)).scope
        #expect(scope.methods == ["query.*", "schema.list"] && scope.projectIDs == [Self.project, Self.other])
        #expect(scope.allows("query.run") && scope.allows("schema.list"))
        for method in ["schema.lists", "schema.lis", "query", "queryx.run", "auth.whoami", "Query.run", ""] {
            #expect(!scope.allows(method))
        }
        #expect(!scope.isReadOnly && scope.requestsPerMinute == 60 && scope.expiresAtMs == nil && scope.isNarrowed)
        let second = TokenBlock(
            methods: ["query.run", "schema.*", "chat.send"], projectIDs: [Self.other], isReadOnly: true,
            expiresAtMs: Self.now + 500,
            requestsPerMinute: 600)
        let both = try verify(narrowed(first, second))
        #expect(both.scope.methods == ["query.run", "schema.list"] && both.scope.projectIDs == [Self.other])
        #expect(both.scope.isReadOnly && both.scope.requestsPerMinute == 60 && both.scope.rates.count == 2)
        #expect(both.expiresAtMs == Self.now + 500 && both.claims.expiresAtMs == Self.now + 10_000)
        // In the other order it comes to the same.
        let turned = try verify(narrowed(second, first)).scope
        #expect(turned.methods == both.scope.methods && turned.projectIDs == both.scope.projectIDs)
        let nothing = try verify(narrowed(first, second, TokenBlock(methods: ["chat.send"], projectIDs: [Self.project]))).scope
        #expect(nothing.methods == [] && nothing.projectIDs == [] && !nothing.allows("query.run"))
    }

    @Test func itEndsWithItsBlockOrItsSession() throws {
        let early = try narrowed(TokenBlock(expiresAtMs: Self.now + 500), TokenBlock(expiresAtMs: Self.now + 900))
        #expect(throws: Never.self) { try verify(early, now: Self.now + 499) }
        #expect(throws: SecurityError.self) { try verify(early, now: Self.now + 500) }
        let late = try narrowed(TokenBlock(expiresAtMs: Self.now + 1_000_000))
        #expect(try verify(late).expiresAtMs == Self.now + 10_000)
        #expect(throws: SecurityError.self) { try verify(late, now: Self.now + 10_000) }
    }

    @Test func ratesAreNamedByTheirBlockAndSharedByWhatDescendsFromIt() throws {
        let parent = try TokenChain(token).narrowed(by: TokenBlock(requestsPerMinute: 5))
        let children = try [TokenBlock(isReadOnly: true), TokenBlock(requestsPerMinute: 9)].map {
            try verify(#require(try parent.narrowed(by: $0).text)).scope
        }
        let rate = try verify(#require(parent.text)).scope.rates[0]
        #expect(children.allSatisfy { $0.rates.first == rate } && children[1].rates.count == 2)
        let sibling = try verify(narrowed(TokenBlock(requestsPerMinute: 5), TokenBlock(isReadOnly: true))).scope
        #expect(sibling.rates == children[0].rates)
        #expect(try verify(narrowed(TokenBlock(isReadOnly: true), TokenBlock(requestsPerMinute: 5))).scope.rates != [rate])
    }

    @Test func theTokenItCameFromIsNotInIt() throws {
        let narrow = try narrowed(TokenBlock(isReadOnly: true))
        let signature = try UnverifiedToken(token).signature
        for part in try parts(narrow) { #expect(!part.indices.contains { part[$0...].starts(with: signature.prefix(8)) }) }
        // Without its blocks it is nothing.
        let parts = try parts(narrow)
        #expect(throws: SecurityError.self) { try verify(text([parts[0], parts[1], parts[3]])) }
        #expect(throws: SecurityError.self) {
            try verify("v4.public." + Base64URL.encode(parts[0] + parts[3] + parts[3]) + "." + Base64URL.encode(parts[1]))
        }
        #expect(try TokenChain(token).text == nil)
    }

    // MARK: What is refused

    @Test func everyBitMatters() throws {
        let narrow = try narrowed(TokenBlock(methods: ["query.run"], isReadOnly: true), TokenBlock(requestsPerMinute: 7))
        let good = try parts(narrow)
        #expect(throws: Never.self) { try verify(text(good)) }
        for part in good.indices {
            for bit in 0..<(good[part].count * 8) {
                var changed = good
                changed[part][bit / 8] ^= 1 << (bit % 8)
                if (try? verify(text(changed))) != nil { Issue.record("bit \(bit) of part \(part)") }
            }
        }
        for index in narrow.indices {
            var changed = narrow
            changed.replaceSubrange(index...index, with: narrow[index] == "A" ? "B" : "A")
            if (try? verify(changed)) != nil { Issue.record("character \(narrow.distance(from: narrow.startIndex, to: index))") }
        }
    }

    @Test func blocksCannotBeTakenAwayMovedRepeatedOrBorrowed() throws {
        let one = TokenBlock(methods: ["query.run"])
        let two = TokenBlock(isReadOnly: true)
        let good = try parts(narrowed(one, two))
        let (claims, footer, first, second, tag) = (good[0], good[1], good[2], good[3], good[4])
        let stranger = try parts(
            #require(
                try TokenChain(
                    TokenIssuer(key: key, installation: "here").issue(
                        user: "user", session: "another", lifetimeMs: 10_000, now: Self.now)
                ).narrowed(by: two).text))
        let alone = try parts(narrowed(one))
        let forged: [[[UInt8]]] = [
            [claims, footer, first, tag], [claims, footer, second, tag], [claims, footer, second, first, tag],
            [claims, footer, first, second, second, tag], [claims, footer, first, first, second, tag],
            [claims, footer, first + second, tag],
            [claims, footer, tag], [claims, footer, first, second, tag, tag], [claims, footer, first, second],
            [claims, footer, first, second, alone[3]], [claims, footer, second, stranger[3]],
            [stranger[0], footer, first, second, tag],
            [claims, first, second, tag], [claims, footer, first, second, Array(tag.dropLast())],
            [claims, footer, first, second, tag + [0]],
            [claims, footer, first, second, []], [claims, footer, [], tag],
        ]
        for parts in forged { #expect(throws: SecurityError.self, "\(parts.map(\.count))") { try verify(text(parts)) } }
        // What the holder of one may do: narrow it further.
        #expect(throws: Never.self) { try verify(#require(try TokenChain(text(alone)).narrowed(by: two).text)) }
    }

    @Test func blocksAreReadStrictly() throws {
        // Whoever holds the token can make any bytes a block, with a tag that is right.
        func tagged(_ block: String) throws -> String {
            let whole = try UnverifiedToken(token)
            let root = hash(key: whole.signature, Array("dbassist narrow v1".utf8))
            let bytes = Array(block.utf8)
            return text([whole.message, whole.footer, bytes, hash(key: root, PAE.encode([Array("block".utf8), bytes]))])
        }
        let good = [
            "{\"readOnly\":true}", " {\"exp\" : \"2026-11-23T22:45:07Z\"}\n", "{\"methods\":[\"$/cancelRequest\",\"query.*\"]}",
            "{\"projects\":[\"\(Self.project)\"]}", "{\"requestsPerMinute\":60000}",
        ]
        for block in good { #expect(throws: Never.self, "\(block)") { try verify(tagged(block)) } }
        let many = (0..<65).map { _ in "\"a.b\"" }.joined(separator: ",")
        let projects = (0..<33).map { _ in "\"\(Self.project)\"" }.joined(separator: ",")
        let bad = [
            "", "{}", "[]", "null", "{\"readOnly\":false}", "{\"readOnly\":1}", "{\"readOnly\":true,\"readOnly\":true}",
            "{\"readOnly\":true,\"admin\":true}", "{\"admin\":true}", "{\"ReadOnly\":true}", "{\"readOnly\":true,}",
            "{\"readOnly\":true}{}",
            "{\"methods\":[]}", "{\"methods\":\"query.run\"}", "{\"methods\":[\"*\"]}", "{\"methods\":[\"query*\"]}",
            "{\"methods\":[\"*.run\"]}",
            "{\"methods\":[\"\"]}", "{\"methods\":[\"query.run\\n\"]}", "{\"methods\":[\"qu\u{E9}ry.run\"]}",
            "{\"methods\":[[\"query.run\"]]}",
            "{\"methods\":[\"\(String(repeating: "a", count: 65))\"]}", "{\"methods\":[\(many)]}", "{\"projects\":[]}",
            "{\"projects\":[\"\(Self.project.uppercased())\"]}", "{\"projects\":[\"x\"]}", "{\"projects\":[\(projects)]}",
            "{\"exp\":1}",
            "{\"exp\":\"tomorrow\"}", "{\"exp\":\"2026-11-23T22:45:07+01:00\"}", "{\"requestsPerMinute\":0}",
            "{\"requestsPerMinute\":-1}",
            "{\"requestsPerMinute\":60001}", "{\"requestsPerMinute\":1.5}", "{\"requestsPerMinute\":\"1\"}",
            "{\"readOnly\":true,\"x\":[[[1]]]}",
            "{\"readOnly\":true}" + String(repeating: " ", count: TokenBlock.bytesMax),
        ]
        for block in bad { #expect(throws: SecurityError.self, "\(block.prefix(80))") { try verify(tagged(block)) } }
    }

    private func hash(key: [UInt8], _ input: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 32)
        crypto_generichash(&hash, hash.count, input, UInt64(input.count), key, key.count)
        return hash
    }

    @Test func onlyTheIssuersKeyMakesARoot() throws {
        let narrow = try narrowed(TokenBlock(isReadOnly: true))
        #expect(throws: SecurityError.self) { try verify(narrow, signers: []) }
        #expect(throws: SecurityError.self) { try verify(narrow, signers: [Fixtures.signingKey(9)]) }
        let elsewhere = TokenVerifier(keys: [key.verificationKey], signers: [key], installation: "elsewhere")
        #expect(throws: SecurityError.self) { try elsewhere.verify(narrow, now: Self.now) }
        // Claims that nobody signed: the daemon can sign them, and whoever made them up cannot know what that comes to.
        let good = try parts(narrow)
        let other = Array(String(decoding: good[0], as: UTF8.self).replacing("\"user\"", with: "\"root\"").utf8)
        #expect(other != good[0])
        #expect(throws: SecurityError.self) { try verify(text([other] + good.dropFirst())) }
    }

    @Test func sizesAreBounded() throws {
        var chain = try TokenChain(token)
        for _ in 0..<TokenChain.blocksMax { chain = try chain.narrowed(by: TokenBlock(isReadOnly: true)) }
        #expect(throws: Never.self) { try verify(#require(chain.text)) }
        #expect { try chain.narrowed(by: TokenBlock(isReadOnly: true)) } throws: { ($0 as? SecurityError)?.code == .tooLarge }
        let large = TokenBlock(projectIDs: (0..<32).map { _ in Self.project })
        chain = try TokenChain(token).narrowed(by: large)
        #expect { try chain.narrowed(by: large).narrowed(by: large) } throws: { ($0 as? SecurityError)?.code == .tooLarge }
        #expect(throws: SecurityError.self) { try TokenChain("v1.narrow." + String(repeating: "A", count: 4090)) }
    }

    /// Over what a session's key may become: the same blocks on the token of another session.
    @Test func blocksGoOverToAnotherToken() throws {
        let issuer = TokenIssuer(key: key, installation: "here")
        let next = try issuer.issue(user: "user", session: "next", lifetimeMs: 10_000, now: Self.now)
        let old = try TokenChain(narrowed(TokenBlock(methods: ["auth.refresh"]), TokenBlock(isReadOnly: true)))
        let verified = try verify(#require(try TokenChain(next).narrowed(as: old).text))
        #expect(verified.claims.session == "next" && verified.scope.methods == ["auth.refresh"] && verified.scope.isReadOnly)
    }

    @Test func narrowedTokensAreRedacted() throws {
        let narrow = try narrowed(TokenBlock(isReadOnly: true))
        #expect(!Redactor().redact("token \(narrow) here").contains(narrow.suffix(43)))
    }
}
