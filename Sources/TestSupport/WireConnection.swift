import Glibc
public import Protocol
import Synchronization

/// The other end of the wire, as raw as a test wants it: sends bytes, receives frames.
///
/// Reading happens on a thread of its own, so that awaiting a reply blocks nothing.
public final class WireConnection: Sendable {
    public struct Closed: Error {}
    public struct TimedOut: Error {}

    private struct State {
        var frames: [JSONValue] = []
        /// Frames that have come, taken or not.
        var arrivals = 0
        var stray: [UInt8] = []
        /// Every byte that came, where somebody asked for it.
        var record: [UInt8]?
        var isClosed = false
        var hasFinishedSending = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let input: Int32
    private let output: Int32
    private let framing: FrameDecoder.Framing
    private let state = Mutex(State())

    /// Connects to a Unix socket.
    public convenience init(socket path: String, framing: FrameDecoder.Framing = .lines) throws {
        let descriptor = connectSocket(path)
        guard descriptor >= 0 else { throw Closed() }
        self.init(reading: descriptor, writing: descriptor, framing: framing)
    }

    /// Speaks over two descriptors, which it then owns.
    public init(reading input: Int32, writing output: Int32, framing: FrameDecoder.Framing) {
        self.input = input
        self.output = output
        self.framing = framing
        // The connection lives until the other side has hung up.
        BackgroundThread { self.readAll() }
    }

    deinit {
        Glibc.close(input)
        if output != input, !state.withLock({ $0.hasFinishedSending }) { Glibc.close(output) }
    }

    private func readAll() {
        var decoder = FrameDecoder(headerBytesMax: 8192, bodyBytesMax: 1 << 30)
        var unread: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        reading: while true {
            let count = read(input, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            state.withLock { $0.record?.append(contentsOf: chunk[0..<count]) }
            unread.append(contentsOf: chunk[0..<count])
            while true {
                let step = unread.withUnsafeBytes { decoder.next($0) }
                switch step {
                case .needMore: continue reading
                case .skip(let consumed): unread.removeFirst(consumed)
                case .frame(let body, let consumed):
                    let bytes = Array(unread[body])
                    unread.removeFirst(consumed)
                    if let value = try? JSONValue(parsing: bytes), decoder.framing == framing {
                        wake {
                            $0.frames.append(value)
                            $0.arrivals += 1
                        }
                    } else {
                        wake { $0.stray += bytes }
                    }
                case .failed: break reading
                }
            }
        }
        wake {
            $0.stray += unread
            $0.isClosed = true
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Keeps every byte that comes from now on, for ``record``.
    public func startRecording() { state.withLock { $0.record = $0.record ?? [] } }

    /// What came since ``startRecording()``, frames and all.
    public var record: [UInt8] { state.withLock { $0.record ?? [] } }

    /// Bytes that were no frame. Must stay empty.
    public var stray: [UInt8] { state.withLock { $0.stray } }

    /// Sends bytes as they are; stops silently where the other end is gone.
    public func send(raw bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                output == input
                    ? Glibc.send(output, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
                    : write(output, buffer.baseAddress! + sent, buffer.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Sends one message in the connection's framing.
    public func send(_ text: String) { send(message: Array(text.utf8)) }

    /// Sends one message in the connection's framing.
    public func send(message bytes: [UInt8]) {
        switch framing {
        case .lines: send(raw: bytes + [0x0A])
        case .headers: send(raw: Array("Content-Length: \(bytes.count)\r\n\r\n".utf8) + bytes)
        }
    }

    /// Says that nothing more will be sent.
    public func finishSending() {
        let isFirst = state.withLock { state in
            defer { state.hasFinishedSending = true }
            return !state.hasFinishedSending
        }
        guard isFirst else { return }
        if output == input { shutdown(output, Int32(SHUT_WR)) } else { Glibc.close(output) }
    }

    /// Hangs up: at both ends of a socket; of two pipes only the sending one.
    public func hangUp() {
        if output == input { shutdown(input, Int32(SHUT_RDWR)) } else { finishSending() }
    }

    /// The next frame. Throws `Closed` when the other end is gone, `TimedOut` after `timeoutMs`.
    public func receive(timeoutMs: Int = 20_000) async throws -> JSONValue {
        try await receive(timeoutMs: timeoutMs) { _ in true }
    }

    /// The next frame that `isWanted`; others stay for later.
    public func receive(timeoutMs: Int = 20_000, where isWanted: @Sendable (JSONValue) -> Bool) async throws -> JSONValue {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        let alarm = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            self.wake { _ in }
        }
        defer { alarm.cancel() }
        while true {
            let (found, seen, isClosed) = state.withLock { state -> (JSONValue?, Int, Bool) in
                guard let index = state.frames.firstIndex(where: isWanted) else { return (nil, state.arrivals, state.isClosed) }
                return (state.frames.remove(at: index), state.arrivals, state.isClosed)
            }
            if let found { return found }
            if isClosed { throw Closed() }
            if ContinuousClock.now >= deadline { throw TimedOut() }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.arrivals == seen, !state.isClosed, ContinuousClock.now < deadline else { return false }
                    state.waiters.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    /// Waits until the other end has closed; false after `timeoutMs`.
    public func waitUntilClosed(timeoutMs: Int = 20_000) async -> Bool {
        do {
            _ = try await receive(timeoutMs: timeoutMs) { _ in false }
            return false
        } catch { return error is Closed }
    }

    /// How many frames have come and not been taken.
    public var frameCount: Int { state.withLock { $0.frames.count } }
}

/// A connected Unix socket, or -1.
public func connectSocket(_ path: String) -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < 108 else { return -1 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard status == 0 else {
        close(descriptor)
        return -1
    }
    return descriptor
}
