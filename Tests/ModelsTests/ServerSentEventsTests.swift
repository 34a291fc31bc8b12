import Testing

@testable import Models

@Suite struct ServerSentEventsTests {
    private typealias Event = ServerSentEvents.Event

    private func events(_ parts: [[UInt8]], bytesMax: Int = 1 << 20) throws(ModelError) -> [String] {
        var parser = ServerSentEvents(bytesMax: bytesMax)
        var events: [Event] = []
        for part in parts { events += try part.withBytes { bytes throws(ModelError) in try parser.feed(bytes) } }
        if let last = try parser.finish() { events.append(last) }
        return events.map { "\(String(decoding: $0.name, as: UTF8.self))|\(String(decoding: $0.data, as: UTF8.self))" }
    }

    @Test(arguments: [
        ("data: a\n\n", ["|a"]), ("data:a\n\n", ["|a"]), ("data:  a\n\n", ["| a"]), ("data: a\r\n\r\n", ["|a"]),
        ("data: a\r\rdata: b\r\r", ["|a", "|b"]), ("data: a\ndata: b\n\n", ["|a\nb"]), ("data\n\n", ["|"]),
        ("data: a\n\ndata: b\n\n", ["|a", "|b"]), (": comment\n\ndata: a\n\n", ["|a"]), ("event: x\ndata: a\n\n", ["x|a"]),
        ("event: x\n\ndata: a\n\n", ["|a"]), ("id: 1\nretry: 5\nother: 3\ndata: a\n\n", ["|a"]),
        ("\u{FEFF}data: a\n\n", ["|a"]), ("data: a", ["|a"]), ("data: a\n", ["|a"]), ("", []), ("\n\n\n", []),
        ("data: ä€😀\n\n", ["|ä€😀"]), (":\n:\n\n", []), ("data: a: b\n\n", ["|a: b"]), ("dataa: x\n\n", []),
    ])
    func `an event however it is written and wherever it is cut`(text: String, expected: [String]) throws {
        let bytes = Array(text.utf8)
        #expect(try events([bytes]) == expected)
        for cut in 0...bytes.count {
            #expect(try events([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected, "cut at \(cut)")
        }
        #expect(try events(bytes.map { [$0] }) == expected)
    }

    @Test func `a line and an event have a limit`() throws {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 65)
        #expect(throws: ModelError.self) { try events([long], bytesMax: 64) }
        #expect(throws: ModelError.self) { try events(long.map { [$0] }, bytesMax: 64) }
        let line = Array("data: 0123456789012345678901234567890123456789\n".utf8)
        #expect(throws: ModelError.self) { try events([line, line], bytesMax: 64) }
        #expect(try events([line, [10], line, [10]], bytesMax: 64).count == 2)
    }
}
