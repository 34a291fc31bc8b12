/// When a date, time or timestamp is, as PostgreSQL and MariaDB write them: to compare them, which their texts do not (years past 9999,
/// before Christ, hours below zero, zones).
struct TimeKey: Comparable {
    private var days: Int
    private var micros: Int

    /// Whether cells of this type are dates and times with an order.
    static func isTime(_ column: Column) -> Bool {
        guard column.encoding == .string else { return false }
        let name = column.type.lowercased()
        guard !name.hasSuffix("]") else { return false }
        let base = name.prefix { $0 != "(" }
        return ["date", "datetime", "time", "timetz", "timestamp", "timestamptz"].contains { base == $0 }
    }

    /// Nil for a text that is none of these.
    init?(_ text: UnsafeRawBufferPointer) {
        if text.elementsEqual("infinity".utf8) {
            (days, micros) = (.max, 0)
            return
        }
        if text.elementsEqual("-infinity".utf8) {
            (days, micros) = (.min, 0)
            return
        }
        var reader = TimeReader(text)
        let isNegative = reader.take("-")
        guard let first = reader.number() else { return nil }
        days = 0
        if reader.take("-") {
            guard let month = reader.number(), reader.take("-"), let day = reader.number() else { return nil }
            let isBC = text.count > 3 && text.suffix(3).elementsEqual(" BC".utf8)
            days = Self.days(isBC ? 1 - first : first, month, day)
            micros = 0
            if reader.take(" "), let hours = reader.number() {
                guard let clock = reader.clock(hours) else { return nil }
                micros = clock
            }
        } else {
            guard let clock = reader.clock(first) else { return nil }
            micros = isNegative ? -clock : clock
        }
        let day = 86_400_000_000
        let carried = micros >= 0 ? micros / day : -((day - 1 - micros) / day)
        days += carried
        micros -= carried * day
    }

    /// Days since 1 January of year 0 of the proleptic Gregorian calendar (Hinnant's algorithm). MySQL's month or day 0 comes before 1.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let (shown, month) = (month, max(month, 1))
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - (shown == 0 ? 1 : 0)
    }

    static func < (left: TimeKey, right: TimeKey) -> Bool {
        left.days != right.days ? left.days < right.days : left.micros < right.micros
    }
}

private struct TimeReader {
    private let text: UnsafeRawBufferPointer
    private var position = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    mutating func take(_ character: UnicodeScalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func number() -> Int? {
        let start = position
        var value = 0
        while position < text.count, text[position] &- 0x30 < 10, position - start < 9 {
            value = value * 10 + Int(text[position] &- 0x30)
            position += 1
        }
        return position > start ? value : nil
    }

    /// `:MM:SS`, then perhaps a fraction and an offset, after the hours: microseconds, in UTC.
    mutating func clock(_ hours: Int) -> Int? {
        guard take(":"), let minutes = number(), take(":"), let seconds = number() else { return nil }
        var micros = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000
        if take(".") {
            let start = position
            guard var fraction = number() else { return nil }
            for _ in (position - start)..<6 { fraction *= 10 }
            micros += fraction
        }
        if take("+") {
            micros -= offset()
        } else if take("-") {
            micros += offset()
        }
        return micros
    }

    private mutating func offset() -> Int {
        var seconds = (number() ?? 0) * 3600
        if take(":") { seconds += (number() ?? 0) * 60 }
        if take(":") { seconds += number() ?? 0 }
        return seconds * 1_000_000
    }
}
