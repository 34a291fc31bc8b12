import Glibc

/// Why the daemon cannot listen. The text is for the person who started it and says what to do.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    /// The stable identity of the cause.
    public struct Code: Hashable, Sendable {
        private let name: String
        private init(_ name: String) { self.name = name }
        public static let alreadyRunning = Code("alreadyRunning")
        public static let unsafeDirectory = Code("unsafeDirectory")
        public static let foreignFile = Code("foreignFile")
        public static let pathTooLong = Code("pathTooLong")
        public static let system = Code("system")
    }

    public let code: Code
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
