import Glibc
import Threads

/// The lock that keeps a second daemon away from the store: an exclusive `flock(2)` on `<store>.lock`, held until
/// ``release()`` or the end of the process, however that comes. The file stays: removing it would let two in.
final class StoreLock: Sendable {
    private let descriptor: Monitor<Int32?>

    init(store: String) throws(StoreError) {
        let path = store + ".lock"
        let opened = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw StoreFile.failure("open the lock", path) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            defer { close(opened) }
            guard number == EWOULDBLOCK else { throw StoreFile.failure("lock", path, number) }
            let holder = StoreLock.holder(opened).map { "process \($0)" } ?? "another process"
            throw StoreError(.locked, "The store \(store) is in use by \(holder); stop it first, or use its socket.")
        }
        // Who holds it, for the one that comes second. Only information: the lock is the flock. What a longer number leaves behind the
        // line is not read; to cut it off takes a file system's journal.
        let line = Array("\(getpid())\n".utf8)
        _ = pwrite(opened, line, line.count, 0)
        descriptor = Monitor(opened)
    }

    deinit { release() }

    /// Lets the next daemon in; safe to call twice.
    func release() {
        let held = descriptor.withLock { state in
            defer { state = nil }
            return state
        }
        if let held { close(held) }
    }

    /// The process that has a store, or had it last.
    static func holder(ofStore path: String) -> Int32? {
        let opened = open(path + ".lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        defer { close(opened) }
        return holder(opened)
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
