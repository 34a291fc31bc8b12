import Protocol
import Store

/// The assistant: conversations, turns, proposals and examples.
struct ChatHandlers: ChatAPI {
    let services: Services
    let projects: ProjectHandlers
    let queries: QueryHandlers
    let schemas: SchemaHandlers

    var limits: Limits { services.limits }
}
