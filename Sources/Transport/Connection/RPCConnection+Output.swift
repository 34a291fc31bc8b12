import NIOCore
import Protocol
import Threads

/// Output, and the watch over connections that do not move.
extension RPCConnection {
    /// Hands what is gathered to the channel.
    func flush() {
        guard let context, output.bytes > output.unwritten else { return }
        guard output.bytes <= limits.outputBytes else {
            // The reader takes nothing and we have more to say than the queue holds: nothing of ours may wait without bound.
            context.close(promise: nil)
            return
        }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        output.drain(now: Monotonic.nowNs) { buffer, count in
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.whenSuccess { bound.value.wrote(count) }
            context.write(Self.wrapOutboundOut(buffer), promise: promise)
        }
        context.flush()
    }

    /// Sends a large notification once there is little left to send.
    func stream(_ text: JSONText, _ done: @escaping @Sendable (Bool) -> Void) {
        guard state != .closed else { return done(false) }
        streams.append(text, done)
        sendStreams()
        flush()
        watchProgress()
    }

    private func sendStreams() {
        while output.bytes < limits.streamRoomBytes, let (text, done) = streams.next() {
            text.withUnsafeBytes { output.append($0, decoder.framing ?? .headers) }
            streams.sends(upTo: output.appended, done)
        }
    }

    private func wrote(_ count: Int) {
        let wasHigh = output.bytes >= limits.outputBytesHigh
        output.written(count, now: Monotonic.nowNs)
        for done in streams.take(writtenUpTo: output.appended - UInt64(output.bytes)) { done(true) }
        guard state != .closed else { return }
        if !streams.isEmpty {
            sendStreams()
            flush()
        }
        if wasHigh, output.bytes < limits.outputBytesHigh { process() }
        endIfDone()
    }

    // MARK: Connections that do not move

    /// Looks at the clock as long as a frame is incomplete or output waits for its reader.
    func watchProgress() {
        if unread.readableBytes == 0 || state != .open {
            frameBegan = nil
        } else if frameBegan == nil {
            frameBegan = Monotonic.nowNs
        }
        guard watch == nil, state != .closed, frameBegan != nil || output.unwritten > 0, let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        watch = context.eventLoop.scheduleTask(in: .milliseconds(500)) { bound.value.checkProgress() }
    }

    private func checkProgress() {
        watch = nil
        guard state != .closed, let context else { return }
        let now = Monotonic.nowNs
        if output.unwritten > 0, now &- output.lastProgress > UInt64(limits.outputStallMs) * 1_000_000 {
            context.close(promise: nil)
            return
        }
        if let frameBegan, table.waitingCount == 0, output.bytes < limits.outputBytesHigh {
            let inHeader = decoder.framing == .headers && !decoder.isInBody
            let allowedMs = inHeader ? limits.headerMs : limits.headerMs + limits.bodyMs
            if now &- frameBegan > UInt64(allowedMs) * 1_000_000 {
                end(saying: RPCError(.parseError, "The message did not arrive whole within \(allowedMs) ms."))
                return
            }
        }
        watchProgress()
    }

    // MARK: Shutdown

    /// Begins no more requests; the connection ends when those in flight are answered.
    func drain() {
        guard state == .open || state == .inputClosed else { return }
        state = .draining
        unread.clear(minimumCapacity: 0)
        for entry in table.takeWaiting() { settle(entry, .failure(Self.shuttingDown)) }
        flush()
        endIfDone()
    }

    /// Answers whatever is still in flight with `shutting_down` and ends the connection.
    func abandon() {
        guard state != .closed, let context else { return }
        _ = table.cancelAll()
        for entry in table.takeRunning() { settle(entry, .failure(Self.shuttingDown)) }
        state = .draining
        flush()
        context.close(promise: nil)
    }

    private static var shuttingDown: RPCError {
        RPCError(.shuttingDown, "The daemon is stopping; connect again in a moment.")
    }
}
