import Testing

@testable import Store

@Suite struct LatencyHistogramTests {
    @Test func aRangesMiddleIsWithinAFewPercentOfWhatIsInIt() {
        var random = SystemRandomNumberGenerator()
        for exponent in -10..<30 {
            for _ in 0..<200 {
                let duration = Double.random(in: 1..<2, using: &random) * Double(sign: .plus, exponent: exponent, significand: 1)
                let middle = LatencyHistogram.middleMs(of: LatencyHistogram.range(of: duration))
                #expect(abs(middle - duration) / duration <= 0.016, "\(duration)")
            }
        }
        for odd in [0, -1, -0.0, 1e-300, .nan, -.infinity] { #expect(LatencyHistogram.range(of: odd) == 0) }
        #expect(LatencyHistogram.range(of: .infinity) == LatencyHistogram.range(of: 1_073_741_824))
    }

    @Test func whatIsWrittenIsRead() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var histogram = LatencyHistogram()
            for _ in 0..<Int.random(in: 0...50, using: &random) {
                histogram.add(
                    .random(in: 0...100, using: &random) * .random(in: 0...1000, using: &random),
                    times: .random(in: 1...1_000_000))
            }
            #expect(LatencyHistogram(histogram.encoded) == histogram)
        }
        #expect(LatencyHistogram([]) == LatencyHistogram())
        for wrong: [UInt8] in [
            [1], [0x80], [1, 0x80], [1, 0], [1, 1, 0, 1], [0xFF, 0xFF, 0xFF, 1, 1], .init(repeating: 0xFF, count: 30),
        ] {
            #expect(LatencyHistogram(wrong) == nil, "\(wrong)")
        }
    }

    @Test func whatIsTakenAwayIsAsIfItHadNeverBeen() {
        var histogram = LatencyHistogram()
        histogram.add(3)
        let before = histogram
        for duration in [7, 1_000, 0.01] {
            histogram.add(duration)
            histogram.add(duration, times: -1)
        }
        #expect(histogram == before && histogram.encoded == before.encoded)
        histogram.add(3, times: -1)
        #expect(histogram == LatencyHistogram() && histogram.encoded == [])
        #expect(histogram.percentiles([50], maxMs: nil) == [nil])
    }
}
