/// What is taken from a model server at most: a reply beyond one of these is refused (`brokenReply`) and its connection closed.
public enum ModelLimits {
    /// Bytes of one line, and of one event, of a stream.
    public static let eventBytes = 1 << 20
    /// Bytes of a whole answer, framing and all.
    public static let responseBytes = 32 << 20
    /// Bytes of an answer in one piece.
    public static let plainBytes = 4 << 20
    /// Bytes of a reply's text.
    public static let textBytes = 1 << 20
    /// Bytes of the arguments of one reply's calls, together.
    public static let argumentBytes = 1 << 20
    /// Calls in one reply.
    public static let toolCalls = 64
    /// Bytes of an id or a name of a call.
    public static let nameBytes = 256
    /// Bytes of an error's body that are looked at.
    public static let errorBytes = 64 << 10
    /// Characters of ``ModelError/detail``.
    public static let errorTextCharacters = 300
    /// Models of a list.
    public static let models = 10_000
    /// Bytes of a key file.
    public static let keyBytes = 16 << 10
    /// The longest `Retry-After` that is waited for, in milliseconds; a longer one fails at once.
    public static let retryAfterMs = 30_000
}
