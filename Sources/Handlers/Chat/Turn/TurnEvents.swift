import Protocol
import Synchronization

/// What a turn tells the connection that began it, in order, while it works.
///
/// Text comes in from the model's connection at any time and never waits; the turn itself waits in ``room()`` while its reader has too
/// much left to read.
final class TurnEvents: Sendable {
    /// Bytes handed to the connection and not yet taken by its reader before the turn waits.
    private static let creditBytes = 256 << 10

    private struct State {
        var outstanding = 0
        var isGone = false
        var waiter: CheckedContinuation<Void, Never>?
        /// How many may be outstanding for the one that waits.
        var bytesMax = 0

        mutating func takeReady() -> CheckedContinuation<Void, Never>? {
            guard isGone || outstanding <= bytesMax else { return nil }
            defer { waiter = nil }
            return waiter
        }
    }

    private let channel: any ClientChannel
    private let token: JSONText?
    private let threadID: String
    private let messageID: String
    private let state = Mutex(State())

    /// - Parameter token: nil: nobody wants to hear.
    init(channel: any ClientChannel, token: JSONText?, threadID: String, messageID: String) {
        self.channel = channel
        self.token = token
        self.threadID = threadID
        self.messageID = messageID
    }

    func started() { send(.started) }
    func text(_ text: String) { if !text.isEmpty { send(.text) { $0.text = text } } }

    func toolCall(_ tool: String, _ summary: String) {
        send(.toolCall) {
            $0.tool = tool
            $0.summary = summary
        }
    }

    func toolResult(_ use: ChatToolUse) {
        send(.toolResult) {
            $0.tool = use.tool
            $0.summary = use.summary
            $0.toolUse = use
        }
    }

    func sql(_ statement: ChatStatement) { send(.sql) { $0.statement = statement } }
    func approvalNeeded(_ proposal: ChatProposal) { send(.approvalNeeded) { $0.proposal = proposal } }
    func usage(_ usage: ChatUsage) { send(.usage) { $0.usage = usage } }
    func finished() { send(.finished) }
    func cancelled() { send(.cancelled) }

    func failed(_ error: RPCError) {
        send(.failed) {
            $0.errorCode = error.code.rawValue
            $0.errorMessage = error.message
        }
    }

    /// Waits until the reader has taken most of what was sent. Ends at once when the task is cancelled or the reader has gone.
    func room() async { await wait(bytesMax: Self.creditBytes) }

    /// Waits until the reader has taken everything, so that the reply comes last.
    func drained() async { await wait(bytesMax: 0) }

    private func send(_ kind: ChatEventKind, _ fill: (inout ChatEventNotification) -> Void = { _ in }) {
        guard let token else { return }
        var event = ChatEventNotification(token: token, threadId: threadID, messageId: messageID, event: kind)
        fill(&event)
        let text = JSONText.notification(ChatEventNotification.method, event)
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

    private func wait(bytesMax: Int) async {
        guard token != nil else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    state.bytesMax = bytesMax
                    state.waiter = continuation
                    return state.takeReady()
                }
                ready?.resume()
                if Task.isCancelled { giveUp() }
            }
        } onCancel: {
            giveUp()
        }
    }

    private func giveUp() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
