import Protocol
import Testing

@testable import Databases

/// Figures against what is computed from all values at once.
@Suite struct SummaryTests {
    private static func column(_ encoding: Databases.Column.Encoding, _ type: String = "") -> Databases.Column {
        Databases.Column(name: "c", type: type, encoding: encoding)
    }

    private static func figures(
        _ column: Databases.Column, _ cells: [String], topValues: Int = 100
    ) async throws -> ColumnFigures {
        let summary = ResultSummary(columns: [column])
        for start in stride(from: 0, to: cells.count, by: 1000) {
            let rows = cells[start..<min(start + 1000, cells.count)]
            let text = "[" + rows.map { "[\($0)]" }.joined(separator: ",") + "]"
            try JSONText(text).withUnsafeBytes { try JSONScanner.check($0) }
            try await summary.add(
                SpooledPage(index: 0, firstRow: start, rowCount: rows.count, rows: JSONText(text), hasMore: true))
        }
        #expect(summary.rowCount == cells.count)
        return try #require(try await summary.finish(topValues: topValues).first)
    }

    // MARK: Numbers

    private static func compare(_ left: String, _ right: String) -> Int {
        Array(left.utf8).withUnsafeBytes { left in
            Array(right.utf8).withUnsafeBytes { DecimalText(left).compare(DecimalText($0)) }
        }
    }

    private static func hash(_ text: String) -> Int {
        Array(text.utf8).withUnsafeBytes { bytes in
            var hasher = Hasher()
            DecimalText(bytes).hash(into: &hasher)
            return hasher.finalize()
        }
    }

    @Test func numbersAreComparedByTheirValue() {
        let ascending = [
            "-1e300", "-123456789012345678901234567890.5", "-10", "-9.99", "-9", "-1", "-0.5", "-0.05", "-1e-300", "0", "1e-300",
            "0.05",
            "0.1", "0.11", "1", "1.000000000000000000000000000001", "9", "9.99", "10", "9007199254740992", "9007199254740993",
            "18446744073709551615", "123456789012345678901234567890.5", "1e300",
        ]
        for (index, left) in ascending.enumerated() {
            for (other, right) in ascending.enumerated() {
                #expect(Self.compare(left, right).signum() == (index - other).signum(), "\(left) \(right)")
            }
        }
        let groups = [
            ["0", "-0", "0.00", "-0.0", "0e5", "00"], ["10", "10.0", "1e1", "1E+1", "0.1e2", "100e-1"],
            ["-1.5", "-1.50", "-15e-1"],
        ]
        for group in groups {
            for text in group {
                #expect(Self.compare(group[0], text) == 0, "\(text)")
                #expect(Self.hash(group[0]) == Self.hash(text), "\(text)")
            }
        }
        #expect(Set(ascending.map(Self.hash)).count == ascending.count)
    }

    @Test func randomNumbersAgainstNaiveFigures() async throws {
        var random = SeededGenerator(seed: 7)
        for scale in [0, 2] {
            let values = (0..<5000).map { _ in Int.random(in: -3000...3000, using: &random) }
            let cells = values.map { value -> String in
                guard scale > 0 else { return String(value) }
                let digits = String(value.magnitude)
                let padded = String(repeating: "0", count: max(3 - digits.count, 0)) + digits
                return "\"\(value < 0 ? "-" : "")\(padded.dropLast(2)).\(padded.suffix(2))\""
            }
            let found = try await Self.figures(Self.column(scale == 0 ? .integer : .decimal), cells + ["null", "null"])
            let factor = scale == 0 ? 1.0 : 100.0
            let mean = Double(values.reduce(0, +)) / factor / 5000
            let deviation =
                (values.map {
                    let d = Double($0) / factor - mean; return d * d
                }.reduce(0, +) / 4999).squareRoot()
            #expect(found.count == 5000 && found.nulls == 2 && found.order == .number)
            #expect(found.distinct == Set(values).count && !found.distinctIsEstimate)
            #expect(found.min?.string == cells[values.firstIndex(of: values.min() ?? 0) ?? 0])
            #expect(found.max?.string == cells[values.firstIndex(of: values.max() ?? 0) ?? 0])
            #expect(found.sum.flatMap { Double($0) } == Double(values.reduce(0, +)) / factor)
            #expect(abs((found.mean ?? .nan) - mean) < 1e-9 && abs((found.deviation ?? .nan) - deviation) < 1e-9)
        }
    }

