import Glibc
import Threads

/// An OpenAI-compatible model server for tests, on loopback: it answers what a test tells it to, and remembers every byte it got.
///
///     let server = try ModelServer { request in
///         request.lastRole == "tool" ? .text("Three.") : .calls([("run_query", #"{"sql":"SELECT 3"}"#)])
///     }
///     defer { server.stop() }
///     … DBASSIST_MODEL_URL=\(server.url) DBASSIST_MODEL=test …
///
/// The closure sees each chat request and answers it with a ``ModelReply``, good or spoilt; it runs on the connection's thread and may
/// block. `GET /v1/models` is answered with ``init(models:key:_:)``'s list. Connections are kept open between requests.
public final class ModelServer: Sendable {
    /// A request, as it came.
    public struct Request: Sendable {
        public let method: String
        public let path: String
        /// Host and port that the client asked for, where it took the server for a proxy.
        public let tunnel: String?
        /// Names in lower case.
        public let headers: [String: String]
        public let bytes: [UInt8]
        /// The body; `.null` where it is no JSON.
        public let body: JSONValue
        /// How many chat requests came before.
        public let index: Int

        /// The messages of a chat request, in order.
        public var messages: [JSONValue] { body["messages"].array ?? [] }
        /// The role of the last message.
        public var lastRole: String? { messages.last?["role"].string }
        /// The text of the last message; of one in which data stands before a question, the question.
        public var lastContent: String? {
            guard let text = messages.last?["content"].string else { return nil }
            return text.ranges(of: "\n\nThe question:\n").last.map { String(text[$0.upperBound...]) } ?? text
        }
    }

    struct State {
        var requests: [Request] = []
        var received: [UInt8] = []
        var connections = 0
        var disconnects = 0
        /// Connections that are open now.
        var open = 0
        var isStopped = false
    }

    public var port: Int { front.port }
    let state = Monitor(State())
    let models: [String]
    let listsModels: Bool
    let key: String?
    private let front: LoopbackServer
    /// A pipe with a byte for each ``release()``; each ``ModelReply/Step/hold`` takes one.
    let releases: Int32
    private let releaser: Int32
    let answer: @Sendable (Request) -> ModelReply

    /// Starts to listen.
    /// - Parameters:
    ///   - models: what `GET /v1/models` lists; nil: it answers 404.
    ///   - key: what requests must be authorized with, else they are answered 401; nil: nothing.
    ///   - answer: answers each chat request.
    public init(
        models: [String]? = ["test"], key: String? = nil, _ answer: @escaping @Sendable (Request) -> ModelReply
    ) throws {
        front = try LoopbackServer()
        self.models = models ?? []
        listsModels = models != nil
        self.key = key
        self.answer = answer
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProcess.Failure("no pipe: \(errno)") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (releases, releaser) = (ends[0], ends[1])
        front.start { [self] in serve($0) }
    }

    deinit {
        close(releases)
        close(releaser)
    }

    /// What to set as the model's URL.
    public var url: String { "http://127.0.0.1:\(port)/v1" }

    /// Every request so far, those for the list of models as well.
    public var requests: [Request] { state.withLock { $0.requests } }
    /// The chat requests so far.
    public var chats: [Request] { requests.filter { $0.path.hasSuffix("/chat/completions") } }
    /// Every byte that came, on all connections: for looking for what must not leave the machine.
    public var received: [UInt8] { state.withLock { $0.received } }
    /// How many connections there have been.
    public var connections: Int { state.withLock { $0.connections } }
    /// How many replies the client did not wait for.
    public var disconnects: Int { state.withLock { $0.disconnects } }

    /// Whether `text` was in anything that came.
    public func hasReceived(_ text: String) -> Bool {
        let bytes = received
        let sought = Array(text.utf8)
        guard let first = sought.first, bytes.count >= sought.count else { return sought.isEmpty }
        return (0...(bytes.count - sought.count)).contains { start in
            bytes[start] == first && bytes[start..<(start + sought.count)].elementsEqual(sought)
        }
    }

    /// Lets one ``ModelReply/Step/hold`` go on, now or when it is reached.
    public func release() {
        var byte: UInt8 = 1
        _ = write(releaser, &byte, 1)
    }

    /// Waits until there were `count` chat requests. - Returns: false if it took too long.
    public func hasChats(_ count: Int) async -> Bool {
        await wait { $0.requests.count { $0.path.hasSuffix("/chat/completions") } >= count }
    }

    /// Waits until the client has given up `count` replies. - Returns: false if it took too long.
    public func hasDisconnects(_ count: Int) async -> Bool { await wait { $0.disconnects >= count } }

    /// Waits until no connection is open. - Returns: false if it took too long.
    public func hasNoConnections() async -> Bool { await wait { $0.open == 0 } }

    private func wait(_ condition: @escaping @Sendable (State) -> Bool) async -> Bool {
        let deadline = Monotonic.after(milliseconds: 20_000)
        return await withCheckedContinuation { continuation in
            BackgroundThread { [state] in
                let isMet = state.wait { state -> Monitor<State>.Step<Bool> in
                    if condition(state) { return .done(true) }
                    return Monotonic.nowNs >= deadline ? .done(false) : .wait(untilNs: deadline)
                }
                continuation.resume(returning: isMet)
            }
        }
    }

    /// Ends every connection, and the server.
    public func stop() {
        state.withLock { $0.isStopped = true }
        front.stop()
        state.broadcast()
    }

    private func serve(_ client: Int32) {
        var one: Int32 = 1
        setsockopt(client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        state.withLock { state in
            state.open += 1
            state.connections += 1
        }
        ModelServerConnection(client, self).serve()
        state.withLock { $0.open -= 1 }
        state.broadcast()
    }
}
