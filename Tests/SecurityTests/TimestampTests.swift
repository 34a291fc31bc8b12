import Foundation
import Testing

@testable import Security

struct TimestampTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (Timestamp.range.lowerBound, "0000-01-01T00:00:00.000Z"),
        (Timestamp.range.upperBound, "9999-12-31T23:59:59.999Z"), (1_795_470_307_250, "2026-11-23T21:45:07.250Z"),
    ])
    func formatsAndParses(unixMs: Int64, text: String) {
        #expect(Timestamp.format(unixMs) == text)
        #expect(Timestamp.parse(text) == unixMs)
    }

    @Test func agreesWithFoundationOnTenThousandDays() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        for index in 0..<10_000 {
            let ms = Int64(index) * 37 * 86_400_000 / 3 - 1_000_000_000_000 + Int64(index)
            let text = Timestamp.format(ms)
            #expect(Timestamp.parse(text) == ms)
            #expect(text == formatter.string(from: Date(timeIntervalSince1970: (Double(ms) + 0.25) / 1000)))
        }
    }

    @Test func formatsInstantsWithoutATextAsTheNearestOne() {
        #expect(Timestamp.format(.max) == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp.format(.min) == "0000-01-01T00:00:00.000Z")
    }

    @Test(arguments: [
        ("2026-11-23T21:45:07Z", Int64(1_795_470_307_000)), ("2026-11-23T21:45:07.2Z", 1_795_470_307_200),
        ("2026-11-23T21:45:07.25Z", 1_795_470_307_250),
    ])
    func parsesShorterFractions(text: String, unixMs: Int64) { #expect(Timestamp.parse(text) == unixMs) }

    @Test(arguments: [
        "", "Z", "2026-11-23", "2026-11-23T21:45:07", "2026-11-23t21:45:07Z", "2026-11-23T21:45:07z", "2026-11-23 21:45:07Z",
        "2026-11-23T21:45:07+00:00", "2026-11-23T21:45:07-00:00", "2026-11-23T21:45:07.Z", "2026-11-23T21:45:07.1234Z",
        "2026-11-23T21:45:07,250Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T23:60:00Z", "2016-12-31T23:59:60Z", "+026-01-01T00:00:00Z", "2026-1-01T00:00:00.0Z",
        " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ", "20260101T000000Z", "2026-01-01T00:00:00.0٠Z", "٢٠٢٦-01-01T00:00Z",
    ])
    func refuses(text: String) { #expect(Timestamp.parse(text) == nil) }
}