    @Test func sumsAreExactAsFarAsTheyCanBe() async throws {
        let big = try await Self.figures(Self.column(.integer), Array(repeating: "\"9223372036854775807\"", count: 3))
        #expect(big.sum == "27670116110564327421" && big.distinct == 1)
        let decimals = try await Self.figures(
            Self.column(.decimal), ["\"0.1\"", "\"0.20\"", "\"-0.305\"", "\"1234567890123456789.5\""])
        #expect(decimals.sum == "1234567890123456789.495")
        let tenths = try await Self.figures(Self.column(.float), Array(repeating: "0.1", count: 10))
        #expect(tenths.sum == "1.0" && tenths.mean == 0.1)
        let odd = try await Self.figures(Self.column(.float), ["\"NaN\"", "1.5", "\"-Infinity\"", "\"Infinity\"", "-2"])
        #expect(
            odd.notFinite == 3 && odd.mean == -0.25 && odd.min?.string == "\"-Infinity\"" && odd.max?.string == "\"Infinity\"")
        #expect(odd.distinct == 5 && odd.count == 5)
        let huge = try await Self.figures(Self.column(.float), ["1e308", "1e308"])
        #expect(huge.sum == nil && huge.mean == 1e308)
        let none = try await Self.figures(Self.column(.integer), ["null"])
        #expect(none.sum == nil && none.mean == nil && none.min == nil && none.order == nil && none.distinct == 0)
        let long = String(repeating: "9", count: 2000)
        let longest = try await Self.figures(Self.column(.decimal), ["\"\(long)\"", "\"1\""])
        #expect(longest.notFinite == 1 && longest.max?.string == "\"1\"" && longest.distinct == 2)
    }

    // MARK: Texts, times, the rest

    @Test func textsAreComparedByCodePoint() async throws {
        let texts = ["b", "", "a\n", "a", "é", "Z", "😀", "\u{FFFD}", "a\"b"]
        let found = try await Self.figures(Self.column(.string), texts.map { Self.json($0) })
        #expect(found.min?.string == "\"\"" && found.max?.string == "\"😀\"" && found.order == .text)
        #expect(found.minLength == 0 && found.maxLength == 3 && found.distinct == 9)
        #expect(abs((found.meanLength ?? 0) - Double(texts.map(\.unicodeScalars.count).reduce(0, +)) / 9) < 1e-12)
        let long = String(repeating: "x", count: 1000)
        let cut = try await Self.figures(Self.column(.string), [Self.json(long), Self.json(String(long.prefix(256)))])
        #expect(cut.min?.string == Self.json(String(long.prefix(256))))
        #expect(cut.max?.string == #"{"$truncated":{"bytes":1000,"prefix":"\#(String(repeating: "x", count: 256))"}}"#)
        #expect(cut.distinct == 2 && cut.topValues.count == 2)
    }

    private static func json(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return writer.take().string
    }

    @Test func timesAreComparedByWhatTheyMean() async throws {
        let ascending: [(String, [String])] = [
            (
                "date",
                [
                    "-infinity", "0044-03-15 BC", "0001-01-01 BC", "0001-01-01", "1969-12-31", "2026-01-02", "9999-12-31",
                    "10000-01-01", "infinity",
                ]
            ),
            ("timestamp(3)", ["1999-12-31 23:59:59.999", "2000-01-01 00:00:00", "2000-01-01 00:00:00.5", "2000-01-01 00:00:01"]),
            (
                "timestamptz",
                ["2026-10-25 02:30:00+02", "2026-10-25 02:00:00+01", "2026-10-25 02:30:00+01", "2026-10-25 02:00:00-01:30"]
            ),
            ("timetz", ["23:00:00+02", "22:30:00+00", "23:59:59.5-07:30"]),
            ("TIME", ["-838:59:59", "-00:00:01", "00:00:00", "09:00:00", "10:00:00", "100:00:00"]),
            ("DATETIME(6)", ["0000-00-00 00:00:00.000000", "2026-01-02 03:04:05.500000"]),
        ]
        for (type, texts) in ascending {
            for (index, left) in texts.enumerated() {
                for right in texts[(index + 1)...] {
                    let found = try await Self.figures(Self.column(.string, type), [right, left, right].map { Self.json($0) })
                    #expect(found.order == .time, "\(type)")
                    #expect(
                        found.min?.string == Self.json(left) && found.max?.string == Self.json(right),
                        "\(type): \(left) < \(right)")
                }
            }
        }
        #expect(try await Self.figures(Self.column(.string, "date[]"), ["\"{}\""]).order == .text)
    }

    @Test func everyKindOfCellCounts() async throws {
        let booleans = try await Self.figures(Self.column(.boolean), ["true", "false", "true", "null"])
        #expect(booleans.trueCount == 2 && booleans.falseCount == 1 && booleans.distinct == 2 && booleans.nulls == 1)
        let binary = try await Self.figures(Self.column(.base64), ["\"AP8=\"", "\"\"", "\"AP8Q\""])
        #expect(binary.minLength == 0 && binary.maxLength == 3 && binary.order == nil && binary.distinct == 3)
        let json = try await Self.figures(Self.column(.json), ["{\"a\": 1}", "\"x\"", "[1,2]", "1", "true", "null", "1"])
        #expect(json.distinct == 5 && json.nulls == 1 && json.order == nil && json.topValues[0].value.string == "1")
        let mixed = try await Self.figures(
            Self.column(.dynamic),
            [
                "1", "1.0", #"{"$integer":"9007199254740993"}"#, "\"1\"", "\"a\"", #"{"$base64":"AQ=="}"#,
                #"{"$float":"-Infinity"}"#,
            ])
        #expect(mixed.order == .mixed && mixed.min?.string == #"{"$float":"-Infinity"}"# && mixed.max?.string == "\"a\"")
        #expect(mixed.distinct == 6 && mixed.notFinite == 1)
        let cut = try await Self.figures(Self.column(.string), [#"{"$truncated":{"bytes":9,"prefix":"a"}}"#, "\"b\""])
        #expect(cut.count == 2 && cut.cutCells == 1 && cut.distinct == 1 && cut.min?.string == "\"b\"")
    }

    // MARK: Bounds

    @Test func distinctIsExactThenCloseEnough() async throws {
        for count in [2, 1000, 16_384, 16_385, 24_000] {
            let found = try await Self.figures(Self.column(.integer), (0..<count).map(String.init) + ["0", "1"])
            #expect(found.distinctIsEstimate == (count > 16_384), "\(count)")
            let error = abs(Double(found.distinct - count)) / Double(count)
            #expect(found.distinctIsEstimate ? error < 0.04 : error == 0, "\(count): \(found.distinct)")
        }
    }

    @Test func topValuesAreExactThenBounded() async throws {
        var random = SeededGenerator(seed: 11)
        // A few that are frequent, many that are not.
        let values = (0..<12_000).map { index in index % 3 == 0 ? Int.random(in: 0..<8, using: &random) : 1000 + index }
        var counts: [Int: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let found = try await Self.figures(Self.column(.integer), values.map(String.init))
        let top = found.topValues
        #expect(Set(top.prefix(8).compactMap { Int($0.value.string) }) == Set(0..<8))
        for value in top {
            let count = counts[Int(value.value.string) ?? -1] ?? 0
            #expect(value.count >= count && value.count - value.overcount <= count, "\(value.value.string)")
            #expect(value.overcount <= 12_000 / 1024)
        }
        let few = try await Self.figures(Self.column(.string), ["\"a\"", "\"b\"", "\"b\"", "\"c\"", "\"a\""], topValues: 2)
        #expect(
            few.topValues.map(\.value.string) == ["\"a\"", "\"b\""]
                && few.topValues.allSatisfy { $0.count == 2 && $0.overcount == 0 })
        #expect(try await Self.figures(Self.column(.string), ["\"a\""], topValues: 0).topValues.isEmpty)
    }

    /// Nothing is said to be frequent among values that are all different.
    @Test func valuesThatAreAllDifferentMakeNoTop() async throws {
        for count in [500, 10_000, 24_000] {
            let top = try await Self.figures(Self.column(.integer), (0..<count).map(String.init)).topValues
            #expect(top.allSatisfy { $0.count == 1 && $0.overcount == 0 }, "\(count)")
        }
    }
}

/// Numbers that are the same in every run (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
