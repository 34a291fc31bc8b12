import Testing

@testable import Security

struct PASETOTests {
    private let key: SigningKey
    private let assertion = Array("{\"installation\":\"here\"}".utf8)

    init() throws { key = try Fixtures.signingKey() }

    private func token(_ message: String = "{\"sub\":\"somebody\"}", footer: String = "{\"kid\":\"one\"}") throws -> String {
        try PASETO.sign(Array(message.utf8), with: key, footer: Array(footer.utf8), implicitAssertion: assertion)
    }

    private func accepts(_ token: String) -> Bool {
        (try? UnverifiedToken(token).verify(with: key.verificationKey, implicitAssertion: assertion)) != nil
    }

    // MARK: PAE

    @Test func preAuthenticationEncodingIsTheSpecifications() {
        #expect(PAE.encode([]) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(PAE.encode([[]]) == [1] + [UInt8](repeating: 0, count: 15))
        #expect(PAE.encode([Array("test".utf8)]) == [1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0] + Array("test".utf8))
        #expect(PAE.encode([[1], [2, 3]]) != PAE.encode([[1, 2], [3]]))
    }

    // MARK: Tampering

    @Test func everyBitOfATokenMatters() throws {
        let tokens = [
            try token(), try token(footer: ""), try token(String(repeating: "long ", count: 40), footer: "plain footer"),
        ]
        var flips = 0
        for token in tokens {
            #expect(accepts(token))
            let bytes = Array(token.utf8)
            for index in bytes.indices {
                for bit in 0..<8 {
                    var flipped = bytes
                    flipped[index] ^= 1 << bit
                    // A byte that is no longer UTF-8 cannot come in a String; the decoder repairs it to U+FFFD,
                    // which is tampering too.
                    let text = String(decoding: flipped, as: UTF8.self)
                    if accepts(text) { Issue.record("accepted with bit \(bit) of byte \(index) flipped") }
                    flips += 1
                }
            }
        }
        #expect(flips > 5000)
    }

    @Test func everyBitOfMessageSignatureAndFooterMatters() throws {
        let parts = try token().split(separator: ".").map(String.init)
        let body = try #require(Base64URL.decode(parts[2].utf8))
        let footer = try #require(Base64URL.decode(parts[3].utf8))
        for bit in 0..<(body.count * 8) {
            var flipped = body
            flipped[bit / 8] ^= 1 << (bit % 8)
            if accepts("v4.public.\(Base64URL.encode(flipped)).\(parts[3])") { Issue.record("body bit \(bit)") }
        }
        for bit in 0..<(footer.count * 8) {
            var flipped = footer
            flipped[bit / 8] ^= 1 << (bit % 8)
            if accepts("v4.public.\(parts[2]).\(Base64URL.encode(flipped))") { Issue.record("footer bit \(bit)") }
        }
    }

    @Test func footerAndAssertionAreSigned() throws {
        let token = try token()
        let bare = try UnverifiedToken(String(token[..<(token.lastIndex(of: ".") ?? token.endIndex)]))
        #expect(throws: SecurityError.self) { try bare.verify(with: key.verificationKey, implicitAssertion: assertion) }
        #expect(throws: SecurityError.self) { try UnverifiedToken(token).verify(with: key.verificationKey) }
        let other = try Fixtures.signingKey(8).verificationKey
        #expect(throws: SecurityError.self) { try UnverifiedToken(token).verify(with: other, implicitAssertion: assertion) }
    }

    // MARK: Spelling

    @Test func onlyOneSpellingOfATokenIsAccepted() throws {
        // Lengths chosen so that body and footer both have trailing bits to dirty and could be padded.
        let token = try token("{\"sub\":\"somebody\"}", footer: "{\"kid\":\"1\"}")
        #expect(accepts(token))
        let parts = token.split(separator: ".").map(String.init)
        let (body, footer) = (parts[2], parts[3])
        #expect(body.count % 4 != 0 && footer.count % 4 != 0)
        let spellings: [String: String] = [
            "padded body": "v4.public.\(pad(body)).\(footer)",
            "padded footer": "v4.public.\(body).\(pad(footer))",
            "dirty trailing bits in the body": "v4.public.\(dirty(body)).\(footer)",
            "dirty trailing bits in the footer": "v4.public.\(body).\(dirty(footer))",
            "leading space": " " + token,
            "trailing space": token + " ",
            "trailing newline": token + "\n",
            "trailing carriage return": token + "\r\n",
            "trailing NUL": token + "\0",
            "newline inside": "v4.public.\(body.prefix(8))\n\(body.dropFirst(8)).\(footer)",
            "tab inside": "v4.public.\(body.prefix(8))\t\(body.dropFirst(8)).\(footer)",
            "third segment": token + ".AAAA",
            "empty third segment": token + ".",
            "empty footer": "v4.public.\(body).",
            "empty body": "v4.public..\(footer)",
            "no body": "v4.public.",
            "no header": "\(body).\(footer)",
            "doubled dot": "v4.public..\(body).\(footer)",
            "capital V": "V4" + token.dropFirst(2),
            "capital purpose": "v4.PUBLIC." + token.dropFirst(10),
            "local": "v4.local." + token.dropFirst(10),
            "version 3": "v3" + token.dropFirst(2),
            "version 2": "v2" + token.dropFirst(2),
            "other encoding suffix": "v4c" + token.dropFirst(2),
            "percent-encoded dot": token.replacing(".public.", with: "%2Epublic."),
            "byte-order mark": "\u{FEFF}" + token,
            "full-width letter": token.replacing("v4.", with: "\u{FF56}4."),
            "combining mark": token + "\u{301}",
            "one character less": String(token.dropLast()),
            "one character more": token + "A",
            "empty": "",
        ]
        #expect(spellings.count >= 15)
        for (name, spelling) in spellings where accepts(spelling) { Issue.record("accepted: \(name)") }
    }

    @Test func theOtherBase64AlphabetIsRefused() throws {
        // Signed until the text has both of the characters in question.
        var attempt = 0
        while true {
            let token = try token("{\"sub\":\"\(attempt)>>>???\"}")
            attempt += 1
            guard token.contains("-"), token.contains("_") else { continue }
            #expect(accepts(token))
            #expect(!accepts(token.replacing("-", with: "+")))
            #expect(!accepts(token.replacing("_", with: "/")))
            return
        }
    }

    @Test func sizesAreLimited() throws {
        #expect(accepts(try token(footer: String(repeating: "f", count: 512))))
        #expect(throws: SecurityError.self) { try token(footer: String(repeating: "f", count: 513)) }
        #expect(throws: SecurityError.self) { try token(String(repeating: "m", count: 3100)) }
        // Well signed but too large: refused for its size, before the signature is looked at.
        let large = "v4.public." + Base64URL.encode([UInt8](repeating: 0, count: 4096))
        #expect(throws: SecurityError.invalidToken("longer than 4096 bytes")) { try UnverifiedToken(large) }
        let body = Base64URL.encode([UInt8](repeating: 0, count: 80))
        let footer = Base64URL.encode([UInt8](repeating: 0, count: 513))
        #expect(throws: SecurityError.invalidToken("footer longer than 512 bytes")) {
            try UnverifiedToken("v4.public.\(body).\(footer)")
        }
    }

    // MARK: Helpers

    private func pad(_ text: String) -> String { text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4) }

    /// The same bytes to a lenient decoder: the last character with its lowest unused bit set.
    private func dirty(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        guard let last = text.last, let index = alphabet.firstIndex(of: last) else { return text }
        return text.dropLast() + String(alphabet[index ^ 1])
    }
}
