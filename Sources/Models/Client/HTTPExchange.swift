import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// One HTTP request and its answer, within its times; everything happens on one event loop.
///
/// The first thing that ends it decides: the whole answer, an error, a time that is over, or the task's cancellation. All but the
/// first close the connection, which is how a server learns that it may stop.
final class HTTPExchange: HTTPClientResponseDelegate, Sendable {
    typealias Response = Void

    struct Times {
        let firstByteMs: Int
        let idleMs: Int
        let end: NIODeadline
    }

    private struct State {
        var reader: AnswerReader
        var continuation: CheckedContinuation<Result<Answer, ModelError>, Never>?
        var task: HTTPClient.Task<Void>?
        var timer: Scheduled<Void>?
        var isOver = false
        /// When the last byte came; the start before the first.
        var lastByte = NIODeadline.now()
        var hasBody = false
    }

    private let settings: ModelSettings
    private let times: Times
    private let loop: any EventLoop
    private let onText: @Sendable (String) -> Void
    private let state: Mutex<State>

    init(
        _ expectation: AnswerReader.Expectation, _ settings: ModelSettings, times: Times, loop: any EventLoop,
        onText: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.times = times
        self.loop = loop
        self.onText = onText
        state = Mutex(State(reader: AnswerReader(expectation)))
    }

    /// Sends the request and waits for the answer. To be called once.
    func run(_ request: HTTPClient.Request, with client: HTTPClient) async -> Result<Answer, ModelError> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { [self] in start(request, client, continuation) }
            }
        } onCancel: {
            // On the loop, as all that ends it: no text is handed out after the end.
            loop.execute { [self] in end(.failure(.cancelled)) }
        }
    }

    private func start(
        _ request: HTTPClient.Request, _ client: HTTPClient,
        _ continuation: CheckedContinuation<Result<Answer, ModelError>, Never>
    ) {
        guard !state.withLock({ $0.isOver }) else { return continuation.resume(returning: .failure(.cancelled)) }
        state.withLock { $0.continuation = continuation }
        let task = client.execute(request: request, delegate: self, eventLoop: .delegate(on: loop))
        task.futureResult.whenFailure { [self] error in fail(error) }
        state.withLock { $0.task = task }
        watch()
    }

    // MARK: What arrives

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let retryAfter = head.headers.first(name: "Retry-After").flatMap { RetryAfter.milliseconds($0, nowMs: WallClock.nowMs) }
        state.withLock { $0.reader.begin(status: Int(head.status.code), retryAfterMs: retryAfter) }
        return loop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        guard buffer.readableBytes > 0 else { return loop.makeSucceededVoidFuture() }
        var pieces: [String] = []
        let step = state.withLock { state -> (error: ModelError?, isFirst: Bool, isComplete: Bool) in
            guard !state.isOver else { return (nil, false, false) }
            let isFirst = !state.hasBody
            state.hasBody = true
            state.lastByte = .now()
            do throws(ModelError) {
                try buffer.withUnsafeReadableBytes { bytes throws(ModelError) in
                    try state.reader.receive(bytes) { pieces.append($0) }
                }
            } catch {
                return (error, isFirst, false)
            }
            return (nil, isFirst, state.reader.isComplete)
        }
        hand(out: pieces)
        if let error = step.error {
            end(.failure(error))
        } else if step.isFirst || step.isComplete {
            watch()
        }
        return loop.makeSucceededVoidFuture()
    }

    private func hand(out pieces: [String]) { for piece in pieces { onText(piece) } }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) { fail(error) }

    func didFinishRequest(task: HTTPClient.Task<Void>) { finish(keepsConnection: true) }

    // MARK: The end

    /// Ends with what has come.
    private func finish(keepsConnection: Bool = false) {
        var pieces: [String] = []
        let result = state.withLock { state -> Result<Answer, ModelError> in
            guard !state.isOver else { return .failure(.cancelled) }
            do throws(ModelError) { return .success(try state.reader.finish { pieces.append($0) }) } catch {
                return .failure(error)
            }
        }
        hand(out: pieces)
        end(result, keepsConnection: keepsConnection)
    }

    private func fail(_ error: any Error) {
        // The end of the connection after the end of the reply is no error.
        if state.withLock({ !$0.isOver && $0.reader.canFinish }) { return finish() }
        let hasBody = state.withLock { $0.hasBody }
        end(.failure(ModelError(transport: error, settings, hasBody: hasBody)))
    }

    private func end(_ result: Result<Answer, ModelError>, keepsConnection: Bool = false) {
        let (continuation, task) = state.withLock { state in
            defer {
                state.isOver = true
                state.continuation = nil
                state.task = nil
                state.timer = nil
            }
            state.timer?.cancel()
            return (state.continuation, state.task)
        }
        if !keepsConnection { task?.cancel() }
        continuation?.resume(returning: result)
    }

    // MARK: Time

    /// Looks at the clock now, and again when the next time may be over: bytes only note when they came.
    private func watch() {
        let (limit, isComplete) = state.withLock { state -> (NIODeadline?, Bool) in
            guard !state.isOver else { return (nil, false) }
            state.timer?.cancel()
            state.timer = nil
            return (deadline(state), state.reader.isComplete)
        }
        guard let limit else { return }
        if limit > .now() {
            let timer = loop.scheduleTask(deadline: limit) { [self] in watch() }
            state.withLock { $0.timer = timer }
        } else if isComplete || state.withLock({ $0.reader.canFinish }) {
            finish()
        } else {
            end(.failure(overdue()))
        }
    }

    private func deadline(_ state: State) -> NIODeadline {
        // Nothing is to follow but the end of the answer, which keeps the connection good for the next request.
        if state.reader.isComplete { return min(state.lastByte + .milliseconds(500), times.end) }
        let patience = state.hasBody ? times.idleMs : times.firstByteMs
        return min(state.lastByte + .milliseconds(Int64(patience)), times.end)
    }

    private func overdue() -> ModelError {
        let hasBody = state.withLock { $0.hasBody }
        let (what, setting): (String, ModelSettings.Member) =
            if times.end <= .now() {
                ("The model took longer than \(settings.totalTimeoutMs) ms in all", .totalTimeoutMs)
            } else if hasBody {
                ("The model server fell silent for \(settings.idleTimeoutMs) ms", .idleTimeoutMs)
            } else {
                ("The model server did not begin to answer within \(settings.firstByteTimeoutMs) ms", .firstByteTimeoutMs)
            }
        return ModelError(.timeout, "\(what); give it more with \(settings.setting(setting)), or use a faster model.")
    }
}
