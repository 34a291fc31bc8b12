import Glibc

/// Instants as Unix milliseconds (how they are stored and compared) and as RFC 3339 UTC text (how they are sent).
public enum Timestamp {
    /// The wall clock now, in Unix milliseconds.
    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The first and last instants that have a text: the years 0000 to 9999.
    public static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// The RFC 3339 text of an instant, always of the form `2026-11-23T21:45:07.250Z`.
    ///
    /// An instant outside ``range`` is written as the nearest one inside.
    public static func format(_ unixMs: Int64) -> String {
        let ms = min(max(unixMs, range.lowerBound), range.upperBound)
        let day = ms.flooredQuotient(86_400_000)
        let inDay = Int(ms - day * 86_400_000)
        let (year, month, dayOfMonth) = date(ofDay: Int(day))
        return String(unsafeUninitializedCapacity: 24) { text in
            let fields: [(value: Int, digits: Int, then: Character)] = [
                (year, 4, "-"), (month, 2, "-"), (dayOfMonth, 2, "T"), (inDay / 3_600_000, 2, ":"),
                (inDay / 60_000 % 60, 2, ":"), (inDay / 1000 % 60, 2, "."), (inDay % 1000, 3, "Z"),
            ]
            var position = 0
            for field in fields {
                var value = field.value
                for place in stride(from: position + field.digits - 1, through: position, by: -1) {
                    text[place] = UInt8(ascii: "0") + UInt8(value % 10)
                    value /= 10
                }
                text[position + field.digits] = field.then.asciiValue ?? 0
                position += field.digits + 1
            }
            return position
        }
    }

    /// The instant of an RFC 3339 text in UTC; `nil` for anything else.
    ///
    /// Stricter than the RFC, so that nothing is guessed or rounded: capital `T` and `Z`, no offset other than `Z`, seconds 00
    /// to 59 (no leap second), either no fraction or one of one to three digits, a date that exists.
    public static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 || (22...24).contains(bytes.count), bytes.last == UInt8(ascii: "Z") else { return nil }
        for (position, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)] {
            guard bytes[position] == UInt8(ascii: mark) else { return nil }
        }
        guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...days(inMonth: month, year)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        var ms = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), let fraction = number(bytes[20..<(bytes.count - 1)]) else { return nil }
            ms = fraction * [100, 10, 1][bytes.count - 22]
        }
        let seconds = dayNumber(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        return Int64(seconds) * 1000 + Int64(ms)
    }

    // MARK: The calendar

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func days(inMonth month: Int, _ year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days from 1970-01-01, in the proleptic Gregorian calendar; years start in March here, so that the leap day is last.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = Int(Int64(shifted).flooredQuotient(400))
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = Int(Int64(shifted).flooredQuotient(146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

extension Int64 {
    /// The quotient rounded down, also for negative numbers.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
