import Foundation
import Testing

@testable import Security

/// The official vectors. They are data from elsewhere and not in this repository; without them this suite is skipped.
@Suite(.enabled(if: Fixtures.vectors != nil, "no paseto-v4.json: set DBASSIST_SHARED to the folder that has it"))
struct PASETOVectorTests {
    struct Vectors: Decodable {
        struct Vector: Decodable, Sendable {
            var name: String
            var publicKey: String?
            var secretKeySeed: String?
            var token: String
            var payload: String?
            var footer: String
            var implicitAssertion: String

            enum CodingKeys: String, CodingKey {
                case name, token, payload, footer
                case publicKey = "public-key"
                case secretKeySeed = "secret-key-seed"
                case implicitAssertion = "implicit-assertion"
            }
        }
        var tests: [Vector]
    }

    private func vectors(_ prefix: String) throws -> [Vectors.Vector] {
        let path = try #require(Fixtures.vectors)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        return try JSONDecoder().decode(Vectors.self, from: data).tests.filter { $0.name.hasPrefix(prefix) }
    }

    @Test func signedVectorsVerifyAndSignAgainByteForByte() throws {
        let vectors = try vectors("4-S-")
        #expect(vectors.count == 3)
        for vector in vectors {
            let seed = Fixtures.bytes(hex: try #require(vector.secretKeySeed))
            let key = try SigningKey(seed: SecretBytes(copying: seed))
            let published = try VerificationKey(bytes: Fixtures.bytes(hex: try #require(vector.publicKey)))
            #expect(key.verificationKey == published)
            let payload = Array(try #require(vector.payload).utf8)
            let assertion = Array(vector.implicitAssertion.utf8)
            let token = try UnverifiedToken(vector.token)
            #expect(token.footer == Array(vector.footer.utf8))
            #expect(try token.verify(with: published, implicitAssertion: assertion) == payload)
            let again = try PASETO.sign(payload, with: key, footer: token.footer, implicitAssertion: assertion)
            #expect(again == vector.token, "\(vector.name)")
        }
    }

    @Test func vectorsThatMustFailFail() throws {
        let vectors = try vectors("4-F-") + vectors("4-E-")
        #expect(vectors.count == 14)
        let key = try VerificationKey(
            bytes: Fixtures.bytes(hex: "1eb9dbbbbc047c03fd70604e0071f0987e16b28b757225c11f00415d0e20b1a2"))
        for vector in vectors {
            #expect(throws: SecurityError.self, "\(vector.name)") {
                try UnverifiedToken(vector.token).verify(with: key, implicitAssertion: Array(vector.implicitAssertion.utf8))
            }
        }
    }
}
