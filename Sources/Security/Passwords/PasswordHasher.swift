/// What comparing a password with a stored hash came to.
public enum PasswordVerdict: Sendable, Equatable {
    /// The password is right. `needsRehash`: the stored hash is weaker than a new one would be, so store a new one now.
    case match(needsRehash: Bool)
    /// The password is wrong, there is no such account, or what is stored is not a hash. Nobody can tell which from outside.
    case mismatch
}

/// Hashes and verifies passwords with Argon2id, without letting that starve the daemon.
///
/// One hash takes 64 MiB and a tenth of a second of a core, so log-ins are a lever for overload. Hashes run on threads of their
/// own, at most one per core, taken in the order they came; at most ``queueCount`` wait, and past that a caller is told
/// `busy` at once. The threads start with the first use and idle afterwards.
///
/// Whether an account exists must not show in the time: verify against `nil` for an unknown one, which costs the same.
public final class PasswordHasher: Sendable {
    /// The longest password, in bytes. More than anybody types, little enough to be no burden; refused before any hashing.
    public static let passwordBytesMax = 1024

    /// How many hashes run at once.
    public let concurrency: Int
    /// How many callers may wait beyond those.
    public let queueCount: Int

    private let parameters: PasswordHash.Parameters
    let pool: HashingThreads

    /// A hasher with the standard parameters: Argon2id, t=3, m=64 MiB, p=1.
    /// - Parameters:
    ///   - concurrency: hashes at once; by default one per core.
    ///   - queueCount: callers that may wait; 64 by default.
    public convenience init(concurrency: Int? = nil, queueCount: Int = 64) {
        self.init(concurrency: concurrency, queueCount: queueCount, parameters: .standard)
    }

    /// A hasher that is too cheap to protect anything: 8 KiB, one pass. For tests that log in a hundred times.
    package static func forTesting() -> PasswordHasher {
        PasswordHasher(concurrency: nil, queueCount: 64, parameters: .init(passes: 1, memoryKiB: 8))
    }

    init(concurrency: Int?, queueCount: Int, parameters: PasswordHash.Parameters) {
        self.concurrency = max(1, concurrency ?? HashingThreads.coreCount())
        self.queueCount = max(0, queueCount)
        self.parameters = parameters
        pool = HashingThreads(count: self.concurrency, waitingMax: self.queueCount)
    }

    deinit { pool.stop() }

    /// The string to store for a password: salted anew every time.
    /// - Throws: `passwordTooLong`; `busy` (retryable); `cancelled` if the task is; `outOfMemory` (retryable).
    public func hash(_ password: [UInt8]) async throws(SecurityError) -> String {
        guard password.count <= Self.passwordBytesMax else {
            throw SecurityError(.passwordTooLong, "A password has at most \(Self.passwordBytesMax) bytes.")
        }
        let secret = SecretBytes(copying: password)
        let encoded = try await pool.run { [parameters] in PasswordHash.make(secret, parameters) }
        guard let encoded else { throw Self.outOfMemory }
        return encoded
    }

    /// Whether `password` is the one whose hash is `stored`; pass `nil` where there is no account.
    ///
    /// A password that is too long is a mismatch at once, which says nothing about the account.
    /// - Throws: `busy` (retryable); `cancelled` if the task is; `outOfMemory` (retryable).
    public func verify(_ password: [UInt8], against stored: String?) async throws(SecurityError) -> PasswordVerdict {
        guard password.count <= Self.passwordBytesMax else { return .mismatch }
        let secret = SecretBytes(copying: password)
        let verdict = try await pool.run { [parameters] () -> PasswordVerdict? in
            guard let hash = stored.flatMap(PasswordHash.init) else {
                return PasswordHash.decoy(parameters)?.matches(secret).map { _ in .mismatch }
            }
            return hash.matches(secret).map { $0 ? .match(needsRehash: hash.needsRehash(to: parameters)) : .mismatch }
        }
        guard let verdict else { throw Self.outOfMemory }
        return verdict
    }

    private static let outOfMemory = SecurityError(
        .outOfMemory, "There is no memory to check a password; try again shortly.", retryable: true)
}
