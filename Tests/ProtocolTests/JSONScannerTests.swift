import Glibc
import Testing

@testable import Protocol

/// Strictness and cost of the first look at bytes from outside. Security bars D41–D45.
@Suite struct JSONScannerTests {
    private static func problem(_ bytes: [UInt8]) -> JSONSyntaxError? {
        bytes.withUnsafeBytes { text -> JSONSyntaxError? in
            do throws(JSONSyntaxError) {
                try JSONScanner.check(text)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test(arguments: [
        "0", "-0", "1.5e+10", "\"\"", "true", " null ", "[]", "{}", "[1,[2,{\"a\":[]}]]", #""\u00e9\ud83d\ude00\/\b""#,
        "\"\u{7f}é😀\"",
        "{\"a\":1,\"b\":{\"a\":2}}", "{\"\u{e9}\":1,\"e\u{301}\":2}", "\r\n\t[ ]\n", "1E400", "123456789012345678901234567890",
    ]) func isAccepted(text: String) { #expect(Self.problem(Array(text.utf8)) == nil) }

    @Test(arguments: [
        "", " ", "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{a:1}", "'a'", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1",
        "NaN",
        "Infinity", "tru", "nul", "[", "]", "{", "{]", "[}", "{\"a\"", "{\"a\":", "\"", "\"\\", "\"\\x\"", "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"", "\"\\ud800\\u0041\"", "\"a\nb\"", "[1]x", "1 1", "/**/1", "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u0061\":1,\"\\u0061\":2}", "[[{\"x\":[{\"k\":1,\"k\":1}]}]]", "\u{FEFF}1",
    ]) func isRefused(text: String) { #expect(Self.problem(Array(text.utf8)) != nil) }

    @Test(
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xE0, 0x80, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xC3, 0x22], [0x22, 0x00, 0x22], [0x5B, 0x00, 0x5D],
            [0xFF, 0xFE, 0x31, 0x00],
        ] as [[UInt8]]) func badBytesAreRefused(bytes: [UInt8])
    { #expect(Self.problem(bytes) != nil) }

    @Test func depthIsLimitedExactly() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(Self.problem(nested(64)) == nil)
        #expect(Self.problem(nested(65))?.reason == .tooDeep)
        let objects = String(repeating: "{\"a\":", count: 65) + "1" + String(repeating: "}", count: 65)
        #expect(Self.problem(Array(objects.utf8))?.reason == .tooDeep)
        #expect(Self.problem(Array(("\"" + String(repeating: "[", count: 100_000) + "\"").utf8)) == nil)
    }

    /// Security bar D42: however deep it goes on, it is read as far as the limit and not a byte more. The scanner only moves
    /// forward, so that where it stops is what it has read.
    @Test(arguments: ["[", "{\"a\":", "[{\"a\":", "{\"a\":[", "[ ", "[0,[", "{\"a\":{\"b\":0,\"c\":"])
    func depthCostsNoMoreThanTheLimit(opening: String) {
        let levels = opening.count { $0 == "[" || $0 == "{" }
        let bytesMax = (64 / levels + 1) * opening.utf8.count
        for depth in [65, 128, 256, 512, 1_024, 4_096, 16_384, 64_000] {
            let text = String(repeating: opening, count: (depth + levels - 1) / levels)
            let whole = text + "0" + String(opening.reversed().compactMap { ["[": "]", "{": "}"][$0] })
            for text in [text, whole] {
                let problem = Self.problem(Array(text.utf8))
                #expect(problem?.reason == .tooDeep && (problem?.offset ?? .max) <= bytesMax, "\(depth) levels")
            }
        }
    }

    /// Security bars D42 and D45, in processor time: what some parsers take seconds for. The bounds are of the unoptimised build.
    @Test func hostileTextsAreCheap() {
        func milliseconds(_ text: String) -> Double {
            let bytes = Array(text.utf8)
            var begin = timespec()
            var end = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin)
            _ = Self.problem(bytes)
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
            return Double(end.tv_sec - begin.tv_sec) * 1_000 + Double(end.tv_nsec - begin.tv_nsec) / 1_000_000
        }
        #expect(milliseconds(String(repeating: "[", count: 1_024)) < 5)
        #expect(milliseconds(String(repeating: "[", count: 1 << 20)) < 5)
        #expect(milliseconds(String(repeating: "{\"a\":", count: 1_024)) < 5)
        for number in [
            String(repeating: "9", count: 100_000), "0." + String(repeating: "7", count: 100_000),
            "1e" + String(repeating: "0", count: 100_000),
        ] {
            #expect(milliseconds(number) < 100)
        }
    }

    @Test func manyKeysAreComparedAllTheSame() {
        let keys = (0..<5_000).map { "\"key\($0)\":\($0)" }
        #expect(Self.problem(Array(("{" + keys.joined(separator: ",") + "}").utf8)) == nil)
        #expect(Self.problem(Array(("{" + keys.joined(separator: ",") + ",\"key17\":0}").utf8))?.reason == .duplicateKey)
    }

    @Test func aScannerServesManyTexts() throws {
        let scanner = JSONScanner()
        for round in 0..<200 {
            let text = Array("{\"a\":\(round),\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]}".utf8)
            try text.withUnsafeBytes { bytes in try scanner.check(bytes) }
        }
        let twice = Array("{\"a\":1,\"a\":1}".utf8)
        #expect(throws: JSONSyntaxError.self) { try twice.withUnsafeBytes { bytes in try scanner.check(bytes) } }
    }
}
