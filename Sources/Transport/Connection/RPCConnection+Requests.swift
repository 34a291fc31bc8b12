import NIOCore
import Protocol
import Threads

/// From a frame's body to requests in flight, and from their outcomes to replies.
extension RPCConnection {
    typealias Entry = RequestTable.Entry

    /// Takes in one frame.
    func receive(_ body: UnsafeRawBufferPointer) {
        do {
            try scanner.check(body)
        } catch {
            let text = "The message is not valid JSON: \(error.reason.rawValue) at byte \(error.offset + 1)."
            send(error: RPCError(.parseError, text))
            return
        }
        var reader = JSONReader(body)
        if reader.kind == .array { receiveBatch(&reader) } else { receiveMessage(&reader, bytes: body.count, batch: nil) }
    }

    private func receiveBatch(_ reader: inout JSONReader) {
        let messages = Self.elements(of: &reader, max: limits.batchRequests)
        guard let messages else {
            let limit = limits.batchRequests
            let error = RPCError(
                .batchTooLarge, "A batch may have at most \(limit) requests; send several.", .init(limit: "batchItems"))
            return send(error: error)
        }
        guard !messages.isEmpty else {
            return send(error: RPCError(.invalidRequest, "A batch has at least one request."))
        }
        let batch = batches.open(messages: messages.count)
        for message in messages {
            var inner = JSONReader(message)
            receiveMessage(&inner, bytes: message.count, batch: batch)
        }
    }

    /// The elements of the array, or nil if there are more than `max`.
    private static func elements(of reader: inout JSONReader, max: Int) -> [UnsafeRawBufferPointer]? {
        var elements: [UnsafeRawBufferPointer] = []
        try? reader.enterArray()
        while reader.nextElement() {
            guard elements.count < max else { return nil }
            elements.append(reader.slice())
        }
        return elements
    }

    private func receiveMessage(_ reader: inout JSONReader, bytes: Int, batch: UInt64?) {
        switch Envelope.parse(&reader) {
        case .response: reply(nil, batch: batch)
        case .invalid(let id, let error): refuse(error, id: id, batch: batch)
        case .request(let envelope): receiveRequest(envelope, bytes: bytes, batch: batch)
        }
    }

    private func receiveRequest(_ envelope: borrowing Envelope, bytes: Int, batch: UInt64?) {
        let id = envelope.id
        if id == nil, handleOwn(envelope) { return reply(nil, batch: batch) }
        if let id, id != .null, table.contains(id) {
            let error = RPCError(.invalidRequest, "A request with this id is still in flight; use another id.")
            return refuse(error, id: .null, batch: batch)
        }
        guard let client else { return }
        let serial = table.nextSerial()
        let params = envelope.params
        let decoded = envelope.withMethod { method -> Result<any IncomingRequest, RPCError> in
            do throws(RPCError) {
                return .success(try client.decode(method: method, params: params))
            } catch {
                return .failure(error)
            }
        }
        switch decoded {
        case .failure(let error):
            guard let id else { return reply(nil, batch: batch) }
            let requestID = label(serial).description
            reply(batch: batch) { Reply.error(id, error, requestID: requestID, to: &$0) }
            let method = envelope.withMethod { String(decoding: $0.prefix(64), as: UTF8.self) }
            summarize(serial, method, began: Monotonic.nowNs, error.code, isInline: true)
        case .success(let request):
            let traits = request.traits
            let entry = Entry(
                serial: serial, id: id, isBarrier: traits.isBarrier, bytes: bytes, batch: batch,
                receivedAt: Monotonic.nowNs, request: request, task: nil)
            if table.waitingCount == 0, table.canBegin(limit: limits.requestsInFlight) {
                begin(entry, traits)
            } else {
                table.wait(entry)
            }
        }
    }

    /// `$/cancelRequest` and `exit`, which act on the connection. False if the message is neither.
    private func handleOwn(_ envelope: borrowing Envelope) -> Bool {
        let name = envelope.withMethod { method -> OwnMethod? in
            if method.elementsEqual("$/cancelRequest".utf8) { return .cancel }
            if method.elementsEqual("exit".utf8) { return .exit }
            return nil
        }
        switch name {
        case .cancel:
            if let params = envelope.params, let id = Self.idMember(params) { cancel(id) }
            return true
        case .exit:
            // Its turn comes like any other's: behind a log-in under way wait requests that were sent before it.
            isExiting = true
            exitIfDue()
            return true
        case nil: return false
        }
    }

    private static func idMember(_ params: UnsafeRawBufferPointer) -> RequestID? {
        var reader = JSONReader(params)
        guard (try? reader.enterObject()) != nil else { return nil }
        while let name = reader.nextMember() {
            if name.index(in: ["id"]) == 0 { return RequestID(&reader) }
            reader.slice()
        }
        return nil
    }

    private func cancel(_ id: RequestID) {
        if case .waiting(let entry) = table.cancel(id) {
            settle(entry, .failure(RPCError(.cancelled, "The request was cancelled before it began.")))
        }
    }

    /// Ends the connection for `exit`, once every request before it has begun; what runs is cancelled.
    private func exitIfDue() {
        guard isExiting, table.waitingCount == 0, !table.hasBarrier else { return }
        _ = table.cancelAll()
        end(saying: nil)
    }

