import Glibc
import Logging
import NIOCore
import NIOPosix
import Protocol
import Synchronization
import TestSupport

@testable import Transport

/// A responder with methods made for tests: what the transport does shows, and nothing else.
final class ToyService: Responder {
    enum Call: Sendable {
        case echo(JSONText)
        case wait
        case gate(String)
        case open(String)
        case login
        case big(Int)
        case fail
    }

    final class Client: ClientResponder {
        let service: ToyService
        let link: ClientLink

        init(_ service: ToyService, _ link: ClientLink) {
            self.service = service
            self.link = link
        }

        func decode(method: UnsafeRawBufferPointer, params: UnsafeRawBufferPointer?) throws(RPCError) -> any IncomingRequest {
            Request(self, try ToyService.call(method, params))
        }

        func disconnected() { service.state.withLock { $0.disconnects += 1 } }
        var exitStatus: Int32 { 0 }
    }

    final class Request: IncomingRequest {
        let client: Client
        let call: Call

        init(_ client: Client, _ call: Call) {
            self.client = client
            self.call = call
        }

        var name: String { "toy" }

        var traits: RequestTraits {
            switch call {
            case .echo, .fail, .open: RequestTraits(isInline: true)
            case .login: RequestTraits(isBarrier: true)
            default: RequestTraits()
            }
        }

        func answerInline(_ label: RequestLabel) throws(RPCError) -> any JSONEncodable {
            try client.service.answerInline(call)
        }

        func answer(_ label: RequestLabel) async throws(RPCError) -> any JSONEncodable {
            try await client.service.answer(call, client.link)
        }
    }

    private struct State {
        var open: Set<String> = []
        var waiters: [String: [CheckedContinuation<Void, Never>]] = [:]
        var begun: [String] = []
        var cancelled = 0
        var summaries: [RequestSummary] = []
        var disconnects = 0
    }
    private let state = Mutex(State())

    var begun: [String] { state.withLock { $0.begun } }
    var cancelledCount: Int { state.withLock { $0.cancelled } }
    var disconnects: Int { state.withLock { $0.disconnects } }

    func connected(_ link: ClientLink) -> any ClientResponder { Client(self, link) }

    static func call(_ method: UnsafeRawBufferPointer, _ params: UnsafeRawBufferPointer?) throws(RPCError) -> Call {
        let text = params.map { JSONText(copying: $0) } ?? JSONText("null")
        switch String(decoding: method, as: UTF8.self) {
        case "echo": return .echo(text)
        case "wait": return .wait
        case "gate": return .gate(text.string)
        case "open": return .open(text.string)
        case "login": return .login
        case "big": return .big(Int(text.string.filter(\.isNumber)) ?? 0)
        case "fail": return .fail
        default: throw RPCError(.methodNotFound, "no such method")
        }
    }

    func answerInline(_ call: Call) throws(RPCError) -> any JSONEncodable {
        switch call {
        case .echo(let text): return text
        case .open(let name):
            let waiters = state.withLock { state in
                state.open.insert(name)
                return state.waiters.removeValue(forKey: name) ?? []
            }
            for waiter in waiters { waiter.resume() }
            return JSONText("true")
        default: throw RPCError(.internal, "failed as asked")
        }
    }

    func answer(_ call: Call, _ link: ClientLink) async throws(RPCError) -> any JSONEncodable {
        state.withLock { $0.begun.append("\(call)") }
        switch call {
        case .wait:
            do {
                try await Task.sleep(for: .seconds(60))
                return JSONText("\"slept\"")
            } catch {
                state.withLock { $0.cancelled += 1 }
                throw RPCError(.cancelled, "cancelled")
            }
        case .gate(let name):
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.open.contains(name) { state.waiters[name, default: []].append(continuation) }
                    return state.open.contains(name)
                }
                if isOpen { continuation.resume() }
            }
            return JSONText("\"through\"")
        case .login:
            link.authenticated(true)
            return JSONText("\"in\"")
        case .big(let count):
            return JSONText("\"" + String(repeating: "x", count: count) + "\"")
        case .echo, .open, .fail: throw RPCError(.internal, "inline only")
        }
    }

    func finished(_ request: RequestSummary) { state.withLock { $0.summaries.append(request) } }
}

/// A toy service listening on a socket of its own.
struct ToyServer {
    let service = ToyService()
    let directory: TemporaryDirectory
    let path: String
    let file: SocketFile
    let server: SocketServer
    let channel: any Channel

    init(_ change: (inout TransportLimits) -> Void = { _ in }, allowedUIDs: Set<UInt32> = [geteuid()]) async throws {
        var limits = TransportLimits()
        change(&limits)
        directory = try TemporaryDirectory()
        path = directory.appending("s")
        server = SocketServer(
            responder: service, limits: limits, allowedUIDs: allowedUIDs, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "toy", factory: { _ in SwiftLogNoOpLogHandler() }))
        file = try SocketFile(path: path)
        channel = try await server.start(descriptor: file.listen())
    }

    func connect(_ framing: FrameDecoder.Framing = .lines) throws -> WireConnection {
        try WireConnection(socket: path, framing: framing)
    }
}
