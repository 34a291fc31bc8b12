extension JSONWriter {
    /// Appends a JSON text, its line feeds and tabs between tokens as spaces: a line feed would end a frame of one JSON text a line.
    ///
    /// `text` must have passed a check, so that no control character is inside one of its strings.
    public mutating func onOneLine(_ text: UnsafeRawBufferPointer) {
        guard text.contains(where: { $0 < 0x20 }) else { return raw(text) }
        withScratch(text.count) { target in
            for (offset, byte) in text.enumerated() {
                target.storeBytes(of: byte < 0x20 ? 0x20 : byte, toByteOffset: offset, as: UInt8.self)
            }
            return text.count
        }
    }
}

extension JSONText {
    /// The same JSON text on one line.
    public var onOneLine: JSONText {
        withUnsafeBytes { bytes in
            var writer = JSONWriter(capacity: bytes.count)
            writer.onOneLine(bytes)
            return writer.take()
        }
    }
}
