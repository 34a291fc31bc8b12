import Testing

@testable import Security

struct TokenVerifierTests {
    static let now: Int64 = 1_795_470_307_000
    static let user = "019ab000-0000-7000-8000-000000000001"
    static let session = "019ab000-0000-7000-8000-000000000002"
    private let key: SigningKey

    init() throws { key = try Fixtures.signingKey() }

    private func verifier() -> TokenVerifier { TokenVerifier(keys: [key.verificationKey], installation: "here") }

    private func issue(lifetimeMs: Int64 = 1000) throws -> String {
        try TokenIssuer(key: key, installation: "here")
            .issue(user: Self.user, session: Self.session, lifetimeMs: lifetimeMs, now: Self.now)
    }

    private func cause(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch let error as SecurityError {
            // One answer for every cause; only the log tells them apart.
            #expect(error.code == .invalidToken)
            #expect(error.message == SecurityError.invalidToken("").message)
            return error.debugDescription
        } catch {
            return "another error: \(error)"
        }
    }

    // MARK: What we issue

    @Test func issuedTokensSayWhatTheyWereIssuedFor() throws {
        let claims = try verifier().verify(issue(), now: Self.now).claims
        #expect(
            claims
                == SessionClaims(
                    user: Self.user, session: Self.session, issuedAtMs: Self.now, notBeforeMs: Self.now,
                    expiresAtMs: Self.now + 1000))
    }

    @Test func expiryIsTheFirstInstantAtWhichATokenIsInvalid() throws {
        let token = try issue()
        #expect(throws: Never.self) { try verifier().verify(token, now: Self.now + 999) }
        #expect(cause { _ = try verifier().verify(token, now: Self.now + 1000) } == "invalid_token: expired")
        #expect(cause { _ = try verifier().verify(token, now: Self.now + 2000) } == "invalid_token: expired")
    }

    @Test func theIssuersClockMayBeAMinuteAhead() throws {
        let token = try issue(lifetimeMs: 600_000)
        #expect(throws: Never.self) { try verifier().verify(token, now: Self.now - 60_000) }
        #expect(cause { _ = try verifier().verify(token, now: Self.now - 60_001) } == "invalid_token: iat is in the future")
    }

    @Test func aClockSetBackAnHourDoesNotReviveAnExpiredToken() throws {
        let token = try issue(lifetimeMs: 10_000)
        let verifier = verifier()
        #expect(throws: Never.self) { try verifier.verify(token, now: Self.now) }
        #expect(cause { _ = try verifier.verify(token, now: Self.now + 3_600_000) } == "invalid_token: expired")
        #expect(cause { _ = try verifier.verify(token, now: Self.now) } == "invalid_token: expired")
    }

    @Test func oneWildClockReadingDoesNotLockEverybodyOut() throws {
        let token = try issue(lifetimeMs: 10_000)
        let verifier = verifier()
        #expect(throws: SecurityError.self) { try verifier.verify(token, now: Self.now + 1_000_000_000_000) }
        #expect(throws: Never.self) { try verifier.verify(token, now: Self.now) }
    }

    @Test func tokensOfAnotherKeyOrInstallationAreRefused() throws {
        let token = try issue()
        let other = try Fixtures.signingKey(9)
        let stranger = TokenVerifier(keys: [other.verificationKey], installation: "here")
        #expect(cause { _ = try stranger.verify(token, now: Self.now) } == "invalid_token: unknown kid")
        let none = TokenVerifier(keys: [], installation: "here")
        #expect(cause { _ = try none.verify(token, now: Self.now) } == "invalid_token: unknown kid")
        let elsewhere = TokenVerifier(keys: [key.verificationKey], installation: "elsewhere")
        #expect(cause { _ = try elsewhere.verify(token, now: Self.now) } == "invalid_token: the signature does not match")
        let both = TokenVerifier(keys: [other.verificationKey, key.verificationKey], installation: "here")
        #expect(throws: Never.self) { try both.verify(token, now: Self.now) }
    }

    // MARK: What we refuse although it is signed

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var payload: String
        var accepted = false
    }

    static let good: [(name: String, value: String)] = [
        ("iss", "\"dbassistd\""), ("sub", "\"\(user)\""), ("aud", "\"here\""), ("jti", "\"\(session)\""),
        ("iat", "\"2026-11-23T21:45:07.000Z\""), ("nbf", "\"2026-11-23T21:45:07.000Z\""), ("exp", "\"2026-11-23T22:45:07.000Z\""),
    ]

    static func payload(_ changes: [String: String?] = [:], extra: String = "") -> String {
        let members = good.compactMap { name, value -> String? in
            guard let change = changes[name] else { return "\"\(name)\":\(value)" }
            return change.map { "\"\(name)\":\($0)" }
        }
        return "{" + members.joined(separator: ",") + extra + "}"
    }

    static let cases: [Case] = {
        var cases = [
            Case(testDescription: "as issued", payload: payload(), accepted: true),
            Case(testDescription: "white space", payload: " " + payload().replacing(",", with: " ,\n") + "\n", accepted: true),
            Case(testDescription: "escaped name", payload: payload().replacing("\"sub\"", with: "\"s\\u0075b\""), accepted: true),
            Case(testDescription: "nbf a minute ahead", payload: payload(["nbf": "\"2026-11-23T21:46:07Z\""]), accepted: true),
            Case(testDescription: "iat a minute ahead", payload: payload(["iat": "\"2026-11-23T21:46:07Z\""]), accepted: true),
            Case(
                testDescription: "exp in a millisecond", payload: payload(["exp": "\"2026-11-23T21:45:07.001Z\""]), accepted: true
            ),
            Case(testDescription: "exp now", payload: payload(["exp": "\"2026-11-23T21:45:07Z\""])),
            Case(testDescription: "exp a second ago", payload: payload(["exp": "\"2026-11-23T21:45:06Z\""])),
            Case(testDescription: "nbf too far ahead", payload: payload(["nbf": "\"2026-11-23T21:46:07.001Z\""])),
            Case(testDescription: "iat too far ahead", payload: payload(["iat": "\"2026-11-23T21:46:07.001Z\""])),
            Case(testDescription: "another issuer", payload: payload(["iss": "\"dbassist\""])),
            Case(testDescription: "issuer in another case", payload: payload(["iss": "\"DBASSISTD\""])),
            Case(testDescription: "another audience", payload: payload(["aud": "\"there\""])),
            Case(testDescription: "audience list", payload: payload(["aud": "[\"here\"]"])),
            Case(testDescription: "empty sub", payload: payload(["sub": "\"\""])),
            Case(testDescription: "empty jti", payload: payload(["jti": "\"\""])),
            Case(testDescription: "unknown claim", payload: payload(extra: ",\"role\":\"admin\"")),
            Case(testDescription: "empty name", payload: payload(extra: ",\"\":\"\"")),
            Case(testDescription: "duplicate sub", payload: payload(extra: ",\"sub\":\"somebody else\"")),
            Case(testDescription: "duplicate by escape", payload: payload(extra: ",\"s\\u0075b\":\"somebody else\"")),
            Case(testDescription: "duplicate exp, same value", payload: payload(extra: ",\"exp\":\"2026-11-23T22:45:07.000Z\"")),
            Case(testDescription: "nested sub", payload: payload(["sub": "{\"id\":\"x\"}"])),
            Case(testDescription: "trailing comma", payload: payload(extra: ",")),
            Case(testDescription: "not an object", payload: "[]"), Case(testDescription: "a string", payload: "\"token\""),
            Case(testDescription: "empty object", payload: "{}"), Case(testDescription: "empty", payload: ""),
            Case(testDescription: "null", payload: "null"), Case(testDescription: "two objects", payload: payload() + payload()),
            Case(testDescription: "cut off", payload: String(payload().dropLast())),
            Case(testDescription: "comment", payload: payload() + "//"),
            Case(testDescription: "names in capitals", payload: payload().replacing("\"exp\"", with: "\"EXP\"")),
            Case(testDescription: "byte-order mark", payload: "\u{FEFF}" + payload()),
        ]
        for (name, _) in good {
            cases.append(Case(testDescription: "no \(name)", payload: payload([name: String?.none])))
            cases.append(Case(testDescription: "\(name) null", payload: payload([name: "null"])))
            cases.append(Case(testDescription: "\(name) a number", payload: payload([name: "1795470307"])))
            cases.append(Case(testDescription: "\(name) true", payload: payload([name: "true"])))
        }
        for time in [
            "2026-11-23t22:45:07Z", "2026-11-23T22:45:07z", "2026-11-23T22:45:07+00:00", "2026-11-23T22:45:07", "2026-11-23",
            "never",
            "9999-99-99T00:00:00Z", "1795473907", "", "2026-11-23T22:45:07Z ", "+2026-11-23T22:45:07Z",
        ] {
            cases.append(Case(testDescription: "exp \(time)", payload: payload(["exp": "\"\(time)\""])))
        }
        return cases
    }()

    @Test func thereAreEnoughCases() { #expect(Self.cases.count >= 40) }

    @Test(arguments: cases) func claims(_ example: Case) throws {
        let token = try PASETO.sign(
            Array(example.payload.utf8), with: key, footer: SessionToken.footer(key.verificationKey.id),
            implicitAssertion: SessionToken.implicitAssertion(installation: "here"))
        let cause = cause { _ = try verifier().verify(token, now: Self.now) }
        #expect((cause == nil) == example.accepted, "\(cause ?? "accepted")")
    }

    @Test(arguments: [
        "", "{}", "null", "k4.pid.x", "{\"kid\":null}", "{\"kid\":1}", "{\"kid\":\"\"}", "{\"kid\":\"k4.pid.unknown\"}",
        "{\"kid\":[\"ID\"]}",
        "{\"kid\":{\"kid\":\"ID\"}}", "{\"kid\":\"ID\",\"kid\":\"ID\"}", "{\"kid\":\"ID\",\"alg\":\"none\"}", "{\"KID\":\"ID\"}",
        "{\"kid\":\"ID\\u0000\"}", "{\"kid\":\" ID\"}", "[\"ID\"]", "\"ID\"", "{\"kid\":\"ID\"}x", "{\"kid\":\"ID\u{301}\"}",
    ])
    func footersThatDoNotNameAKeyAreRefused(template: String) throws {
        let footer = template.replacing("ID", with: key.verificationKey.id.description)
        let token = try PASETO.sign(
            Array(Self.payload().utf8), with: key, footer: Array(footer.utf8),
            implicitAssertion: SessionToken.implicitAssertion(installation: "here"))
        #expect(cause { _ = try verifier().verify(token, now: Self.now) } != nil)
    }

    @Test func footersWithinReasonAreAccepted() throws {
        let token = try PASETO.sign(
            Array(Self.payload().utf8), with: key, footer: Array("{ \"kid\" : \"\(key.verificationKey.id)\" }".utf8),
            implicitAssertion: SessionToken.implicitAssertion(installation: "here"))
        #expect(throws: Never.self) { try verifier().verify(token, now: Self.now) }
    }

    @Test func wrongImplicitAssertionsAreRefused() throws {
        for assertion in ["", "here", "{\"installation\":\"there\"}", "{\"installation\":\"here\"} "] {
            let token = try PASETO.sign(
                Array(Self.payload().utf8), with: key, footer: SessionToken.footer(key.verificationKey.id),
                implicitAssertion: Array(assertion.utf8))
            #expect(cause { _ = try verifier().verify(token, now: Self.now) } == "invalid_token: the signature does not match")
        }
    }
}
