import Databases
import Protocol
import Tracing

/// What a span is of. Names and attributes are OpenTelemetry's where it has some (https://opentelemetry.io/docs/specs/semconv/); no
/// text of anybody's is among them.
struct SpanFacts {
    let name: String
    let kind: SpanKind
    var attributes: SpanAttributes

    static func request(_ method: Method, id: String) -> SpanFacts {
        SpanFacts(
            name: "\(method.name)", kind: .server,
            attributes: ["rpc.system": "jsonrpc", "rpc.method": "\(method.name)", "dbassist.request": "\(id)"])
    }

    /// The wait for a connection, and all that is done with it.
    static func database(_ engine: Databases.DatabaseType) -> SpanFacts {
        SpanFacts(name: "database", kind: .client, attributes: ["db.system.name": "\(engine.rawValue)"])
    }

    static func model(_ name: String) -> SpanFacts {
        SpanFacts(
            name: "chat", kind: .client, attributes: ["gen_ai.operation.name": "chat", "gen_ai.request.model": "\(name)"])
    }

    static func tool(_ name: String) -> SpanFacts {
        SpanFacts(
            name: "execute_tool", kind: .internal,
            attributes: ["gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "\(name)"])
    }
}
