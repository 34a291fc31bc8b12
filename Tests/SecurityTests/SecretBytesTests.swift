import Testing

@testable import Security

struct SecretBytesTests {
    struct Holder {
        let name = "holder"
        let secret: SecretBytes
    }

    @Test func secretsAreNeverPrinted() {
        let secret = SecretBytes(copying: Array("canary-secret".utf8))
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        for text in [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder(secret: secret))", "\([secret])",
            dumped,
        ] {
            #expect(!text.contains("canary"))
            #expect(text.contains("<secret>"))
        }
    }

    @Test func secretsHoldTheirBytes() {
        let secret = SecretBytes(copying: [1, 2, 0, 3])
        #expect(secret.count == 4)
        #expect(secret.withUnsafeBytes { Array($0) } == [1, 2, 0, 3])
        #expect(secret == SecretBytes(copying: [1, 2, 0, 3]))
        #expect(secret != SecretBytes(copying: [1, 2, 0, 4]))
        #expect(secret != SecretBytes(copying: [1, 2, 0]))
        #expect(SecretBytes(copying: []).count == 0)
        #expect(SecretBytes.random(count: 32) != SecretBytes.random(count: 32))
    }

    @Test func comparisonLooksAtEveryByte() {
        let bytes = SecureRandom.bytes(64)
        #expect(ConstantTime.equal(bytes, bytes))
        #expect(ConstantTime.equal([], []))
        #expect(!ConstantTime.equal(bytes, Array(bytes.dropLast())))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!ConstantTime.equal(bytes, other))
        }
    }

    @Test func randomTextsAreLongAndDistinct() {
        let texts = Set((0..<1000).map { _ in SecureRandom.text() })
        #expect(texts.count == 1000)
        #expect(texts.allSatisfy { $0.utf8.count == 22 })
    }
}
