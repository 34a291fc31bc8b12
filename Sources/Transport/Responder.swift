public import Protocol

/// What stands behind the transport: it gives requests their meaning. The transport itself knows the names of two
/// methods, `$/cancelRequest` and `exit`, because both act on connections.
public protocol Responder: Sendable {
    /// A connection has begun. Called on its event loop.
    func connected(_ link: ClientLink) -> any ClientResponder

    /// One request has been answered, or has ended unanswered; for logs and metrics. Called on the event loop.
    func finished(_ request: RequestSummary)
}

/// What stands behind one connection.
public protocol ClientResponder: AnyObject, Sendable {
    /// Reads a request, on the event loop. `params` lives only as long as the call.
    /// Throws what the client is to be told; for a notification nobody is.
    func decode(method: UnsafeRawBufferPointer, params: UnsafeRawBufferPointer?) throws(RPCError) -> any IncomingRequest

    /// The connection is gone; what still runs for it has been cancelled.
    func disconnected()

    /// What the process is to exit with when this client, on stdio, has gone: 0 after `shutdown`, else 1.
    var exitStatus: Int32 { get }
}

/// A request that was read, and can be answered.
public protocol IncomingRequest: AnyObject, Sendable {
    /// The method's name, for logs.
    var name: String { get }

    /// How the transport is to treat it, as things stand; asked again when its turn comes.
    var traits: RequestTraits { get }

    /// Answers a request whose traits say `isInline`, at once, on the event loop.
    func answerInline(_ label: RequestLabel) throws(RPCError) -> any JSONEncodable

    /// Answers any other request. The task is cancelled when the client cancels the request or goes away.
    func answer(_ label: RequestLabel) async throws(RPCError) -> any JSONEncodable
}

/// How the transport treats a request.
public struct RequestTraits: Sendable, Equatable {
    /// Later requests of the connection wait until this one is answered.
    public var isBarrier: Bool
    /// Answered on the event loop: touches no I/O and cannot suspend.
    public var isInline: Bool
    /// Its task runs on the event loop, and waits for other threads in between: for methods with little to do there and much to
    /// wait for, which are then spared two wake-ups of threads.
    public var isBrief: Bool

    /// By default none of it: the request runs beside others, in a task.
    public init(isBarrier: Bool = false, isInline: Bool = false, isBrief: Bool = false) {
        self.isBarrier = isBarrier
        self.isInline = isInline
        self.isBrief = isBrief
    }
}

/// Names a request in logs and in `error.data.requestId`.
public struct RequestLabel: Sendable, CustomStringConvertible {
    /// As of ``ClientLink/connectionID``.
    public let connectionID: String
    /// Counts the requests of the connection.
    public let serial: UInt64

    /// `c7-31`.
    public var description: String { "\(connectionID)-\(serial)" }
}

/// How a request ended, without its content.
public struct RequestSummary: Sendable {
    public let label: RequestLabel
    /// The method's name; where there is no such method, what was sent, at most 64 bytes of it.
    public let method: String
    /// From when it was read to its end, time in the queue included.
    public let nanoseconds: UInt64
    /// nil for success.
    public let error: ErrorCode?
    /// Whether it was answered on the event loop.
    public let isInline: Bool
}

/// What a responder may do with a connection from anywhere.
public struct ClientLink: Sendable {
    /// Names the connection in logs; unique in this process.
    public let connectionID: String
    /// Who is at the other end.
    public let peer: Peer

    let sendNotification: @Sendable (JSONText) -> Void
    let sendStream: @Sendable (JSONText, @escaping @Sendable (Bool) -> Void) -> Void
    let setAuthenticated: @Sendable (Bool) -> Void
    let closeConnection: @Sendable () -> Void

    /// Sends a notification, whole JSON-RPC text. Dropped silently when the connection is gone.
    public func notify(_ text: JSONText) { sendNotification(text) }

    /// Sends a large notification when its turn comes: replies go first. `done` hears once, on the event loop, with true when the
    /// client has taken it, with false when the connection is gone; how much is on its way is the caller's to bound.
    public func stream(_ text: JSONText, done: @escaping @Sendable (Bool) -> Void) { sendStream(text, done) }

    /// Raises or lowers the size of requests accepted: larger once somebody is logged in.
    public func authenticated(_ isAuthenticated: Bool) { setAuthenticated(isAuthenticated) }

    /// Ends the connection; what is queued is sent first.
    public func close() { closeConnection() }
}

/// Who is at the other end of a connection.
public enum Peer: Sendable, Hashable {
    /// The process that started us.
    case stdio
    /// A process of this machine, by its user id as the kernel tells it.
    case socket(uid: UInt32)

    /// The user id; nil for stdio.
    public var uid: UInt32? { if case .socket(let uid) = self { uid } else { nil } }
}
