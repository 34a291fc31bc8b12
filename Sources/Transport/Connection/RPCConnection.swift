import NIOCore
import Protocol

/// One client: bytes in, frames, requests in flight, replies out. Lives on its event loop.
///
/// Reading stops while as many requests are in flight as the limits allow, or while the reader of our replies is slow: that is the
/// back-pressure. Each request is answered exactly once, by whoever takes its entry out of the table.
final class RPCConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State: Equatable {
        case open
        /// The client has sent its last byte: what is in flight is answered, then the connection ends.
        case inputClosed
        /// The daemon stops, or the stream cannot be read any more: as above.
        case draining
        case closed
    }

    let responder: any Responder
    let limits: TransportLimits
    let peer: Peer
    let number: UInt64
    var connectionID: String

    var state = State.open
    var client: (any ClientResponder)?
    var context: ChannelHandlerContext?
    /// Runs tasks on the event loop.
    var executor: LoopExecutor?
    var decoder: FrameDecoder
    let scanner: JSONScanner
    var unread = ByteBuffer()
    var table = RequestTable()
    var batches = BatchTable()
    var output = OutputQueue()
    var streams = StreamQueue()
    var writer = JSONWriter(capacity: 4096)
    private var linger = Linger()
    private var isProcessing = false
    private var isReadPending = false
    /// A frame too large for a client that has not logged in, while a log-in is under way: looked at again after it.
    private var awaitsLogin = false
    /// `exit` was read; nothing behind it is.
    var isExiting = false
    /// When the frame at hand began to arrive.
    var frameBegan: UInt64?
    var watch: Scheduled<Void>?
    private let onClose: (Int32) -> Void

    init(responder: any Responder, limits: TransportLimits, peer: Peer, number: UInt64, onClose: @escaping (Int32) -> Void) {
        self.responder = responder
        self.limits = limits
        self.peer = peer
        self.number = number
        self.connectionID = "c\(number)"
        self.onClose = onClose
        self.decoder = FrameDecoder(headerBytesMax: limits.headerBytes, bodyBytesMax: limits.bodyBytesBeforeLogin)
        self.scanner = JSONScanner(depthMax: limits.jsonDepth)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard context.channel.isActive else { return }
        begin(context)
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard client == nil else { return }
        executor = LoopExecutor(context.eventLoop)
        client = responder.connected(makeLink(context))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        if unread.readableBytes == 0 { unread = bytes } else { unread.writeBuffer(&bytes) }
        process()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed, state == .open {
            // A last line may lack its line feed.
            if decoder.framing == .lines, unread.readableBytes > 0 { unread.writeInteger(UInt8(ascii: "\n")) }
            process()
            if state == .open { state = .inputClosed }
            endIfDone()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadPending = true }
    }

    func handlerRemoved(context: ChannelHandlerContext) { closed() }

    private func closed() {
        guard state != .closed else { return }
        state = .closed
        watch?.cancel()
        _ = table.cancelAll()
        for done in streams.takeAll() { done(false) }
        if let client {
            client.disconnected()
            onClose(client.exitStatus)
        } else {
            onClose(1)
        }
        client = nil
        context = nil
    }

    // MARK: Frames

    private var mayRead: Bool { state == .open && !awaitsLogin && !isExiting && mayAccept }

    /// Whether another request may be taken in.
    private var mayAccept: Bool {
        table.waitingCount < limits.requestsWaiting && table.waitingBytes < limits.waitingBytes
            && output.bytes < limits.outputBytesHigh
    }

    /// Takes in every whole frame that may be taken in, sends what became of them, and reads on if there is room.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        beginWaiting()
        frames: while state == .open, mayAccept, !isExiting {
            switch unread.withUnsafeReadableBytes({ decoder.next($0) }) {
            case .needMore: break frames
            case .skip(let consumed): unread.moveReaderIndex(forwardBy: consumed)
            case .frame(let body, let consumed):
                frameBegan = nil
                unread.withUnsafeReadableBytes { receive(UnsafeRawBufferPointer(rebasing: $0[body])) }
                unread.moveReaderIndex(forwardBy: consumed)
            case .failed(.tooLarge) where decoder.bodyBytesMax < limits.bodyBytes && table.hasBarrier:
                awaitsLogin = true
                break frames
            case .failed(let error):
                fail(error)
                break frames
            }
        }
        isProcessing = false
        if unread.readableBytes == 0 || state != .open { unread.clear(minimumCapacity: 0) } else { unread.discardReadBytes() }
        flush()
        resumeReading()
        watchProgress()
        if state == .open, table.isEmpty { linger.begin { lookAgain() } }
    }

    /// Has the loop go round once more, and not to sleep, as long as there may be another request at once.
    private func lookAgain() {
        guard let context else { return }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let connection = bound.value
            let mayGoOn = connection.state == .open && connection.table.isEmpty
            if connection.linger.goesOn(mayGoOn) { connection.lookAgain() }
        }
    }

    private func resumeReading() {
        guard isReadPending, mayRead, let context else { return }
        isReadPending = false
        context.read()
    }

    /// The stream cannot be cut into frames any more: say so once, answer what is in flight, and end.
    private func fail(_ error: FramingError) {
        let reported: RPCError
        switch error {
        case .malformed(let text):
            reported = RPCError(.parseError, "This is no JSON-RPC message: \(text).")
        case .headerTooLarge(let limit):
            reported = RPCError(.requestTooLarge, "A header block may have at most \(limit) bytes.", .init(limit: "headerBytes"))
        case .tooLarge(let limit):
            reported = RPCError(
                .requestTooLarge, "A request may have at most \(limit) bytes\(limit < limits.bodyBytes ? " before log-in" : "").",
                .init(limit: limit < limits.bodyBytes ? "bodyBeforeLoginBytes" : "bodyBytes"))
        }
        end(saying: reported)
    }

    /// Sends an error that belongs to no request and ends the connection once what is in flight is answered.
    func end(saying error: RPCError?) {
        if let error { send(error: error) }
        state = .draining
        for entry in table.takeWaiting() {
            settle(entry, .failure(RPCError(.cancelled, "The connection ended before this request began.")))
        }
        flush()
        endIfDone()
    }

    /// Ends the connection when nothing is left to answer or send.
    func endIfDone() {
        guard state == .inputClosed || state == .draining, table.isEmpty, batches.isEmpty, let context else { return }
        guard output.isEmpty, streams.isEmpty else { return }
        context.close(promise: nil)
    }

    // MARK: Link

    private func makeLink(_ context: ChannelHandlerContext) -> ClientLink {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let loop = context.eventLoop
        return ClientLink(
            connectionID: connectionID, peer: peer,
            sendNotification: { text in
                loop.execute { bound.value.sendNotification(text) }
            },
            sendStream: { text, done in
                loop.execute { bound.value.stream(text, done) }
            },
            setAuthenticated: { isAuthenticated in
                if loop.inEventLoop {
                    bound.value.setAuthenticated(isAuthenticated)
                } else {
                    loop.execute { bound.value.setAuthenticated(isAuthenticated) }
                }
            },
            closeConnection: { loop.execute { bound.value.end(saying: nil) } })
    }

    private func sendNotification(_ text: JSONText) {
        guard state != .closed else { return }
        text.withUnsafeBytes { output.append($0, decoder.framing ?? .headers) }
        flush()
        watchProgress()
    }

    private func setAuthenticated(_ isAuthenticated: Bool) {
        decoder.bodyBytesMax = isAuthenticated ? limits.bodyBytes : limits.bodyBytesBeforeLogin
    }

    /// A barrier has ended: a frame that waited for it is looked at again.
    func barrierEnded() { awaitsLogin = false }
}
