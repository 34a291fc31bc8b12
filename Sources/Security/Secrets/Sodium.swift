import CSodium

/// The library everything here rests on.
public enum Sodium {
    /// Prepares libsodium, once; later calls cost a load. Safe from any thread.
    ///
    /// Everything in this module calls it where needed; the daemon calls it first so that a failure is a start-up error.
    /// - Throws: `cryptographyUnavailable` if the system's random generator cannot be used.
    public static func initialize() throws(SecurityError) {
        guard isReady else {
            throw SecurityError(.cryptographyUnavailable, "libsodium cannot be initialised on this machine.")
        }
    }

    /// For callers that have no way to go on without cryptography: traps if libsodium cannot be initialised.
    static func require() {
        precondition(isReady, "libsodium cannot be initialised on this machine")
    }

    private static let isReady = sodium_init() >= 0
}
