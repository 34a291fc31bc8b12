import Testing

@testable import Security

struct Base64URLTests {
    /// RFC 4648 section 10, in the URL alphabet and without padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func encodesAndDecodes(plain: String, text: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == text)
        #expect(Base64URL.decode(text.utf8) == Array(plain.utf8))
    }

    @Test func everyTwoCharacterTextHasOneReading() {
        // 64 × 64 texts, but only 256 bytes: exactly one text each.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var readable = 0
        for first in alphabet { for second in alphabet where Base64URL.decode([first, second]) != nil { readable += 1 } }
        #expect(readable == 256)
    }

    @Test(arguments: ["Z", "Zg==", "Zg=", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zm9vY", "Zé8"])
    func refuses(text: String) { #expect(Base64URL.decode(text.utf8) == nil) }
}
