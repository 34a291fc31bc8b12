import Databases
import Logging
public import Protocol
import Security
import Store

/// The daemon, whatever carries its messages: connections, calls, and what must hold before one is answered.
public final class Daemon: Sendable {
    /// What the handlers work with.
    public let services: Services
    private let methods: Methods

    /// Starts nothing.
    public init(_ services: Services) {
        self.services = services
        methods = Methods(services)
    }

    // MARK: Connections

    /// A connection has begun.
    public func connected(_ channel: any ClientChannel) -> ClientSession {
        ClientSession(channel: channel, rate: services.rates.bucket(.requestsPerMinute, of: channel.peerKey))
    }

    /// A connection is gone: what belonged to it goes too, unless it was to be kept.
    public func disconnected(_ client: ClientSession) {
        services.results.closeAll(ofConnection: client.channel.connectionID)
        services.running.unsubscribe(client)
        services.turns.cancel(ofConnection: client.channel.connectionID)
        services.sessions.release(client)
    }

    /// What a process that served this client on stdio is to exit with: LSP asks for 0 after `shutdown`, else 1.
    public func exitStatus(for client: ClientSession) -> Int32 { client.isShutDown ? 0 : 1 }

    // MARK: Requests

    /// Whether a request can be answered on the spot: its method is inline, or it is refused.
    public func isInline(_ request: Request, from client: ClientSession) -> Bool {
        request.isInline || refusal(request.method, client) != nil
    }

    /// Answers a request for which ``isInline(_:from:)`` holds.
    public func answerInline(
        _ request: Request, from client: ClientSession, requestID: @autoclosure () -> String
    ) throws(RPCError) -> any JSONEncodable {
        try admit(request.method, client)
        if let refusal = refusal(request.method, client) { throw refusal }
        let call = try request.call.get()
        // A session that has outlived itself counts for nothing here either, though the next request tells the client.
        let idleMs = Int64(services.limits.sessionIdleMs)
        let identity = client.identity.flatMap { $0.endReason(nowMs: Timestamp.now(), idleMs: idleMs) == nil ? $0 : nil }
        let context = RequestContext(client: client, boundIdentity: identity)
        do {
            guard let answer = try methods.answerInline(call, context) else {
                throw RPCError(.internal, "The method is not inline.")
            }
            return answer
        } catch {
            throw report(error, call.method, requestID())
        }
    }

    /// Answers any request.
    public func answer(
        _ request: Request, from client: ClientSession, requestID: String
    ) async throws(RPCError) -> any JSONEncodable {
        try admit(request.method, client)
        if let refusal = refusal(request.method, client) { throw refusal }
        let call = try request.call.get()
        let identity = client.identity
        if let identity {
            let nowMs = Timestamp.now()
            if let reason = identity.endReason(nowMs: nowMs, idleMs: Int64(services.limits.sessionIdleMs)) {
                services.sessions.end(identity, on: client, reason)
                if call.method.access == .session { throw .unauthenticated }
            } else {
                identity.touch(nowMs)
                await services.store.touchSession(id: identity.sessionID, nowMs: nowMs)
            }
        }
        let context = RequestContext(client: client, boundIdentity: client.identity)
        if call.method.access == .session, let identity = context.boundIdentity { try services.tokenRates.take(identity) }
        do {
            // Here already: what is not traced goes past everything generic.
            guard services.tracer != nil else { return try await methods.answer(call, context) }
            return try await services.traced(.request(call.method, id: requestID)) { try await methods.answer(call, context) }
        } catch {
            throw report(error, call.method, requestID)
        }
    }

    /// Counts a request. To leave is always allowed.
    private func admit(_ method: Method?, _ client: ClientSession) throws(RPCError) {
        if method == .exit || method == .shutdown { return }
        try RateLimits.take(.requestsPerMinute, client.rate)
        try RateLimits.take(.requestsPerMinute, client.identity?.rate)
    }

    /// Why a request may not be made on this connection as it stands, whatever its params. No method is one nobody knows.
    private func refusal(_ method: Method?, _ client: ClientSession) -> RPCError? {
        if client.isShutDown, method != .exit {
            return RPCError(.invalidRequest, "The connection was shut down; only exit is still expected.")
        }
        if client.mustInitialize, !client.isInitialized, method != .initialize, method != .exit {
            return RPCError(.notInitialized, "Send initialize first.")
        }
        guard let method, method.access == .session else { return nil }
        guard let identity = client.identity else { return .unauthenticated }
        return identity.scope.isNarrowed ? identity.scope.refusal(method) : nil
    }

    /// What the client is told; what only we should know goes to the log.
    private func report(_ error: any Error, _ method: Method, _ requestID: String) -> RPCError {
        let shown = RPCError(any: error)
        if shown.code == .internal || shown.details.phase == "store" {
            services.logger.error(
                "fault", metadata: ["method": "\(method.name)", "request": "\(requestID)", "error": "\(debugText(error))"])
        }
        return shown
    }

    /// A request has been answered.
    public func finished(
        _ method: String, error: ErrorCode?, nanoseconds: UInt64, requestID: @autoclosure () -> String, isInline: Bool
    ) {
        services.counters.add(method: method, error: error, nanoseconds: nanoseconds)
        let level: Logger.Level = isInline && error == nil ? .debug : .info
        guard services.logger.logLevel <= level else { return }
        services.logger.log(
            level: level, "request",
            metadata: [
                "method": "\(method)", "durationMs": "\(Double(nanoseconds / 1000) / 1000)",
                "outcome": "\(error?.rawValue ?? "ok")",
                "request": "\(requestID())",
            ])
    }
}
