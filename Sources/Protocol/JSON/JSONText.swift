/// JSON text that is already encoded: immutable bytes with an owner.
///
/// It is how rows travel from a driver to a socket, how a reply waits in an output queue, and how a `raw` member of the
/// spec passes through a handler unread. The bytes are one complete JSON value in UTF-8; whoever makes one vouches for that.
public final class JSONText: @unchecked Sendable, JSONEncodable {
    // Unchecked because of the pointer: nobody writes through it after `init`, and it is freed with the last reference.
    @usableFromInline let base: UnsafeMutableRawPointer

    /// Length in bytes.
    public let count: Int

    /// Takes ownership of `base`, which must come from `UnsafeMutableRawPointer.allocate`.
    @usableFromInline init(owning base: UnsafeMutableRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    /// Copies `bytes`.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
        if let source = bytes.baseAddress, !bytes.isEmpty { copy.copyMemory(from: source, byteCount: bytes.count) }
        self.init(owning: copy, count: bytes.count)
    }

    /// Copies the UTF-8 of `text`, which must be one JSON value.
    public convenience init(_ text: String) {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: max(text.utf8.count, 1), alignment: 8)
        var text = text
        let count = text.withUTF8 { utf8 in
            if let source = utf8.baseAddress { copy.copyMemory(from: source, byteCount: utf8.count) }
            return utf8.count
        }
        self.init(owning: copy, count: count)
    }

    deinit { base.deallocate() }

    /// The bytes, valid only inside `body`.
    @inlinable public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes as a string, for logs and tests.
    public var string: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }

    public func encode(to writer: inout JSONWriter) {
        withUnsafeBytes { writer.raw($0) }
    }
}

extension JSONText: Equatable {
    /// Whether both are the same bytes; `1` and `1.0` are not.
    public static func == (left: JSONText, right: JSONText) -> Bool {
        left.withUnsafeBytes { a in right.withUnsafeBytes { b in a.elementsEqual(b) } }
    }
}
