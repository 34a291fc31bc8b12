import Glibc

/// Sum, mean and deviation of numbers as they come: exact where they are integers or decimals, in doubles else.
struct NumberFigures {
    /// Finite ones.
    private(set) var count = 0
    /// NaN and infinite ones, and those too long to be handled.
    private(set) var notFinite = 0
    /// The exact sum without its point, and where that is; nil once it does not fit or a number has none.
    private var exact: (unscaled: Int128, scale: Int)? = (0, 0)
    // Neumaier's compensated sum.
    private var sum = 0.0
    private var compensation = 0.0
    // Welford's running mean and sum of squares of differences.
    private var runningMean = 0.0
    private var squares = 0.0

    mutating func addNotFinite() { notFinite += 1 }

    /// `value`: the same number, rounded. `isExact`: that it is an integer or a decimal.
    mutating func add(_ number: DecimalText, _ value: Double, isExact: Bool) {
        guard value.isFinite else { return notFinite += 1 }
        count += 1
        if isExact { addExactly(number) } else { exact = nil }
        let total = sum + value
        compensation += sum.magnitude >= value.magnitude ? (sum - total) + value : (value - total) + sum
        sum = total
        let difference = value - runningMean
        runningMean += difference / Double(count)
        squares += difference * (value - runningMean)
    }

    private mutating func addExactly(_ number: DecimalText) {
        guard let (unscaled, scale) = exact else { return }
        guard var value = number.unscaled, let newScale = number.scale else { return exact = nil }
        var total = unscaled
        guard newScale <= scale ? value.shift(scale - newScale) : total.shift(newScale - scale) else { return exact = nil }
        let (result, isOverflow) = total.addingReportingOverflow(value)
        exact = isOverflow ? nil : (result, max(scale, newScale))
    }

    // MARK: Results

    /// Every digit if it could be kept exactly, else that of a double; nil without numbers or past what doubles hold.
    var sumText: String? {
        guard count > 0 else { return nil }
        if let (unscaled, scale) = exact { return Self.text(unscaled, scale) }
        let total = sum + compensation
        return total.isFinite ? total.description : nil
    }

    var mean: Double? {
        guard count > 0 else { return nil }
        let mean =
            exact.map { Double($0.unscaled) / pow(10, Double($0.scale)) / Double(count) } ?? (sum + compensation) / Double(count)
        return mean.isFinite ? mean : runningMean.isFinite ? runningMean : nil
    }

    /// Of a sample; nil below two numbers.
    var deviation: Double? {
        guard count > 1 else { return nil }
        let deviation = max(squares / Double(count - 1), 0).squareRoot()
        return deviation.isFinite ? deviation : nil
    }

    private static func text(_ unscaled: Int128, _ scale: Int) -> String {
        var digits = String(unscaled.magnitude)
        if scale > 0 {
            digits = String(repeating: "0", count: max(scale + 1 - digits.utf8.count, 0)) + digits
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
        }
        return unscaled < 0 ? "-" + digits : digits
    }
}

extension Int128 {
    /// Multiplies by a power of ten; false if it does not fit.
    fileprivate mutating func shift(_ places: Int) -> Bool {
        guard places <= 38 else { return self == 0 }
        for _ in 0..<places {
            let (product, isOverflow) = multipliedReportingOverflow(by: 10)
            if isOverflow { return false }
            self = product
        }
        return true
    }
}

extension Double {
    /// The double nearest to a number as it is written; infinite past the largest.
    init(digits: UnsafeRawBufferPointer) {
        guard digits.count < 64 else {
            self = Double(String(decoding: digits, as: UTF8.self)) ?? .nan
            return
        }
        self = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(from: digits)
            buffer[digits.count] = 0
            return buffer.baseAddress.map { strtod($0, nil) } ?? .nan
        }
    }
}
