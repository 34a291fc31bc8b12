/// Finds the frames in a stream of bytes: the base protocol of LSP (`Content-Length` headers) or one JSON text a line.
///
/// Which of the two is decided once, by the first byte that is not white space: `{` and `[` mean lines, a letter means
/// headers. The decoder holds no bytes; its owner keeps those not yet consumed in one piece and asks again when more came.
/// A framing error is final: where the next frame would begin cannot be known.
public struct FrameDecoder: Sendable {
    /// How this stream is framed, and so how replies must be.
    public enum Framing: Sendable, Equatable { case headers, lines }

    /// What to do next.
    public enum Step: Equatable {
        /// Nothing whole yet.
        case needMore
        /// `consumed` bytes belong to no frame (blank lines).
        case skip(consumed: Int)
        /// The body of a frame, and how many bytes the frame takes in all.
        case frame(body: Range<Int>, consumed: Int)
        case failed(FramingError)
    }

    /// The largest header block, in bytes, its blank line included.
    public let headerBytesMax: Int
    /// The largest body. May be changed between frames: a connection may send more once it is logged in.
    public var bodyBytesMax: Int
    /// Decided by the first byte.
    public private(set) var framing: Framing?
    /// Whether the header of the frame at hand is complete and its body is awaited.
    public var isInBody: Bool { header != nil }

    /// The header at hand, once it is complete: where the body starts and how long it is.
    private var header: (bodyStart: Int, length: Int)?
    /// How many of the bytes at hand hold no line end, so that none is looked at twice.
    private var searched = 0

    public init(headerBytesMax: Int, bodyBytesMax: Int) {
        self.headerBytesMax = headerBytesMax
        self.bodyBytesMax = bodyBytesMax
    }

    /// Looks at the bytes not consumed so far. After `.skip` or `.frame` the next call must begin behind `consumed`.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard let first = bytes.first else { return .needMore }
        if framing == nil {
            switch first {
            case UInt8(ascii: "{"), UInt8(ascii: "["): framing = .lines
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): framing = .headers
            case 0x20, 0x09, 0x0A, 0x0D: return .skip(consumed: 1)
            default: return .failed(.malformed("a message starts with a Content-Length header, or with { or ["))
            }
        }
        return framing == .lines ? nextLine(bytes) : nextHeaders(bytes)
    }

    // MARK: Lines

    private mutating func nextLine(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard let end = lineEnd(bytes, from: searched) else {
            searched = bytes.count
            return bytes.count > bodyBytesMax ? .failed(.tooLarge(limit: bodyBytesMax)) : .needMore
        }
        searched = 0
        guard end <= bodyBytesMax else { return .failed(.tooLarge(limit: bodyBytesMax)) }
        let isBlank = bytes[0..<end].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        return isBlank ? .skip(consumed: end + 1) : .frame(body: 0..<end, consumed: end + 1)
    }

    private func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        // Eight at a time: a lane is zero exactly where the byte is a line feed.
        while index &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ 0x0A0A_0A0A_0A0A_0A0A
            if (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080 != 0 { break }
            index &+= 8
        }
        while index < bytes.count {
            if bytes[index] == 0x0A { return index }
            index &+= 1
        }
        return nil
    }

    // MARK: Headers

    private mutating func nextHeaders(_ bytes: UnsafeRawBufferPointer) -> Step {
        if header == nil {
            guard let end = headerEnd(bytes) else {
                searched = max(0, min(bytes.count, headerBytesMax) - 3)
                return bytes.count >= headerBytesMax ? .failed(.headerTooLarge(limit: headerBytesMax)) : .needMore
            }
            searched = 0
            switch FrameHeader.contentLength(UnsafeRawBufferPointer(rebasing: bytes[0..<end])) {
            case .success(let length): header = (bodyStart: end, length: length)
            case .failure(let error): return .failed(error)
            }
        }
        guard let header else { return .needMore }
        guard header.length <= bodyBytesMax else { return .failed(.tooLarge(limit: bodyBytesMax)) }
        let end = header.bodyStart + header.length
        guard bytes.count >= end else { return .needMore }
        self.header = nil
        return .frame(body: header.bodyStart..<end, consumed: end)
    }

    /// Where the body starts: behind the first empty line.
    private func headerEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let end = min(bytes.count, headerBytesMax)
        var index = searched
        while index &+ 4 <= end {
            if bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self) == 0x0A0D_0A0D { return index + 4 }
            index &+= 1
        }
        return nil
    }
}

/// Why a stream of bytes can no longer be cut into frames.
public enum FramingError: Error, Sendable, Equatable {
    case malformed(String)
    case headerTooLarge(limit: Int)
    case tooLarge(limit: Int)
}
