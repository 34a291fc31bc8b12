import Glibc
import Protocol
import Tracing

/// Spans in the JSON form of the OpenTelemetry protocol. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
enum OTLP {
    /// A line with one span.
    static func line(_ span: FileSpan, _ state: FileSpan.State, endedAt: UInt64) -> JSONText {
        var json = JSONWriter(capacity: 768)
        json.raw(#"{"resourceSpans":[{"resource":{"attributes":["#)
        attribute("service.name", .string("dbassistd"), &json)
        json.raw(",")
        attribute("service.version", .string(daemonVersion), &json)
        json.raw(",")
        attribute("process.pid", .int64(Int64(getpid())), &json)
        json.raw(#"]},"scopeSpans":[{"scope":{"name":"dbassistd"},"spans":[{"traceId":"#)
        json.string(span.trace.traceText)
        json.raw(#","spanId":"#)
        json.string(span.trace.spanText)
        if let parent = span.parent {
            json.raw(#","parentSpanId":"#)
            json.string(parent.spanText)
        }
        json.raw(#","name":"#)
        json.string(state.name)
        json.raw(#","kind":"#)
        json.integer(kind(span.kind))
        time("startTimeUnixNano", span.startedAt, &json)
        time("endTimeUnixNano", endedAt, &json)
        json.raw(",")
        attributes(state.attributes, &json)
        if !state.events.isEmpty { events(state.events, &json) }
        if !state.links.isEmpty { links(state.links, &json) }
        if let status = state.status {
            json.raw(#","status":{"code":"#)
            json.integer(status.code == .error ? 2 : 1)
            if let message = status.message {
                json.raw(#","message":"#)
                json.string(message)
            }
            json.raw("}")
        }
        json.raw("}]}]}]}\n")
        return json.take()
    }

    private static func kind(_ kind: SpanKind) -> Int {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    /// 64-bit numbers are text there.
    private static func time(_ name: StaticString, _ nanoseconds: UInt64, _ json: inout JSONWriter) {
        json.raw(",\"")
        json.raw(name)
        json.raw("\":\"")
        json.integer(nanoseconds)
        json.raw("\"")
    }

    private static func events(_ events: [SpanEvent], _ json: inout JSONWriter) {
        json.raw(#","events":["#)
        for (index, event) in events.enumerated() {
            json.raw(index == 0 ? #"{"name":"# : #",{"name":"#)
            json.string(event.name)
            time("timeUnixNano", event.nanosecondsSinceEpoch, &json)
            json.raw(",")
            attributes(event.attributes, &json)
            json.raw("}")
        }
        json.raw("]")
    }

    private static func links(_ links: [SpanLink], _ json: inout JSONWriter) {
        json.raw(#","links":["#)
        var isFirst = true
        for link in links {
            guard let trace = link.context.trace else { continue }
            json.raw(isFirst ? #"{"traceId":"# : #",{"traceId":"#)
            isFirst = false
            json.string(trace.traceText)
            json.raw(#","spanId":"#)
            json.string(trace.spanText)
            json.raw(",")
            attributes(link.attributes, &json)
            json.raw("}")
        }
        json.raw("]")
    }

    private static func attributes(_ attributes: SpanAttributes, _ json: inout JSONWriter) {
        json.raw(#""attributes":["#)
        var isFirst = true
        attributes.forEach { name, value in
            if !isFirst { json.raw(",") }
            isFirst = false
            attribute(name, value, &json)
        }
        json.raw("]")
    }

    private static func attribute(_ name: String, _ value: SpanAttribute, _ json: inout JSONWriter) {
        json.raw(#"{"key":"#)
        json.string(name)
        json.raw(#","value":{"#)
        switch value {
        case .int32(let number): integer(Int64(number), &json)
        case .int64(let number): integer(number, &json)
        case .bool(let flag):
            json.raw(#""boolValue":"#)
            json.bool(flag)
        case .double(let number) where number.isFinite:
            json.raw(#""doubleValue":"#)
            json.double(number)
        case .string(let text): string(text, &json)
        case .stringConvertible(let text): string("\(text)", &json)
        // Lists, which no span of ours has.
        default: string("\(value)", &json)
        }
        json.raw("}}")
    }

    private static func integer(_ number: Int64, _ json: inout JSONWriter) {
        json.raw(#""intValue":""#)
        json.integer(number)
        json.raw("\"")
    }

    private static func string(_ text: String, _ json: inout JSONWriter) {
        json.raw(#""stringValue":"#)
        json.string(text)
    }
}
