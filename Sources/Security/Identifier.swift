import Synchronization

/// Identifiers of rows, sessions and requests: UUID version 7 (RFC 9562 section 5.7) as lower-case text.
///
/// They sort by the time they were made, within one process strictly. They are names, not secrets.
public enum Identifier {
    private struct Last {
        var ms: Int64 = 0
        var counter: UInt64 = 0
    }

    private static let last = Mutex(Last())

    /// A new identifier, greater (as text) than every one this process made before.
    ///
    /// Layout after the milliseconds: a counter of 26 bits that starts at a random value below 2^25 every millisecond
    /// (RFC 9562 section 6.2, method 1), then 48 random bits. A clock that is set back does not go back here.
    public static func make(now: Int64 = Timestamp.now()) -> String {
        let random = SecureRandom.word()
        let seed = SecureRandom.word() & (1 << 25 - 1)
        let (ms, counter) = last.withLock { last in
            if now > last.ms {
                last = Last(ms: now, counter: seed)
            } else if last.counter + 1 < 1 << 26 {
                last.counter += 1
            } else {
                last = Last(ms: last.ms + 1, counter: seed)
            }
            return (UInt64(last.ms), last.counter)
        }
        let high = ms << 16 | 0x7000 | counter >> 14
        let low = 0b10 << 62 | (counter & 0x3FFF) << 48 | random & 0xFFFF_FFFF_FFFF
        return text(high, low)
    }

    /// Whether a text has the form of an identifier: a UUID in lower case, of any version.
    public static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        for (index, byte) in bytes.enumerated() {
            let isHyphen = [8, 13, 18, 23].contains(index)
            switch byte {
            case UInt8(ascii: "-"): guard isHyphen else { return false }
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                guard !isHyphen else { return false }
            default: return false
            }
        }
        return true
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for index in 0..<32 {
                if [8, 12, 16, 20].contains(index) {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - index % 16 * 4) & 15)
                text[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                position += 1
            }
            return position
        }
    }
}
