import Models
import Protocol
import Security
import Store
import Synchronization
import Threads

/// A turn: what was said is kept, somebody answers, and it ends in exactly one event and one reply.
struct ChatTurn: Sendable {
    let context: TurnContext
    /// nil: none is configured.
    let model: ModelClient?
    let events: TurnEvents
    let log: TurnLog
    let request: ChatSendParams

    func run() async throws -> Protocol.ChatMessage {
        let beganNs = Monotonic.nowNs
        try await log.begin(request.content, isNewThread: request.threadId == nil)
        events.started()
        var answer: TurnAnswer
        var failure: RPCError?
        (answer, failure) = await answered()
        answer.usage.durationMs = Double((Monotonic.nowNs - beganNs) / 1000) / 1000
        events.usage(answer.usage)
        let outcome: ChatOutcome = failure.map { $0.code == .cancelled ? .cancelled : .failed } ?? .finished
        let message: Protocol.ChatMessage
        do throws(StoreError) {
            message = try await log.end(answer, outcome)
        } catch {
            // The thread was deleted meanwhile, or the store is in trouble: the turn is lost either way.
            failure = failure ?? RPCError(error)
            events.failed(RPCError(error))
            throw RPCError(error)
        }
        switch failure {
        case nil: events.finished()
        case let failure? where failure.code == .cancelled: events.cancelled()
        case let failure?: events.failed(failure)
        }
        await events.drained()
        if let failure { throw failure }
        return message
    }

    /// What the turn came to, also where it failed on the way.
    private func answered() async -> (TurnAnswer, RPCError?) {
        let deadline = TurnDeadline(ms: context.limits.chatTurnMs)
        return await deadline.run {
            if let model {
                var turn = ModelTurn(context, model, events, log, request)
                do {
                    try await turn.run()
                    return (turn.soFar, nil)
                } catch {
                    return (turn.soFar, deadline.error(RPCError(any: error)))
                }
            }
            var turn = PlainTurn(context, events, log, request)
            do {
                try await turn.run()
                return (turn.answer, nil)
            } catch {
                return (turn.answer, deadline.error(RPCError(any: error)))
            }
        }
    }
}

/// Stops a turn that may not have begun to run.
final class TurnStop: Sendable {
    private struct State {
        var isStopped = false
        var action: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Names what stops it. Called at once if it was stopped already.
    func stops(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.action = action
            return state.isStopped
        }
        if isLate { action() }
    }

    func stop() {
        let action = state.withLock { state in
            state.isStopped = true
            return state.action
        }
        action?()
    }
}
