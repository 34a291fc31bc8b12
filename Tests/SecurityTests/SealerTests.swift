import TestSupport
import Testing

@testable import Security

struct SealerTests {
    private let keyring: Keyring
    private let sealer: Sealer
    private let secret = Array("postgresql://ada:canary@db/sales".utf8)

    init() throws {
        keyring = try Keyring.generate()
        sealer = Sealer(keyring: keyring)
    }

    private func seal(_ plaintext: [UInt8]? = nil, row: String = "row") -> [UInt8] {
        sealer.seal(plaintext ?? secret, purpose: "connstr.v1", user: "user", row: row)
    }

    private func open(_ sealed: [UInt8], with other: Sealer? = nil) -> [UInt8]? {
        try? (other ?? sealer).open(sealed, purpose: "connstr.v1", user: "user", row: "row")
    }

    @Test func opensWhatWasSealed() {
        for plaintext in [secret, [], [0], [UInt8](repeating: 0, count: 100_000)] {
            let sealed = seal(plaintext)
            #expect(sealed.count == plaintext.count + Sealer.overheadBytes)
            #expect(open(sealed) == plaintext)
        }
    }

    @Test func recordsHaveTheDocumentedForm() {
        let sealed = seal()
        #expect(sealed[0] == 1)
        #expect(Array(sealed[1..<9]) == keyring.sealingKey.id)
        #expect(Sealer.overheadBytes == 49)
        #expect(!sealed.indices.contains { sealed[$0...].starts(with: Array("canary".utf8)) })
        // The same secret never looks the same.
        #expect(Set((0..<1000).map { _ in Array(seal()[9..<33]) }).count == 1000)
    }

    /// Security bar C35: a nonce used twice would give both secrets away.
    @Test func noNonceIsUsedTwice() {
        let count = TestScale.count(30_000, full: 1_000_000)
        var seen: Set<[UInt8]> = []
        seen.reserveCapacity(count)
        for _ in 0..<count { seen.insert(Array(seal([1])[9..<33])) }
        #expect(seen.count == count)
    }

    @Test func aRecordOpensOnlyInItsPlace() {
        let sealed = seal()
        for (purpose, user, row) in [
            ("connstr.v1", "user", "other"), ("connstr.v1", "other", "row"), ("preview.v1", "user", "row"),
            ("connstr.v1", "userrow", ""),
            ("connstr.v1", "use", "rrow"), ("connstr.v1user", "", "row"), ("", "", ""), ("connstr.v1", "row", "user"),
            ("connstr.v1", "USER", "row"),
        ] {
            #expect { try sealer.open(sealed, purpose: purpose, user: user, row: row) } throws: { error in
                (error as? SecurityError)?.code == .unsealFailed
                    && (error as? SecurityError)?.message == SecurityError.unsealFailed("").message
            }
        }
        #expect(open(seal(row: "other")) == nil)
    }

    @Test func everyBitOfARecordMatters() {
        let sealed = seal()
        for bit in 0..<(sealed.count * 8) {
            var flipped = sealed
            flipped[bit / 8] ^= 1 << (bit % 8)
            if open(flipped) != nil { Issue.record("bit \(bit % 8) of byte \(bit / 8)") }
        }
    }

    @Test func recordsOfAnotherLengthAreRefused() {
        let sealed = seal()
        for count in 0..<sealed.count { if open(Array(sealed.prefix(count))) != nil { Issue.record("cut to \(count)") } }
        #expect(open(sealed + [0]) == nil)
        #expect(open([0] + sealed) == nil)
        #expect(open(sealed + sealed) == nil)
        #expect(open([UInt8](repeating: 0, count: 49)) == nil)
    }

    @Test func recordsSurviveRotationUntilTheirKeyIsRetired() throws {
        let sealed = seal()
        let rotated = try keyring.rotating(.sealing, now: Timestamp.now())
        let newer = Sealer(keyring: rotated)
        #expect(open(sealed, with: newer) == secret)
        #expect(newer.needsReseal(sealed))
        #expect(!sealer.needsReseal(sealed))
        #expect(!sealer.needsReseal([]))

        let again = newer.seal(secret, purpose: "connstr.v1", user: "user", row: "row")
        #expect(!newer.needsReseal(again))
        #expect(open(again) == nil)
        let retired = Sealer(keyring: try rotated.retiring(keyring.sealingKey.idText))
        #expect(open(sealed, with: retired) == nil)
        #expect(open(again, with: retired) == secret)
        #expect(open(sealed, with: Sealer(keyring: try Keyring.generate())) == nil)

        // The old bytes under the new key's name: the name is part of what is authenticated.
        var renamed = sealed
        renamed.replaceSubrange(1..<9, with: again[1..<9])
        #expect(open(renamed, with: newer) == nil)
    }

    @Test func tagsAreBoundToTheirPurposeAndBytes() throws {
        let authenticator = Authenticator(keyring: keyring)
        let tag = authenticator.tag([1, 2, 3], purpose: "cursor")
        #expect(tag.count == Authenticator.tagBytes)
        #expect(authenticator.accepts(tag, of: [1, 2, 3], purpose: "cursor"))
        #expect(!authenticator.accepts(tag, of: [1, 2, 3], purpose: "approval"))
        #expect(!authenticator.accepts(tag, of: [1, 2], purpose: "cursor"))
        #expect(!authenticator.accepts(Array(tag.dropLast()), of: [1, 2, 3], purpose: "cursor"))
        #expect(!authenticator.accepts([], of: [1, 2, 3], purpose: "cursor"))
        #expect(!Authenticator(keyring: try Keyring.generate()).accepts(tag, of: [1, 2, 3], purpose: "cursor"))
        #expect(keyring.sealingKey.key != keyring.sealingKey.authenticationKey)
    }
}
