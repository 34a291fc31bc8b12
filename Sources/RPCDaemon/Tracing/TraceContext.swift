import Tracing

/// A span's place in its trace, as W3C Trace Context has it. https://www.w3.org/TR/trace-context/
struct TraceContext: Sendable, Equatable {
    var traceID: (UInt64, UInt64)
    var spanID: UInt64
    /// Whether the trace's spans are kept; decided where it begins.
    var isSampled: Bool

    /// The first span of a trace.
    init(isSampled: Bool) {
        traceID = (.random(in: 1...UInt64.max), .random(in: 1...UInt64.max))
        spanID = .random(in: 1...UInt64.max)
        self.isSampled = isSampled
    }

    /// A span below `parent`.
    init(below parent: TraceContext) {
        self = parent
        spanID = .random(in: 1...UInt64.max)
    }

    /// The header `traceparent`.
    init?(traceparent: String) {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00", parts[1].utf8.count == 32, parts[2].utf8.count == 16, parts[3].utf8.count == 2
        else { return nil }
        func number(_ text: Substring) -> UInt64? {
            text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 } ? UInt64(text, radix: 16) : nil
        }
        guard let high = number(parts[1].prefix(16)), let low = number(parts[1].suffix(16)), let span = number(parts[2]),
            let flags = number(parts[3]), high | low != 0, span != 0
        else { return nil }
        traceID = (high, low)
        spanID = span
        isSampled = flags & 1 == 1
    }

    var traceparent: String { "00-\(traceText)-\(spanText)-0\(isSampled ? 1 : 0)" }
    var traceText: String { Self.text(traceID.0) + Self.text(traceID.1) }
    var spanText: String { Self.text(spanID) }

    static func == (one: Self, other: Self) -> Bool {
        one.traceID == other.traceID && one.spanID == other.spanID && one.isSampled == other.isSampled
    }

    private static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension ServiceContext {
    private enum TraceContextKey: ServiceContextKey { typealias Value = TraceContext }

    /// The span that what is done now belongs to.
    var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}
