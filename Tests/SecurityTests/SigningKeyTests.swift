import Testing

@testable import Security

struct SigningKeyTests {
    /// paseto-standard/test-vectors `PASERK/k4.pid.json`.
    @Test(arguments: [
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE"
        ),
        (
            "707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f",
            "k4.pid.9ShR3xc8-qVJ_di0tc9nx0IDIqbatdeM2mqLFBJsKRHs"
        ),
        (
            "707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e90",
            "k4.pid.-nyvbaTz8U6TQz7OZWW-iB3va31iAxIpUgzUcVQVmW9A"
        ),
    ])
    func keyIdsAreThePASERKVectors(key: String, id: String) throws {
        #expect(try VerificationKey(bytes: Fixtures.bytes(hex: key)).id.description == id)
    }

    @Test(arguments: [
        "707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e",
        "02707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "",
    ])
    func keysOfTheWrongLengthAreRefused(key: String) {
        #expect(throws: SecurityError.self) { try VerificationKey(bytes: Fixtures.bytes(hex: key)) }
        #expect(throws: SecurityError.self) { try SigningKey(seed: SecretBytes(copying: Fixtures.bytes(hex: key))) }
    }
}
