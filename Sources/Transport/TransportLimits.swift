/// The limits the transport enforces. The composition root fills them from the one table of limits.
public struct TransportLimits: Sendable {
    public var headerBytes = 8 << 10
    public var bodyBytesBeforeLogin = 64 << 10
    public var bodyBytes = 8 << 20
    public var jsonDepth = 64
    public var batchRequests = 50
    public var requestsInFlight = 32
    /// Requests read ahead while `requestsInFlight` are running, so that a cancel behind them is still seen.
    public var requestsWaiting = 256
    /// Bytes of those.
    public var waitingBytes = 8 << 20
    /// No new request is begun while this much output waits for the reader.
    public var outputBytesHigh = 1 << 20
    /// Past this the connection is closed.
    public var outputBytes = 8 << 20
    /// A reader that takes nothing for this long while output waits is dropped.
    public var outputStallMs = 30_000
    /// From a frame's first byte to the end of its header.
    public var headerMs = 10_000
    /// From the end of the header to the end of the body.
    public var bodyMs = 30_000
    public var connections = 1024

    public init() {}
}
