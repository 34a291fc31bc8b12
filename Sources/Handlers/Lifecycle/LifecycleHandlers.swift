import Protocol

/// LSP's life cycle, and the protocol's own description.
struct LifecycleHandlers: LifecycleAPI {
    /// Version of the protocol, by semantic versioning: `info.yaml` of the spec has the same.
    static let protocolVersion = "1.0.0"

    let services: Services
    let auth: AuthHandlers

    func initialize(_ params: InitializeParams, _ context: RequestContext) async throws -> InitializeResult {
        guard !context.client.isInitialized else {
            throw RPCError(.invalidRequest, "This connection was initialized before; open another for a new beginning.")
        }
        var user: WireUser?
        if let token = params.token { user = AuthHandlers.wire(try await auth.attach(token: token, to: context.client).user) }
        context.client.initialize(params.clientInfo)
        return InitializeResult(
            serverInfo: ServerInfo(name: "dbassistd", version: services.version), protocolVersion: Self.protocolVersion,
            capabilities: JSONText("{}"), limits: services.limits, user: user)
    }

    func initialized(_ context: RequestContext) throws {}

    func shutdown(_ context: RequestContext) throws -> JSONText {
        context.client.shutDown()
        services.running.cancel(ofConnection: context.client.channel.connectionID)
        services.turns.cancel(ofConnection: context.client.channel.connectionID)
        return JSONText("null")
    }

    func discover(_ context: RequestContext) throws -> JSONText { OpenRPCDocument.text }

    /// The transport cancels requests itself, ahead of everything that waits; this is reached by one sent as a request.
    func cancelRequest(_ params: CancelRequestParams, _ context: RequestContext) throws {
        throw RPCError(.invalidRequest, "$/cancelRequest is a notification: send it without an id.")
    }

    /// The transport ends connections itself; this is reached by one sent as a request.
    func exit(_ context: RequestContext) throws {
        throw RPCError(.invalidRequest, "exit is a notification: send it without an id.")
    }
}
