/// How long a connection waits for what should be quick. In milliseconds.
struct ConnectionTiming: Sendable {
    /// From asking the server to stop a statement to asking again, if it has not; then twice as long each time.
    var askAgainMs = 200
    /// From asking the server to stop a statement to cutting the connection.
    var severMs = 5_000
    /// From cutting the connection to answering without the driver, which is then left to end by itself.
    var abandonMs = 2_000
    /// For a reset, which is a round trip or two: past it a new connection is the quicker way.
    var resetMs = 2_000
    /// Past the connect timeout, which the driver keeps: when the caller is answered without it.
    var openGraceMs = 5_000
}
