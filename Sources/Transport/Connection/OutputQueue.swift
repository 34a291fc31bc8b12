import NIOCore
import Protocol

/// Output of one connection: frames gathered until the next flush, and the count of bytes the reader has not taken yet.
struct OutputQueue {
    /// Bytes a single write hands over; progress is seen at this grain.
    private static let sliceBytes = 128 << 10

    /// The most that is around a message.
    private static let frameBytes = 40

    private var gathered = ByteBuffer()
    private var framing: FrameDecoder.Framing = .lines
    /// Bytes handed to the channel and not yet written.
    private(set) var unwritten = 0
    /// When the reader last took something, in nanoseconds; meaningful while `unwritten` is above zero.
    private(set) var lastProgress: UInt64 = 0

    /// Bytes appended since the beginning, headers included.
    private(set) var appended: UInt64 = 0

    /// All bytes waiting for the reader.
    var bytes: Int { unwritten + gathered.readableBytes }
    var isEmpty: Bool { bytes == 0 }

    /// Appends one message, framed as the client frames its own.
    mutating func append(_ body: UnsafeRawBufferPointer, _ framing: FrameDecoder.Framing) {
        let before = gathered.readableBytes
        defer { appended &+= UInt64(gathered.readableBytes - before) }
        gathered.reserveCapacity(minimumWritableBytes: body.count + Self.frameBytes)
        switch framing {
        case .headers:
            gathered.writeStaticString("Content-Length: ")
            appendDecimal(body.count)
            gathered.writeStaticString("\r\n\r\n")
            gathered.writeBytes(body)
        case .lines:
            gathered.writeBytes(body)
            gathered.writeInteger(UInt8(ascii: "\n"))
        }
    }

    private mutating func appendDecimal(_ value: Int) {
        gathered.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { target in
            var digits = 1
            var rest = value
            while rest >= 10 {
                digits += 1
                rest /= 10
            }
            rest = value
            for index in stride(from: digits - 1, through: 0, by: -1) {
                target[index] = UInt8(ascii: "0") &+ UInt8(rest % 10)
                rest /= 10
            }
            return digits
        }
    }

    /// Hands everything gathered to `write`, in slices.
    mutating func drain(now: UInt64, _ write: (ByteBuffer, Int) -> Void) {
        guard gathered.readableBytes > 0 else { return }
        if unwritten == 0 { lastProgress = now }
        while gathered.readableBytes > Self.sliceBytes, let slice = gathered.readSlice(length: Self.sliceBytes) {
            unwritten += slice.readableBytes
            write(slice, slice.readableBytes)
        }
        let count = gathered.readableBytes
        unwritten += count
        write(gathered, count)
        gathered.clear(minimumCapacity: 0)
    }

    /// The reader took `count` bytes.
    mutating func written(_ count: Int, now: UInt64) {
        unwritten -= count
        lastProgress = now
    }
}
