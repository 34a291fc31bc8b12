public import Handlers
import Protocol
import Transport

/// Puts the daemon behind the transport. Neither knows the other.
struct DaemonResponder: Responder {
    let daemon: Daemon

    func connected(_ link: ClientLink) -> any ClientResponder { Client(daemon: daemon, session: daemon.connected(link)) }

    func finished(_ request: RequestSummary) {
        daemon.finished(
            request.method, error: request.error, nanoseconds: request.nanoseconds, requestID: request.label.description,
            isInline: request.isInline)
    }
}

private final class Client: ClientResponder {
    let daemon: Daemon
    let session: ClientSession

    init(daemon: Daemon, session: ClientSession) {
        self.daemon = daemon
        self.session = session
    }

    func decode(method: UnsafeRawBufferPointer, params: UnsafeRawBufferPointer?) -> any IncomingRequest {
        Incoming(self, Request(method: method, params: params))
    }

    func disconnected() { daemon.disconnected(session) }

    var exitStatus: Int32 { daemon.exitStatus(for: session) }
}

private final class Incoming: IncomingRequest {
    let client: Client
    let request: Request

    init(_ client: Client, _ request: Request) {
        self.client = client
        self.request = request
    }

    var name: String { request.name }

    var traits: RequestTraits {
        RequestTraits(
            isBarrier: request.isBarrier, isInline: client.daemon.isInline(request, from: client.session),
            isBrief: request.isBrief)
    }

    func answerInline(_ label: RequestLabel) throws(RPCError) -> any JSONEncodable {
        try client.daemon.answerInline(request, from: client.session, requestID: label.description)
    }

    func answer(_ label: RequestLabel) async throws(RPCError) -> any JSONEncodable {
        try await client.daemon.answer(request, from: client.session, requestID: label.description)
    }
}

extension ClientLink: ClientChannel {
    var peerUID: UInt32? { peer.uid }
}
