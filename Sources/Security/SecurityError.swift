/// Why something that protects a secret refused.
///
/// `message` is safe to show: it never carries a secret, nor which of several causes made a token or a sealed record
/// invalid. The cause is in `debugDescription`, for the log.
public struct SecurityError: Error, Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The stable identity of an error; may become `error.data.code` on the wire.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }

        // Tokens and sealed records: one code for every cause, so that nobody learns by trying.
        public static let invalidToken = Code("invalid_token")
        public static let unsealFailed = Code("unseal_failed")
        // Passwords
        public static let busy = Code("busy")
        public static let cancelled = Code("cancelled")
        public static let passwordTooLong = Code("password_too_long")
        // Keys and their file; an operator reads these when the daemon does not start.
        public static let invalidKey = Code("invalid_key")
        public static let keyringMissing = Code("keyring_missing")
        public static let keyringExists = Code("keyring_exists")
        public static let keyringPermissions = Code("keyring_permissions")
        public static let keyringOwner = Code("keyring_owner")
        public static let keyringNotAFile = Code("keyring_not_a_file")
        public static let keyringDamaged = Code("keyring_damaged")
        public static let keyringVersion = Code("keyring_version")
        public static let keyringDuplicateKey = Code("keyring_duplicate_key")
        public static let keyringKeyInUse = Code("keyring_key_in_use")
        public static let keyringReplaced = Code("keyring_replaced")
        public static let keyringIO = Code("keyring_io")
        // The machine
        public static let cryptographyUnavailable = Code("cryptography_unavailable")
        public static let hardeningFailed = Code("hardening_failed")
        public static let outOfMemory = Code("out_of_memory")
        public static let tooLarge = Code("too_large")
    }

    public var code: Code
    /// One sentence that says what is wrong and, where somebody can do something, what to do.
    public var message: String
    /// Whether the same call may succeed later, unchanged.
    public var retryable: Bool
    /// The cause, for the log; never a secret, never on the wire.
    public var debugDescription: String

    public init(_ code: Code, _ message: String, retryable: Bool = false, debugDescription: String? = nil) {
        self.code = code
        self.message = message
        self.retryable = retryable
        self.debugDescription = debugDescription ?? "\(code): \(message)"
    }

    /// `message`: what an interpolated error shows is what is safe to show.
    public var description: String { message }

    /// The one answer to a token that is not accepted, whatever is wrong with it.
    static func invalidToken(_ cause: String) -> SecurityError {
        SecurityError(.invalidToken, "The token is not valid.", debugDescription: "invalid_token: \(cause)")
    }

    /// The one answer to a sealed record that does not open, whatever is wrong with it.
    static func unsealFailed(_ cause: String) -> SecurityError {
        SecurityError(.unsealFailed, "The stored secret cannot be read.", debugDescription: "unseal_failed: \(cause)")
    }
}
