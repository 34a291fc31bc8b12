import Testing

@testable import Security

struct KeyringTests {
    private let now: Int64 = 1_795_470_307_000

    private func issue(_ keyring: Keyring) throws -> String {
        try TokenIssuer(keyring: keyring).issue(user: "user", session: "session", lifetimeMs: 1000, now: now)
    }

    private func accepts(_ keyring: Keyring, _ token: String) -> Bool {
        (try? TokenVerifier(keyring: keyring).verify(token, now: now)) != nil
    }

    @Test func theNewestActiveKeySignsAndAllActiveOnesVerify() throws {
        let first = try Keyring.generate(now: now)
        let old = try issue(first)
        // Even when the clock was set back in between.
        let second = try first.rotating(.signing, now: now - 1_000_000)
        let new = try issue(second)
        #expect(second.signingKey.verificationKey != first.signingKey.verificationKey)
        #expect(accepts(second, old) && accepts(second, new))
        #expect(!accepts(first, new))
        #expect(try UnverifiedToken(new).footer == SessionToken.footer(second.signingKey.verificationKey.id))

        let third = try second.retiring(first.signingKey.verificationKey.id.description)
        #expect(!accepts(third, old))
        #expect(accepts(third, new))
    }

    @Test func theKeyInUseCannotBeRetired() throws {
        let keyring = try Keyring.generate(now: now)
        for id in [keyring.signingKey.verificationKey.id.description, keyring.sealingKey.idText] {
            #expect { try keyring.retiring(id) } throws: { ($0 as? SecurityError)?.code == .keyringKeyInUse }
        }
        #expect { try keyring.retiring("nobody") } throws: { ($0 as? SecurityError)?.code == .invalidKey }
    }

    @Test func tokensOfAnotherInstallationAreRefusedEvenWithTheSameKey() throws {
        let keyring = try Keyring.generate(now: now)
        let twin = try Keyring(installation: Identifier.make(), signing: keyring.signing, sealing: keyring.sealing)
        #expect(accepts(keyring, try issue(keyring)))
        #expect(!accepts(twin, try issue(keyring)))
    }

    @Test func keyringsReadBackAsTheyWereWritten() throws {
        var keyring = try Keyring.generate(now: now)
        let first = keyring
        for _ in 0..<5 { keyring = try keyring.rotating(.signing, now: now).rotating(.sealing, now: now) }
        keyring = try keyring.retiring(first.sealingKey.idText).retiring(first.signingKey.verificationKey.id.description)
        let text = KeyringText.encode(keyring)
        let read = try KeyringText.decode(text)
        #expect(KeyringText.encode(read) == text)
        #expect(read.installation == keyring.installation)
        #expect(read.signingKey.verificationKey == keyring.signingKey.verificationKey)
        #expect(read.verificationKeys == keyring.verificationKeys && read.verificationKeys.count == 5)
        #expect(read.sealingKeys.map(\.id) == keyring.sealingKeys.map(\.id))
    }

    @Test func keyringsArePrintedWithoutTheirKeys() throws {
        let keyring = try Keyring.generate(now: now)
        var dumped = ""
        dump(keyring, to: &dumped)
        let seed = keyring.signing[0].secret.withUnsafeBytes { Array($0) }
        let master = keyring.sealing[0].secret.withUnsafeBytes { Array($0) }
        for text in ["\(keyring)", String(reflecting: keyring), dumped] {
            #expect(text.contains("<secret>"))
            for secret in [seed, master] {
                #expect(!text.contains(Base64URL.encode(secret)))
                #expect(!text.contains(secret.prefix(4).map { "\($0)" }.joined(separator: ", ")))
            }
        }
    }
}
