internal import Synchronization

/// Ids of rows: UUIDv7 (RFC 9562) as lower-case text, so that ids sort by the time they were made.
public enum StoreID {
    /// The last id's 12 counting bits, so that ids of one millisecond keep their order.
    private static let last = Mutex((ms: Int64(0), count: UInt16(0)))

    /// A new id.
    ///
    /// - Parameter nowMs: the time, Unix milliseconds. A time before the last id's counts as the last id's.
    public static func make(nowMs: Int64) -> String {
        var random = SystemRandomNumberGenerator()
        let (ms, count) = last.withLock { last in
            if nowMs > last.ms {
                last = (nowMs, UInt16.random(in: 0..<0x800, using: &random))
            } else if last.count < 0xFFF {
                last.count += 1
            } else {
                last = (last.ms + 1, 0)
            }
            return last
        }
        let high = UInt64(ms) << 16 | 0x7000 | UInt64(count)
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return text(high, low)
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if [8, 12, 16, 20].contains(nibble) {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                buffer[position] = digits[Int((word >> UInt64(60 - nibble % 16 * 4)) & 0xF)]
                position += 1
            }
            return position
        }
    }
}
