/// How many durations fell into which range. Ranges are those of floating point: 32 to each doubling, so that the middle of a range
/// is within 1.6 % of whatever fell into it. https://en.wikipedia.org/wiki/HdrHistogram has the idea.
struct LatencyHistogram: Equatable {
    /// Counts by range, up to the last that is not empty.
    private var counts: [Int64] = []
    private(set) var total: Int64 = 0

    /// Bits of the mantissa that tell ranges apart.
    private static let bits = 5
    /// Shorter ones are counted as this: about a microsecond.
    private static let minMs = 0.0009765625
    /// Longer ones are counted as this: about a fortnight.
    private static let maxMs = 1_073_741_824.0
    private static let first = Int(minMs.bitPattern >> UInt64(52 - bits))

    private static let rangeCount = range(of: maxMs) + 1

    /// The range of a duration.
    static func range(of durationMs: Double) -> Int {
        let clamped = durationMs > minMs ? min(durationMs, maxMs) : minMs
        return Int(clamped.bitPattern >> UInt64(52 - bits)) - first
    }

    /// The middle of a range.
    static func middleMs(of range: Int) -> Double {
        let lower = Double(bitPattern: UInt64(range + first) << UInt64(52 - bits))
        let upper = Double(bitPattern: UInt64(range + first + 1) << UInt64(52 - bits))
        return (lower + upper) / 2
    }

    mutating func add(_ durationMs: Double, times: Int64 = 1) { add(range: Self.range(of: durationMs), times) }

    mutating func add(_ other: LatencyHistogram) {
        if counts.count < other.counts.count { counts += repeatElement(0, count: other.counts.count - counts.count) }
        for range in other.counts.indices { counts[range] &+= other.counts[range] }
        total += other.total
    }

    private mutating func add(range: Int, _ count: Int64) {
        if range >= counts.count { counts += repeatElement(0, count: range + 1 - counts.count) }
        let after = max(0, counts[range] + count)
        total += after - counts[range]
        counts[range] = after
        while counts.last == 0 { counts.removeLast() }
    }

    /// By nearest rank, within 1.6 %; nil when there is no duration.
    ///
    /// - Parameter maxMs: the longest duration there is: no percentile is above it.
    func percentiles(_ percents: [Int64], maxMs: Double?) -> [Double?] {
        let total = total
        guard total > 0 else { return percents.map { _ in nil } }
        return percents.map { percent in
            var rank = (total * percent + 99) / 100
            let range = counts.firstIndex { count in
                rank -= count
                return rank <= 0
            }
            return range.map { min(Self.middleMs(of: $0), maxMs ?? .infinity) }
        }
    }

    // MARK: On disk

    /// For each range that is not empty how far it is from the one before it, and its count, as LEB128.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        var last = 0
        for (range, count) in counts.enumerated() where count > 0 {
            Self.append(UInt64(range - last), to: &bytes)
            Self.append(UInt64(count), to: &bytes)
            last = range
        }
        return bytes
    }

    init() {}

    /// Reads what ``encoded`` wrote; nil for anything else.
    init?(_ bytes: [UInt8]) {
        let isWhole = bytes.withUnsafeBufferPointer { read($0) }
        guard isWhole else { return nil }
    }

    private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var place = 0
        var last = 0
        counts.reserveCapacity(bytes.count)
        while place < bytes.count {
            guard let distance = Self.next(bytes, &place), let count = Self.next(bytes, &place), distance < 1 << 16,
                1..<1 << 52 ~= count
            else { return false }
            last += Int(distance)
            guard counts.count..<Self.rangeCount ~= last else { return false }
            while counts.count < last { counts.append(0) }
            counts.append(Int64(count))
            total += Int64(count)
        }
        return true
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private static func next(_ bytes: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 56, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
