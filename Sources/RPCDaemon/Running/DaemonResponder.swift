public import Handlers
import Protocol
import Transport

/// Puts the daemon behind the transport. Neither knows the other.
struct DaemonResponder: Responder {
    let daemon: Daemon

    func connected(_ link: ClientLink) -> ClientSession { daemon.connected(link) }

    func decode(
        method: UnsafeRawBufferPointer, params: UnsafeRawBufferPointer?, from client: ClientSession
    ) -> Request {
        Request(method: method, params: params)
    }

    func name(of request: Request) -> String { request.name }

    func traits(of request: Request, from client: ClientSession) -> RequestTraits {
        RequestTraits(isBarrier: request.isBarrier, isInline: daemon.isInline(request, from: client))
    }

    func answerInline(_ request: Request, _ scope: RequestScope<ClientSession>) throws(RPCError) -> any JSONEncodable {
        try daemon.answerInline(request, from: scope.client, requestID: scope.requestID)
    }

    func answer(_ request: Request, _ scope: RequestScope<ClientSession>) async throws(RPCError) -> any JSONEncodable {
        try await daemon.answer(request, from: scope.client, requestID: scope.requestID)
    }

    func disconnected(_ client: ClientSession) { daemon.disconnected(client) }

    func exitStatus(for client: ClientSession) -> Int32 { daemon.exitStatus(for: client) }

    func finished(_ request: RequestSummary) {
        daemon.finished(
            request.method, error: request.error, nanoseconds: request.nanoseconds, requestID: request.requestID,
            isInline: request.isInline)
    }
}

extension ClientLink: ClientChannel {
    var peerUID: UInt32? { peer.uid }
}
