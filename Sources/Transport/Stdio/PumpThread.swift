import Glibc
import Threads

/// Copies one descriptor to another until its end, on a thread of its own; then tells the other end, if that is a socket, and
/// closes both.
final class PumpThread: Sendable {
    private let from: Int32
    private let to: Int32
    private let see: @Sendable (UnsafeRawBufferPointer) -> Void
    private let atEnd: @Sendable () -> Void
    private let hasEnded = Monitor(false)

    /// `see` is shown every piece before it is written, `atEnd` is called when there are no more.
    init(
        from: Int32, to: Int32, name: String, see: @escaping @Sendable (UnsafeRawBufferPointer) -> Void = { _ in },
        atEnd: @escaping @Sendable () -> Void = {}
    ) throws(TransportError) {
        self.from = from
        self.to = to
        self.see = see
        self.atEnd = atEnd
        let status = SystemThread.spawn(name: name) { [self] in
            copy()
            hasEnded.withLock { $0 = true }
            hasEnded.signal()
        }
        guard status == 0 else { throw .system("A thread for \(name) cannot be started", status) }
    }

    private func copy() {
        let size = 64 << 10
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer {
            buffer.deallocate()
            atEnd()
            shutdown(to, Int32(SHUT_WR))
            close(from)
            close(to)
        }
        while true {
            let count = read(from, buffer, size)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            see(UnsafeRawBufferPointer(start: buffer, count: count))
            var written = 0
            while written < count {
                let step = write(to, buffer + written, count - written)
                if step < 0, errno == EINTR { continue }
                guard step > 0 else { return }
                written += step
            }
        }
    }

    /// Blocks until everything is copied.
    func join() { hasEnded.wait { $0 ? .done(()) : .wait(untilNs: nil) } }
}
