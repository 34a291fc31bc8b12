import Protocol
import Tracing

/// Spans of what the daemon does, where a tracer is configured: of each request but those answered at once, and below it of statements,
/// questions to models and calls of their tools.
extension Services {
    /// Runs `body` as a span below the current one; only runs it where nothing is traced.
    func traced<Value, Failure: Error>(
        _ facts: @autoclosure () -> SpanFacts, _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let tracer else { return try await body() }
        let span = tracer.startSpan(facts())
        let result: Result<Value, Failure> = await ServiceContext.withValue(span.context) {
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }
        if case .failure(let error) = result { span.fail(error) }
        span.end()
        return try result.get()
    }
}

extension Tracer {
    /// Begins a span below the current one; whoever asked for it ends it.
    func startSpan(_ facts: SpanFacts) -> Span {
        let span = startSpan(facts.name, ofKind: facts.kind)
        span.attributes = facts.attributes
        return span
    }
}

extension Tracing.Span {
    /// Says that what the span is of failed; only the error's code is told, since its message may quote data.
    func fail(_ error: any Error) {
        attributes["error.type"] = RPCError(any: error).code.rawValue
        setStatus(SpanStatus(code: .error))
    }
}
