import Glibc

/// Why the daemon cannot listen. The text is for the person who started it and says what to do.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    /// The stable identity of the cause.
    public struct Code: Hashable, Sendable {
        private let name: String
        private init(_ name: String) { self.name = name }
        /// Another process holds the lock beside the socket.
        public static let alreadyRunning = Code("alreadyRunning")
        /// The socket's directory is a link, somebody else's, or open to others.
        public static let unsafeDirectory = Code("unsafeDirectory")
        /// Something that is not a socket of ours is at the path.
        public static let foreignFile = Code("foreignFile")
        /// Somebody listens at the path who holds no lock: a service manager, which starts the daemon when a client connects.
        public static let activated = Code("activated")
        /// What a service manager handed over cannot be served.
        public static let inherited = Code("inherited")
        /// The system allows 107 bytes (unix(7)).
        public static let pathTooLong = Code("pathTooLong")
        /// A call of the system failed; the text says which and why.
        public static let system = Code("system")
    }

    /// What programs branch on.
    public let code: Code
    /// One or two sentences that name the path and what to do.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// An error of the operating system, from `errno`.
    static func system(_ what: String, _ number: Int32) -> TransportError {
        TransportError(.system, "\(what): \(String(cString: strerror(number)))")
    }
}
