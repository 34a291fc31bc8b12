import Synchronization
public import Testing

/// A client of the daemon that holds it to the spec: every reply and every notification is checked against
/// `spec/openrpc.json`, and what does not fit is an issue of the running test.
public final class TestClient: Sendable {
    /// What a request was refused with.
    public struct Failure: Error, Equatable, CustomStringConvertible {
        /// `error.data.code`.
        public let code: String
        /// The whole `error`.
        public let error: JSONValue
        public var description: String { "\(error)" }
        public var data: JSONValue { error["data"] }
        public var message: String { error["message"].string ?? "" }

        /// The error without the one member that differs from request to request.
        public var withoutRequestID: JSONValue {
            guard case .object(let members) = error, case .object(let data) = error["data"] else { return error }
            let kept = JSONValue.object(data.filter { $0.name != "requestId" })
            return .object(members.map { $0.name == "data" ? (name: "data", value: kept) : $0 })
        }
    }

    public let wire: WireConnection
    private let lastID = Atomic(0)

    /// Kept as long as the client is, where it is known.
    private let daemon: DaemonProcess?

    public init(_ wire: WireConnection, to daemon: DaemonProcess? = nil) {
        self.wire = wire
        self.daemon = daemon
    }

    deinit { wire.hangUp() }

    // MARK: Requests

    /// Sends a request and answers its result; throws ``Failure`` for an error.
    @discardableResult
    public func call(_ method: String, _ params: JSONValue? = nil, timeoutMs: Int = 20_000) async throws -> JSONValue {
        try await result(of: send(method, params), method, timeoutMs: timeoutMs)
    }

    /// Sends a request that must be refused, and answers how.
    public func failure(
        _ method: String, _ params: JSONValue? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Failure {
        do {
            let result = try await call(method, params)
            Issue.record("\(method) was not refused but answered \(result)", sourceLocation: sourceLocation)
            throw WireConnection.Closed()
        } catch let failure as Failure { return failure }
    }

    /// Sends a request that must be refused, and answers with which `data.code`.
    public func errorCode(
        _ method: String, _ params: JSONValue? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await failure(method, params, sourceLocation: sourceLocation).code
    }

    /// Sends a request without waiting, and answers its id: for requests written back to back.
    public func send(_ method: String, _ params: JSONValue? = nil) -> Int {
        let id = lastID.add(1, ordering: .relaxed).newValue
        var members: [(name: String, value: JSONValue)] = [
            ("jsonrpc", "2.0"), ("id", .number(String(id))), ("method", .string(method)),
        ]
        if let params { members.append(("params", params)) }
        wire.send("\(JSONValue.object(members))")
        return id
    }

    /// The result of a request that was sent; throws ``Failure`` for an error.
    public func result(of id: Int, _ method: String, timeoutMs: Int = 20_000) async throws -> JSONValue {
        let reply = try await wire.receive(timeoutMs: timeoutMs) { $0["id"].integer == id }
        check(Specification.shared.problems(inReply: reply, to: method), reply)
        if let error = reply.member("error") { throw Failure(code: error["data"]["code"].string ?? "", error: error) }
        return reply["result"]
    }

    /// Sends a notification.
    public func notify(_ method: String, _ params: JSONValue? = nil) {
        var members: [(name: String, value: JSONValue)] = [("jsonrpc", "2.0"), ("method", .string(method))]
        if let params { members.append(("params", params)) }
        wire.send("\(JSONValue.object(members))")
    }

    /// Sends text as it is, and answers the reply as it is, checked. `method` is whose result it may be.
    public func exchange(_ text: String, method: String? = nil) async throws -> JSONValue {
        try await exchange(Array(text.utf8), method: method)
    }

    /// Sends bytes as one message, and answers the reply as it is, checked.
    public func exchange(_ bytes: [UInt8], method: String? = nil) async throws -> JSONValue {
        wire.send(message: bytes)
        let reply = try await wire.receive { $0.member("method") == nil }
        for item in reply.array ?? [reply] { check(Specification.shared.problems(inReply: item, to: method), item) }
        return reply
    }

    /// The params of the next notification of this method.
    public func notification(_ method: String, timeoutMs: Int = 20_000) async throws -> JSONValue {
        let message = try await wire.receive(timeoutMs: timeoutMs) { $0["method"].string == method }
        check(Specification.shared.problems(inNotification: message), message)
        return message["params"]
    }

    private func check(_ problems: [String], _ message: JSONValue) {
        for problem in problems { Issue.record("not as the spec says: \(problem)\nin \(String("\(message)".prefix(2000)))") }
    }

    // MARK: What most tests begin with

    /// An account and its session.
    public struct Account: Sendable {
        public let token: String
        public let userID: String
        public let email: String
        public let password: String
    }

    private static let accounts = Atomic(0)
    /// A password that nobody would refuse.
    public static let password = "nine lives of an engine"

    /// An e-mail address nobody has.
    public static func newEmail() -> String { "user\(accounts.add(1, ordering: .relaxed).newValue)@example.com" }

    /// Signs up somebody new, which binds the session to this connection. Costs a password hash: some 200 ms.
    public func signUp(
        name: String = "Ada Lovelace", email: String = TestClient.newEmail(), password: String = TestClient.password
    ) async throws -> Account {
        let result = try await call(
            "auth.signup", ["name": .string(name), "email": .string(email), "password": .string(password)])
        return Account(
            token: result["token"].string ?? "", userID: result["user"]["id"].string ?? "", email: email, password: password)
    }

    /// Binds a session that exists to this connection.
    public func attach(_ token: String) async throws { try await call("auth.attach", ["token": .string(token)]) }

    /// LSP's first request, which stdio asks for.
    @discardableResult
    public func initialize(token: String? = nil) async throws -> JSONValue {
        var members: [(name: String, value: JSONValue)] = [
            ("processId", nil), ("clientInfo", ["name": "test-client", "version": "1"]), ("capabilities", [:]),
        ]
        if let token { members.append(("token", .string(token))) }
        return try await call("initialize", .object(members))
    }
}
