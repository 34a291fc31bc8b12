/// The limits the transport enforces. The composition root fills them from the one table of limits.
public struct TransportLimits: Sendable {
    /// A `Content-Length` header block, its empty line included.
    public var headerBytes = 8 << 10
    /// One message while nobody is logged in on the connection.
    public var bodyBytesBeforeLogin = 64 << 10
    /// One message afterwards.
    public var bodyBytes = 8 << 20
    /// Arrays and objects inside each other.
    public var jsonDepth = 64
    /// Messages of one batch.
    public var batchRequests = 50
    /// Requests of one connection that run at once.
    public var requestsInFlight = 32
    /// Requests read ahead while `requestsInFlight` are running, so that a cancel behind them is still seen.
    public var requestsWaiting = 256
    /// Bytes of those.
    public var waitingBytes = 8 << 20
    /// No new request is begun while this much output waits for the reader.
    public var outputBytesHigh = 1 << 20
    /// Streams are held back while this much output waits, so that replies do not wait behind them.
    public var streamRoomBytes = 256 << 10
    /// Past this the connection is closed.
    public var outputBytes = 8 << 20
    /// A reader that takes nothing for this long while output waits is dropped.
    public var outputStallMs = 30_000
    /// From a frame's first byte to the end of its header.
    public var headerMs = 10_000
    /// From the end of the header to the end of the body.
    public var bodyMs = 30_000
    /// Connections of one socket server; more are closed at once.
    public var connections = 1024

    /// The defaults, which are those of `spec/limits.yaml`.
    public init() {}
}