    // MARK: Running

    /// Begins requests that waited, as far as the limits allow.
    func beginWaiting() {
        while output.bytes < limits.outputBytesHigh, let entry = table.nextToBegin(limit: limits.requestsInFlight) {
            begin(entry, entry.request.traits)
        }
        if isExiting, state == .open || state == .inputClosed { exitIfDue() }
    }

    private func begin(_ entry: Entry, _ traits: RequestTraits) {
        if traits.isInline, !traits.isBarrier { return answerInline(entry) }
        table.begin(entry)
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let label = label(entry.serial)
        let bytesMax = limits.outputBytes
        let serial = entry.serial
        let id = entry.id
        let request = entry.request
        // Long requests are read elsewhere, whatever they ask for.
        let executor = traits.isBrief && entry.bytes <= LoopExecutor.requestBytesMax ? self.executor : nil
        let task = Task(executorPreference: executor) {
            let outcome: Result<any JSONEncodable, RPCError>
            do throws(RPCError) {
                outcome = .success(try await request.answer(label))
            } catch {
                outcome = .failure(error)
            }
            // The reply is encoded here, mostly off the event loop.
            let reply = id.map { Reply.text($0, outcome, requestID: label.description, bytesMax: bytesMax) }
            var code = reply?.error
            if reply == nil, case .failure(let error) = outcome { code = error.code }
            let error = code
            if loop.inEventLoop {
                bound.value.completed(serial, reply?.text, error)
            } else {
                loop.execute { bound.value.completed(serial, reply?.text, error) }
            }
        }
        table.attach(task, to: serial)
    }

    private func answerInline(_ entry: Entry) {
        let label = label(entry.serial)
        var failure: ErrorCode?
        do throws(RPCError) {
            let value = try entry.request.answerInline(label)
            if let id = entry.id {
                reply(batch: entry.batch) { Reply.result(id, value, to: &$0) }
            } else {
                reply(nil, batch: entry.batch)
            }
        } catch {
            failure = error.code
            if let id = entry.id {
                reply(batch: entry.batch) { Reply.error(id, error, requestID: label.description, to: &$0) }
            } else {
                reply(nil, batch: entry.batch)
            }
        }
        summarize(entry.serial, entry.request.name, began: entry.receivedAt, failure, isInline: true)
    }

    /// A task has ended. Its entry may be gone: then somebody else has answered.
    private func completed(_ serial: UInt64, _ text: JSONText?, _ error: ErrorCode?) {
        guard let entry = table.finish(serial) else { return }
        if entry.isBarrier { barrierEnded() }
        reply(text, batch: entry.batch)
        // Told of when the reply is on its way.
        defer { summarize(entry, error) }
        guard state != .closed else { return }
        process()
        endIfDone()
    }

    /// Answers a request that is out of the table and has no task that would.
    func settle(_ entry: Entry, _ outcome: Result<any JSONEncodable, RPCError>) {
        let requestID = label(entry.serial).description
        let done = entry.id.map { Reply.text($0, outcome, requestID: requestID, bytesMax: limits.outputBytes) }
        reply(done?.text, batch: entry.batch)
        summarize(entry, done?.error)
    }

    private func summarize(_ entry: Entry, _ error: ErrorCode?) {
        summarize(entry.serial, entry.request.name, began: entry.receivedAt, error, isInline: false)
    }

    private func summarize(_ serial: UInt64, _ method: String, began: UInt64, _ error: ErrorCode?, isInline: Bool) {
        responder.finished(
            RequestSummary(
                label: label(serial), method: method, nanoseconds: Monotonic.nowNs &- began, error: error,
                isInline: isInline))
    }

    private func label(_ serial: UInt64) -> RequestLabel { RequestLabel(connectionID: connectionID, serial: serial) }

    // MARK: Replies

    /// Writes one reply, or none, into its batch or the output.
    func reply(batch: UInt64?, _ write: (inout JSONWriter) -> Void) {
        writer.truncate(to: 0)
        write(&writer)
        writer.withUnsafeBytes { deliver($0, batch) }
    }

    func reply(_ text: JSONText?, batch: UInt64?) {
        if let text {
            text.withUnsafeBytes { deliver($0, batch) }
        } else {
            deliver(nil, batch)
        }
    }

    private func deliver(_ message: UnsafeRawBufferPointer?, _ batch: UInt64?) {
        guard state != .closed else { return }
        if let batch {
            guard let array = batches.add(message, to: batch), array.count > 0 else { return }
            array.withUnsafeBytes { output.append($0, framing) }
        } else if let message {
            output.append(message, framing)
        }
    }

    /// Replies are framed as requests are; before the first byte there is nothing to answer.
    private var framing: FrameDecoder.Framing { decoder.framing ?? .headers }

    /// Answers what never became a request.
    private func refuse(_ error: RPCError, id: RequestID, batch: UInt64?) {
        let requestID = label(table.nextSerial()).description
        reply(batch: batch) { Reply.error(id, error, requestID: requestID, to: &$0) }
    }

    func send(error: RPCError) { refuse(error, id: .null, batch: nil) }

    private enum OwnMethod { case cancel, exit }
}
