import Glibc
import Protocol
import Synchronization
import Threads

/// Stands between the process that started us and a daemon that runs already: bytes go through as they are.
///
/// A store belongs to one process. The second editor on a machine gets the daemon of the first.
public final class StdioRelay: Sendable {
    private let daemon: Int32
    private let watcher = LifecycleWatcher()

    /// Connects to the daemon at `path`, which may be starting just now: for `patienceMs` a missing socket is waited for. Only a
    /// daemon of our own user is trusted with what the client sends.
    public init(path: String, patienceMs: Int) throws(TransportError) {
        let deadline = Monotonic.after(milliseconds: patienceMs)
        while true {
            do throws(TransportError) {
                daemon = try UnixClient.connect(path, ofOwnUser: true)
                return
            } catch {
                guard Monotonic.nowNs < deadline else { throw error }
                usleep(20_000)
            }
        }
    }

    /// Copies until either side has ended, blocking the thread. Answers the status to exit with, as the daemon itself would: 0
    /// after `shutdown`, else 1; and whether the daemon went away without being asked.
    public func run() throws(TransportError) -> (status: Int32, isLost: Bool) {
        let watcher = watcher
        _ = try PumpThread(from: dup(STDIN_FILENO), to: dup(daemon), name: "to daemon") {
            watcher.see($0)
        } atEnd: {
            watcher.inputEnded()
        }
        let replies = try PumpThread(from: daemon, to: dup(STDOUT_FILENO), name: "to client")
        replies.join()
        return (watcher.hasShutDown ? 0 : 1, !watcher.isLeaving)
    }
}

/// Reads what the client sends along with it, for `shutdown` and `exit` alone.
private final class LifecycleWatcher: Sendable {
    private struct State {
        var decoder = FrameDecoder(headerBytesMax: 64 << 10, bodyBytesMax: 64 << 20)
        var bytes: [UInt8] = []
        var canRead = true
        var hasShutDown = false
        var isLeaving = false
    }
    private let state = Mutex(State())

    var hasShutDown: Bool { state.withLock { $0.hasShutDown } }
    /// Whether the client has said that it goes, or has closed its end.
    var isLeaving: Bool { state.withLock { $0.isLeaving } }

    func inputEnded() { state.withLock { $0.isLeaving = true } }

    func see(_ chunk: UnsafeRawBufferPointer) {
        state.withLock { state in
            guard state.canRead else { return }
            state.bytes.append(contentsOf: chunk)
            var consumed = 0
            reading: while true {
                let step = state.bytes.withUnsafeBytes { bytes in
                    state.decoder.next(UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
                }
                switch step {
                case .needMore: break reading
                case .skip(let count): consumed += count
                case .frame(let body, let count):
                    let name = state.bytes.withUnsafeBytes { bytes in
                        Self.lifecycleMethod(UnsafeRawBufferPointer(rebasing: bytes[consumed...][offset(body, by: consumed)]))
                    }
                    if name == .shutdown { state.hasShutDown = true }
                    if name == .exit { state.isLeaving = true }
                    consumed += count
                case .failed:
                    state.canRead = false
                    state.bytes = []
                    return
                }
            }
            state.bytes.removeFirst(consumed)
        }
    }

    private func offset(_ range: Range<Int>, by count: Int) -> Range<Int> {
        range.lowerBound + count..<range.upperBound + count
    }

    private static func lifecycleMethod(_ body: UnsafeRawBufferPointer) -> Method? {
        // Neither message has anything to say beyond its name; a large one is another.
        guard body.count < 1024, (try? JSONScanner(depthMax: 64).check(body)) != nil else { return nil }
        var reader = JSONReader(body)
        switch Envelope.parse(&reader) {
        case .request(let envelope): return envelope.withMethod { Method(name: $0) }
        case .response: return nil
        case .invalid: return nil
        }
    }
}
