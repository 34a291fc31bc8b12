import Databases
import Logging
public import Protocol
import Security
import Store

/// The daemon, whatever carries its messages: connections, calls, and what must hold before one is answered.
public struct Daemon: Sendable {
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
    public func connected(_ channel: any ClientChannel) -> ClientSession { ClientSession(channel: channel) }

    /// A connection is gone: what belonged to it goes too, unless it was to be kept.
    public func disconnected(_ client: ClientSession) {
        services.results.closeAll(ofConnection: client.channel.connectionID)
        services.sessions.release(client)
    }

    /// What a process that served this client on stdio is to exit with: LSP asks for 0 after `shutdown`, else 1.
    public func exitStatus(for client: ClientSession) -> Int32 { client.isShutDown ? 0 : 1 }

    // MARK: Requests

    /// Reads a call. The name is refused before the params are looked at.
    public func decode(method name: UnsafeRawBufferPointer, params: UnsafeRawBufferPointer?) throws(RPCError) -> Call {
        guard let method = Method(name: name) else {
            let shown = String(String(decoding: name.prefix(100), as: UTF8.self).unicodeScalars.filter { $0.value >= 0x20 })
            throw RPCError(.methodNotFound, "There is no method \(shown); rpc.discover lists them all.")
        }
        do throws(JSONMismatch) {
            return try Call.decode(method, params: params)
        } catch {
            if let params { throw RPCError(error, in: params) }
            throw RPCError(.invalidParams, "params \(error.member.map { "." + $0 + " " } ?? "")\(error.reason).")
        }
    }

    /// Whether a call can be answered on the spot: its method is inline, or it is refused.
    public func isInline(_ call: Call, from client: ClientSession) -> Bool {
        call.method.execution == .inline || refusal(call.method, client) != nil
    }

    /// Answers a call for which ``isInline(_:from:)`` holds.
    public func answerInline(
        _ call: Call, from client: ClientSession, requestID: @autoclosure () -> String
    ) throws(RPCError) -> any JSONEncodable {
        if let refusal = refusal(call.method, client) { throw refusal }
        let context = RequestContext(client: client, boundIdentity: client.identity)
        do {
            guard let answer = try methods.answerInline(call, context) else {
                throw RPCError(.internal, "The method is not inline.")
            }
            return answer
        } catch {
            throw report(error, call.method, requestID())
        }
    }

    /// Answers any call.
    public func answer(_ call: Call, from client: ClientSession, requestID: String) async throws(RPCError) -> any JSONEncodable {
        if let refusal = refusal(call.method, client) { throw refusal }
        let identity = client.identity
        if let identity {
            let nowMs = Timestamp.now()
            if let reason = identity.endReason(nowMs: nowMs, idleMs: Int64(services.limits.sessionIdleMs)) {
                services.sessions.end([identity.sessionID], reason)
                if call.method.access == .session { throw .unauthenticated }
            } else {
                identity.touch(nowMs)
                await services.store.touchSession(id: identity.sessionID, nowMs: nowMs)
            }
        }
        let context = RequestContext(client: client, boundIdentity: client.identity)
        do {
            return try await methods.answer(call, context)
        } catch {
            throw report(error, call.method, requestID)
        }
    }

    /// Why a call may not be made on this connection as it stands.
    private func refusal(_ method: Method, _ client: ClientSession) -> RPCError? {
        if client.isShutDown, method != .exit {
            return RPCError(.invalidRequest, "The connection was shut down; only exit is still expected.")
        }
        if client.mustInitialize, !client.isInitialized, method != .initialize, method != .exit {
            return RPCError(.notInitialized, "Send initialize first.")
        }
        return method.access == .session && client.identity == nil ? .unauthenticated : nil
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
