import Testing

@testable import Protocol

@Suite struct UTF8CheckTests {
    @Test func agreesWithTheStandardLibraryOnEveryShortSequence() {
        // All pairs, and all that begin with an interesting byte.
        let interesting: [UInt8] =
            [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC]
            + [0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF]
        var checked = 0
        func check(_ bytes: [UInt8]) {
            let ours = bytes.withUnsafeBytes { UTF8Check.isValid($0) }
            if ours != (String(validating: bytes, as: UTF8.self) != nil) { Issue.record("\(bytes)") }
            checked += 1
        }
        for a in interesting {
            check([a])
            for b in interesting {
                check([a, b])
                for c in interesting {
                    check([a, b, c])
                    check([0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, a, b, c])
                    if a >= 0xE0 { for d in interesting { check([a, b, c, d]) } }
                }
            }
        }
        #expect(checked > 200_000)
    }
}
