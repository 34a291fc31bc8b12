import Synchronization
import Tracing

/// Writes spans to a file, each as it ends, as OTLP's JSON lines: OpenTelemetry's Collector reads them with its receiver
/// `otlpjsonfile`, and passes them on to whatever shows traces.
struct FileTracer: Tracer {
    private static let header = "traceparent"

    let file: TraceFile
    /// Which part of all traces is kept, from 0 to 1.
    let sampling: Double

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> FileSpan {
        var context = context()
        let parent = context.trace
        let trace = parent.map(TraceContext.init(below:)) ?? TraceContext(isSampled: Double.random(in: 0..<1) < sampling)
        context.trace = trace
        return FileSpan(operationName, context, trace, parent, kind, startedAt: instant().nanosecondsSinceEpoch, in: file)
    }

    /// Nothing is held back: a span is in the file when it has ended.
    func forceFlush() {}

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        if let text = extractor.extract(key: Self.header, from: carrier) { context.trace = TraceContext(traceparent: text) }
    }

    func inject<Carrier, Inject: Injector>(
        _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        if let trace = context.trace { injector.inject(trace.traceparent, forKey: Self.header, into: &carrier) }
    }
}

/// A span on its way to the file.
final class FileSpan: Tracing.Span {
    struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var status: SpanStatus?
        var hasEnded = false
    }

    /// Events and links that a span keeps; what comes later is dropped.
    private static let partsMax = 32

    let context: ServiceContext
    let trace: TraceContext
    let parent: TraceContext?
    let kind: SpanKind
    let startedAt: UInt64
    private let file: TraceFile
    private let state: Mutex<State>

    fileprivate init(
        _ name: String, _ context: ServiceContext, _ trace: TraceContext, _ parent: TraceContext?, _ kind: SpanKind,
        startedAt: UInt64, in file: TraceFile
    ) {
        self.context = context
        self.trace = trace
        self.parent = parent
        self.kind = kind
        self.startedAt = startedAt
        self.file = file
        state = Mutex(State(name: name))
    }

    var isRecording: Bool { trace.isSampled && !state.withLock { $0.hasEnded } }

    var operationName: String {
        get { state.withLock { $0.name } }
        set { state.withLock { $0.name = newValue } }
    }

    var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { state.withLock { $0.attributes = newValue } }
    }

    func setStatus(_ status: SpanStatus) { state.withLock { $0.status = status } }

    func addEvent(_ event: SpanEvent) { state.withLock { if $0.events.count < Self.partsMax { $0.events.append(event) } } }

    func addLink(_ link: SpanLink) { state.withLock { if $0.links.count < Self.partsMax { $0.links.append(link) } } }

    /// The kind of the error only: its text may quote data.
    func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    /// Writes it; once.
    func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard trace.isSampled else { return }
        let endedAt = instant().nanosecondsSinceEpoch
        let ended: State? = state.withLock { state in
            guard !state.hasEnded else { return nil }
            state.hasEnded = true
            return state
        }
        if let ended { file.append(OTLP.line(self, ended, endedAt: max(endedAt, startedAt))) }
    }
}
