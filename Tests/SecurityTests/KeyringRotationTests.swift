import Testing

@testable import Security

/// Keys that come, are used, grow old and go. Security bar C35.
struct KeyringRotationTests {
    private let now: Int64 = 1_795_470_307_000

    private func states(_ keyring: Keyring, _ kind: KeyKind) -> [KeyState] {
        keyring.keys.filter { $0.kind == kind }.map(\.state)
    }

    @Test(arguments: KeyKind.allCases) func aStagedKeyIsKnownAndNotUsed(kind: KeyKind) throws {
        let first = try Keyring.generate(now: now)
        let staged = try first.staging(kind, now: now + 10)
        #expect(states(staged, kind) == [.active, .staged])
        #expect(staged.signingKey.verificationKey == first.signingKey.verificationKey)
        #expect(staged.sealingKey.id == first.sealingKey.id)
        #expect(staged.verificationKeys.count + staged.sealingKeys.count == 3)
        // Staging again changes nothing; the rotation takes the staged one.
        #expect(try KeyringText.encode(staged.staging(kind, now: now + 20)) == KeyringText.encode(staged))
        let used = try staged.rotating(kind, now: now + 30)
        #expect(states(used, kind) == [.old, .active])
        #expect(used.keys.map(\.id) == staged.keys.map(\.id))
        let keys = used.keys.filter { $0.kind == kind }
        #expect(keys[0].usedUntilMs == now + 30 && keys[1].usedFromMs == now + 30 && keys[1].createdAtMs == now + 10)
        #expect(keys[1].usedUntilMs == nil)
        let read = try KeyringText.decode(KeyringText.encode(used))
        #expect(read.keys == used.keys)
        #expect { try staged.retiring(keys[1].id) } throws: { ($0 as? SecurityError)?.code == .keyringKeyInUse }
        #expect(try states(used.retiring(keys[0].id), kind) == [.retired, .active])
    }

    @Test func whatWasMadeWithAStagedKeyIsAccepted() throws {
        // Two copies of one keyring: here the new keys are in use, there they are still staged.
        var there = try Keyring.generate(now: now)
        for kind in KeyKind.allCases { there = try there.staging(kind, now: now) }
        var here = there
        for kind in KeyKind.allCases { here = try here.rotating(kind, now: now) }
        let token = try TokenIssuer(keyring: here).issue(user: "u", session: "s", lifetimeMs: 1000, now: now)
        #expect(try TokenVerifier(keyring: there).verify(token, now: now).keyID == here.signingKey.verificationKey.id.description)
        let (sealer, other) = (Sealer(keyring: here), Sealer(keyring: there))
        let sealed = sealer.seal([1, 2], purpose: "p", user: "u", row: "r")
        #expect(try other.open(sealed, purpose: "p", user: "u", row: "r") == [1, 2])
        // Nor is it sealed back under the older key, which would go on for ever.
        #expect(!other.needsReseal(sealed) && other.olderKeyIDs.isEmpty)
        #expect(sealer.olderKeyIDs == [other.keyID])
        #expect(sealer.needsReseal(other.seal([1], purpose: "p", user: "u", row: "r")))
    }

    @Test func thereIsAlwaysRoomForANewKeyOnceOldOnesAreRetired() throws {
        var keyring = try Keyring.generate(now: now)
        let first = keyring.keys.map(\.id)
        for _ in 1..<Keyring.keysMax { keyring = try keyring.rotating(.signing, now: now) }
        #expect { try keyring.rotating(.signing, now: now) } throws: { ($0 as? SecurityError)?.code == .keyringKeyInUse }
        keyring = try keyring.retiring(first[0]).rotating(.signing, now: now)
        #expect(keyring.signing.count == Keyring.keysMax && keyring.key(first[0]) == nil && keyring.key(first[1]) != nil)
    }
}

/// A daemon's keyring whose file changes under it.
final class CurrentKeyringTests {
    private let directory: String
    private let path: String
    private let now: Int64 = 1_795_470_307_000

    init() throws {
        directory = try Fixtures.makeDirectory()
        path = directory + "/keyring"
    }

    deinit { Fixtures.removeDirectory(directory) }

    @Test func whatIsWrittenIsTakenOver() throws {
        let first = try Keyring.create(path: path)
        let current = CurrentKeyring(first, path: path)
        #expect(try !current.refresh())
        #expect(try !current.refresh())
        let old = try current.issuer.issue(user: "u", session: "s", lifetimeMs: 10_000, now: now)
        let second = try Keyring.rotate(KeyKind.allCases, path: path)
        #expect(try current.refresh())
        #expect(try !current.refresh())
        #expect(current.sealer.keyID == second.sealingKey.id)
        let new = try current.issuer.issue(user: "u", session: "s", lifetimeMs: 10_000, now: now)
        let verified = try [old, new].map { try current.verifier.verify($0, now: now).keyID }
        #expect(verified == [first, second].map(\.signingKey.verificationKey.id.description))
        // A time that was seen before the rotation still counts.
        #expect(throws: SecurityError.self) { try current.verifier.verify(new, now: self.now + 3_600_000) }
        _ = try Keyring.retire(path: path, id: verified[0])
        #expect(try current.refresh())
        #expect(throws: SecurityError.self) { try current.verifier.verify(new, now: self.now) }
        let later = try current.issuer.issue(user: "u", session: "s", lifetimeMs: 10_000, now: now + 3_600_000)
        #expect(throws: Never.self) { try current.verifier.verify(later, now: self.now + 3_600_000) }
        #expect(throws: SecurityError.self) { try current.verifier.verify(old, now: self.now + 3_600_000) }
    }

    @Test func whatCannotBeALaterStateIsNot() throws {
        let first = try Keyring.create(path: path)
        try Keyring.copy(from: path, to: directory + "/old")
        let second = try Keyring.rotate([.sealing], path: path)
        let current = CurrentKeyring(second, path: path)
        func code() -> SecurityError.Code? {
            do throws(SecurityError) {
                try current.refresh()
                return nil
            } catch { return error.code }
        }
        let refused: [(SecurityError.Code, () throws -> Void)] = [
            (.keyringReplaced, { try Keyring.copy(from: self.directory + "/old", to: self.path) }),
            (.keyringReplaced, { _ = try Keyring.create(path: self.path) }), (.keyringMissing, {}),
            (.keyringDamaged, { try Fixtures.write("{}", to: self.path) }),
        ]
        for (expected, put) in refused {
            Fixtures.removeFile(path)
            try put()
            // Again and again, until it is mended; and meanwhile everything goes on.
            for _ in 0..<2 { #expect(code() == expected) }
            #expect(current.sealer.keyID == second.sealingKey.id && current.keyring.installation == first.installation)
        }
    }
}
