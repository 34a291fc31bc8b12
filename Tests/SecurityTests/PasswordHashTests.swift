import Testing

@testable import Security

struct PasswordHashTests {
    private let cheap = PasswordHash.Parameters(passes: 1, memoryKiB: 8)

    private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

    @Test func storedStringsSayTheParametersAndAreSaltedAnew() throws {
        let encoded = try #require(PasswordHash.make(secret("a password"), .standard))
        #expect(encoded.hasPrefix("$argon2id$v=19$m=65536,t=3,p=1$"))
        let hash = try #require(PasswordHash(encoded))
        #expect(hash.parameters == .standard)
        #expect(hash.parallelism == 1)
        #expect(hash.matches(secret("a password")) == true)
        #expect(hash.matches(secret("a passwore")) == false)

        let strings = Set((0..<1000).compactMap { _ in PasswordHash.make(secret("a password"), cheap) })
        #expect(strings.count == 1000)
        #expect(Set(strings.map { $0.split(separator: "$")[3] }).count == 1000)
    }

    @Test func nulIsACharacterLikeAnother() throws {
        let hash = try #require(PasswordHash.make(secret("ab\0cd"), cheap).flatMap(PasswordHash.init))
        #expect(hash.matches(secret("ab\0cd")) == true)
        for other in ["ab", "ab\0", "ab\0ce", "ab\0cd\0", "abcd", ""] {
            #expect(hash.matches(secret(other)) == false, "\(other)")
        }
    }

    @Test func everyOneOf1024BytesMatters() throws {
        var bytes = SecureRandom.bytes(1024)
        let hash = try #require(PasswordHash.make(SecretBytes(copying: bytes), cheap).flatMap(PasswordHash.init))
        #expect(hash.matches(SecretBytes(copying: bytes)) == true)
        for index in bytes.indices {
            bytes[index] ^= 1
            if hash.matches(SecretBytes(copying: bytes)) != false { Issue.record("byte \(index) does not matter") }
            bytes[index] ^= 1
        }
        #expect(hash.matches(SecretBytes(copying: Array(bytes.dropLast()))) == false)
    }

    @Test func unicodeIsNotNormalised() throws {
        let hash = try #require(PasswordHash.make(secret("caf\u{e9}-caf\u{e9}"), cheap).flatMap(PasswordHash.init))
        #expect(hash.matches(secret("caf\u{e9}-caf\u{e9}")) == true)
        #expect(hash.matches(secret("cafe\u{301}-cafe\u{301}")) == false)
    }

    @Test(arguments: [
        (65_536, 3, false), (19_456, 2, true), (65_536, 2, true), (19_456, 3, true), (262_144, 3, false), (1_048_576, 4, false),
        (262_144, 2, false), (19_456, 8, false), (65_536, 4, false),
    ])
    func rehashesUpwardOnly(memoryKiB: Int, passes: Int, expected: Bool) throws {
        let encoded =
            "$argon2id$v=19$m=\(memoryKiB),t=\(passes),p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        #expect(try #require(PasswordHash(encoded)).needsRehash(to: .standard) == expected)
    }

    @Test func aDecoyCostsWhatARealHashCosts() throws {
        let decoy = try #require(PasswordHash.decoy(.standard))
        #expect(decoy.parameters == .standard)
        #expect(decoy.matches(secret("anything")) == false)
        #expect(PasswordHash.decoy(.standard) != decoy)
        // That libsodium computes it rather than refusing its form: it takes a hash's time.
        let clock = ContinuousClock()
        let real = try #require(PasswordHash.make(secret("real"), .standard).flatMap(PasswordHash.init))
        let times = (0..<3).map { _ in
            (clock.measure { _ = real.matches(secret("wrong")) }, clock.measure { _ = decoy.matches(secret("wrong")) })
        }
        let (realTime, decoyTime) = (times.map(\.0).min() ?? .zero, times.map(\.1).min() ?? .zero)
        #expect(decoyTime > realTime / 2)
        #expect(decoyTime < realTime * 2)
    }

    @Test(arguments: [
        "", "$", "plain", "$argon2i$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=16$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=65536,t=3$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$t=3,m=65536,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=4294967295,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=65536,t=4294967295,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=065536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=-8,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=65536,t=3,p=1$$",
        "$2b$12$KIXQJ8f9h1m2n3o4p5q6r7s8t9u0v1w2x3y4z5A6B7C8D9E0F1G2H",
    ])
    func otherStringsAreNotHashes(encoded: String) { #expect(PasswordHash(encoded) == nil) }

    /// Made by argon2-cffi 25.1: another implementation, another parallelism.
    @Test func verifiesAnotherImplementationsHash() throws {
        let hash = try #require(
            PasswordHash("$argon2id$v=19$m=1024,t=2,p=4$3OB4mubD0FG8atKqa+BvUw$z9/WLKq3iyN2PyR6Nc3brzu4X9JYhQeQ11oy2coEGog"))
        #expect(hash.parallelism == 4)
        #expect(hash.matches(secret("correct horse battery staple")) == true)
        #expect(hash.matches(secret("correct horse battery stable")) == false)
    }
}
