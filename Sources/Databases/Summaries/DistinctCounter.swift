import Glibc

/// Counts different values by their hashes: exactly up to a bound, beyond it by HyperLogLog (Flajolet et al., 2007), in bounded memory.
struct DistinctCounter {
    private let exactMax: Int
    private let precision: Int
    private var hashes: Set<UInt64> = []
    /// Of each group of hashes the longest run of zeros, plus one; empty while the count is exact.
    private var registers: [UInt8] = []

    /// - Parameter precision: 2^precision registers of a byte; the standard error is 1.04 / √(2^precision).
    init(exactMax: Int, precision: Int = 14) {
        self.exactMax = exactMax
        self.precision = precision
    }

    /// `hash`: of 64 bits that are as good as random.
    mutating func add(_ hash: UInt64) {
        guard registers.isEmpty else { return register(hash) }
        hashes.insert(hash)
        guard hashes.count > exactMax else { return }
        registers = [UInt8](repeating: 0, count: 1 << precision)
        for hash in hashes { register(hash) }
        hashes = []
    }

    private mutating func register(_ hash: UInt64) {
        let index = Int(hash >> (64 - UInt64(precision)))
        let rest = hash << UInt64(precision)
        let rank = UInt8(min(rest.leadingZeroBitCount, 64 - precision) + 1)
        if registers[index] < rank { registers[index] = rank }
    }

    var isEstimate: Bool { !registers.isEmpty }

    var count: Int {
        guard isEstimate else { return hashes.count }
        let size = Double(registers.count)
        var sum = 0.0
        var empty = 0
        for register in registers {
            sum += exp2(-Double(register))
            if register == 0 { empty += 1 }
        }
        let estimate = 0.7213 / (1 + 1.079 / size) * size * size / sum
        // Few values: counting empty registers is better.
        let counted = estimate <= 2.5 * size && empty > 0 ? size * log(size / Double(empty)) : estimate
        return max(Int(counted.rounded()), exactMax + 1)
    }
}
