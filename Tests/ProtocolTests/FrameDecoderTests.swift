import Testing

@testable import Protocol

@Suite struct FrameDecoderTests {
    /// Everything a decoder makes of `bytes` that arrive in pieces of `step`.
    private func frames(_ bytes: [UInt8], step: Int, bodyMax: Int = 1000) -> (bodies: [String], error: FramingError?) {
        var decoder = FrameDecoder(headerBytesMax: 200, bodyBytesMax: bodyMax)
        var held: [UInt8] = []
        var bodies: [String] = []
        var position = 0
        while position < bytes.count {
            held += bytes[position..<min(position + step, bytes.count)]
            position += step
            decoding: while true {
                switch held.withUnsafeBytes({ decoder.next($0) }) {
                case .needMore: break decoding
                case .skip(let consumed): held.removeFirst(consumed)
                case .frame(let body, let consumed):
                    bodies.append(String(decoding: held[body], as: UTF8.self))
                    held.removeFirst(consumed)
                case .failed(let error): return (bodies, error)
                }
            }
        }
        return (bodies, nil)
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1000]) func linesInAnyPieces(step: Int) {
        let text = "\n \r\n{\"a\":1}\n\n[2]\r\n   \n{\"é\":3}\n"
        let result = frames(Array(text.utf8), step: step)
        #expect(result.bodies == ["{\"a\":1}", "[2]\r", "{\"é\":3}"])
        #expect(result.error == nil)
    }

    @Test(arguments: [1, 2, 3, 7, 64, 1000]) func headersInAnyPieces(step: Int) {
        let text = "Content-Length: 2\r\n\r\n{}content-length:3\r\nContent-Type: a/b; charset=UTF-8\r\nX-Y: z\r\n\r\n[1]"
        #expect(frames(Array(text.utf8), step: step).bodies == ["{}", "[1]"])
    }

    @Test func limitsAreExact() {
        let line = String(repeating: "[", count: 10)
        #expect(frames(Array((line + "\n").utf8), step: 3, bodyMax: 10).bodies.count == 1)
        #expect(frames(Array((line + "[\n").utf8), step: 3, bodyMax: 10).error == .tooLarge(limit: 10))
        #expect(frames(Array("Content-Length: 11\r\n\r\n".utf8), step: 100, bodyMax: 10).error == .tooLarge(limit: 10))
        #expect(frames(Array(("X: " + String(repeating: "y", count: 300)).utf8), step: 50).error == .headerTooLarge(limit: 200))
    }
}

@Suite struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(capacity: 1)
        body(&writer)
        return writer.take().string
    }

    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("\"\\/", #""\"\\/""#),
        ("\u{0}\u{1f}\n\t\r\u{8}\u{c}", #""\u0000\u001f\n\t\r\b\f""#),
        ("12345678\"", #""12345678\"""#), ("é😀\u{7f}", "\"é😀\u{7f}\""),
        (String(repeating: "a\n", count: 5000), "\"" + String(repeating: "a\\n", count: 5000) + "\""),
    ]) func strings(text: String, json: String) { #expect(written { $0.string(text) } == json) }

    @Test(arguments: [0, 1, -1, 9, 10, 99, 100, -100, .max, .min, 1_000_000_007] as [Int64]) func integers(value: Int64) {
        #expect(written { $0.integer(value) } == String(value))
    }

    @Test func lossless() {
        #expect(written { $0.lossless(9_007_199_254_740_991) } == "9007199254740991")
        #expect(written { $0.lossless(-9_007_199_254_740_992) } == "\"-9007199254740992\"")
        #expect(written { $0.double(.nan) } == "\"NaN\"")
        #expect(written { $0.double(-.infinity) } == "\"-Infinity\"")
        #expect(written { $0.double(0.1) } == "0.1")
        #expect(written { $0.float(0.1) } == "0.1")
    }

    @Test(
        arguments: [([], ""), ([0], "AA=="), ([0, 255], "AP8="), ([1, 2, 3], "AQID"), ([251, 239, 190, 255], "++++/w==")]
            as [([UInt8], String)])
    func base64(bytes: [UInt8], text: String) {
        #expect(written { writer in bytes.withUnsafeBytes { writer.base64($0) } } == "\"\(text)\"")
    }
}

@Suite struct JSONPathTests {
    @Test(arguments: [
        ("{\"a\":1}", 5, "p.a"), ("{\"a\":[1,{\"b\":2}]}", 13, "p.a[1].b"), ("[1,2]", 3, "p[1]"),
        ("{\"x\":1, \"y\": 2}", 8, "p.y"), ("{}", 0, "p"),
    ])
    func names(text: String, offset: Int, path: String) {
        #expect(Array(text.utf8).withUnsafeBytes { JSONPath.path(to: offset, in: $0, root: "p") } == path)
    }
}
