import Protocol

/// What the scanner passes, the reader reads to its end, and what the writer makes of it is read as the same.
enum JSONTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard (try? JSONScanner.check(bytes)) != nil else { return }
        precondition(FuzzTarget.text(bytes) != nil, "what is no UTF-8 passed")
        let once = rewritten(bytes)
        let passed: Void? = once.withUnsafeBytes { try? JSONScanner.check($0) }
        precondition(passed != nil, "what was written does not pass")
        let twice = once.withUnsafeBytes { rewritten($0) }
        precondition(once == twice, "what was written is read as something else")
    }

    private static func rewritten(_ bytes: UnsafeRawBufferPointer) -> JSONText {
        var reader = JSONReader(bytes)
        var writer = JSONWriter(capacity: bytes.count)
        copy(&reader, &writer)
        return writer.take()
    }

    private static func copy(_ reader: inout JSONReader, _ writer: inout JSONWriter) {
        switch reader.kind {
        case .object:
            writer.raw("{")
            try? reader.enterObject()
            var isFirst = true
            while let name = reader.nextMember() {
                if !isFirst { writer.raw(",") }
                isFirst = false
                writer.string(name.text)
                writer.raw(":")
                copy(&reader, &writer)
            }
            writer.raw("}")
        case .array:
            writer.raw("[")
            try? reader.enterArray()
            var isFirst = true
            while reader.nextElement() {
                if !isFirst { writer.raw(",") }
                isFirst = false
                copy(&reader, &writer)
            }
            writer.raw("]")
        case .string:
            guard let text = try? reader.string() else { preconditionFailure("a string cannot be read") }
            writer.string(text)
        case .number, .bool, .null: writer.raw(reader.slice())
        }
    }
}
