import CSodium

/// Bytes that must not leak: a key, a password, a decrypted connection string.
///
/// They live outside the Swift heap in memory from `sodium_malloc`: between guard pages, locked against swapping where
/// `RLIMIT_MEMLOCK` allows, left out of core dumps, and zeroed when the last reference goes. They are never printed.
public final class SecretBytes: @unchecked Sendable {
    // Unchecked because of the pointer: it is written only inside `init`, before anybody else has the object.
    private let base: UnsafeMutableRawPointer

    /// Length in bytes.
    public let count: Int

    /// Takes memory for `count` bytes and has `fill` write them.
    /// - Note: traps when the system has no memory left, as any Swift allocation does.
    public init<E: Error>(count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        Sodium.require()
        guard let memory = sodium_malloc(max(count, 1)) else { preconditionFailure("no memory for a secret") }
        base = memory
        self.count = count
        try fill(UnsafeMutableRawBufferPointer(start: memory, count: count))
    }

    /// As ``init(count:_:)``, typed for libsodium.
    convenience init<E: Error>(count: Int, bytes fill: (UnsafeMutablePointer<UInt8>) throws(E) -> Void) throws(E) {
        try self.init(count: count) { buffer throws(E) in
            guard let base = buffer.baseAddress else { return }
            try fill(base.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Copies `bytes`. The caller's copy is the caller's to forget.
    public convenience init(copying bytes: [UInt8]) {
        self.init(count: bytes.count) { (target: UnsafeMutableRawBufferPointer) in target.copyBytes(from: bytes) }
    }

    /// Copies `bytes`.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { (target: UnsafeMutableRawBufferPointer) in target.copyMemory(from: bytes) }
    }

    /// `count` bytes from the system's random generator.
    public static func random(count: Int) -> SecretBytes {
        SecretBytes(count: count, bytes: { randombytes_buf($0, count) })
    }

    deinit { sodium_free(base) }

    /// The bytes, valid only inside `body`.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// As ``withUnsafeBytes(_:)``, typed for libsodium.
    func withBytes<R, E: Error>(_ body: (UnsafePointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(base.assumingMemoryBound(to: UInt8.self))
    }

    /// As ``withBytes(_:)``, for the functions of libsodium that take passwords.
    func withCharacters<R, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try body(base.assumingMemoryBound(to: CChar.self))
    }
}

extension SecretBytes: Equatable {
    /// Compares in a time that depends on the lengths only.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.count == right.count && sodium_memcmp(left.base, right.base, left.count) == 0
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<secret>" }
    public var debugDescription: String { "<secret>" }
    /// Nothing: `dump` and string interpolation of a type that holds a secret show no more than the words above.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
