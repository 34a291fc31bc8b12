import Protocol
import Synchronization

/// Parts of a reply on their way to the client as `$/progress`: the task that makes them waits while the client has too much left
/// to read.
final class PartStream: Sendable {
    /// Bytes handed to the connection and not yet taken by its reader, at most; but one part always goes.
    private static let creditBytes = 1 << 20

    private struct State {
        var outstanding = 0
        var isGone = false
        /// The one that waits until no more than so many bytes are outstanding.
        var waiter: (bytesMax: Int, continuation: CheckedContinuation<Void, Never>)?

        mutating func takeReady() -> CheckedContinuation<Void, Never>? {
            guard let waiting = waiter, isGone || outstanding <= waiting.bytesMax else { return nil }
            waiter = nil
            return waiting.continuation
        }
    }

    private let channel: any ClientChannel
    private let token: JSONText
    private let state = Mutex(State())

    init(channel: any ClientChannel, token: JSONText) {
        self.channel = channel
        self.token = token
    }

    /// Sends a part, once there is room for it. One at a time. Throws `cancelled` if the task is, or the client has gone.
    func send(_ part: some JSONEncodable, capacity: Int) async throws(RPCError) {
        let text = JSONText.progress(token, part, capacity: capacity)
        try await wait(bytesMax: max(Self.creditBytes - text.count, 0))
        state.withLock { $0.outstanding += text.count }
        channel.stream(text) { [self] isSent in
            let ready = state.withLock { state in
                state.outstanding -= text.count
                if !isSent { state.isGone = true }
                return state.takeReady()
            }
            ready?.resume()
        }
    }

    /// Returns once every part is with the client, so that the reply comes after the last.
    func waitUntilSent() async throws(RPCError) { try await wait(bytesMax: 0) }

    private func wait(bytesMax: Int) async throws(RPCError) {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    state.waiter = (bytesMax, continuation)
                    return state.takeReady()
                }
                ready?.resume()
            }
        } onCancel: {
            let ready = state.withLock { state in
                state.isGone = true
                return state.takeReady()
            }
            ready?.resume()
        }
        if state.withLock({ $0.isGone }) { throw KeptResult.cancelled }
    }
}
