/// Takes a stream of server-sent events apart (WHATWG HTML, 9.2), however the network has cut it.
///
/// Lines end with LF, CR LF or CR; comments and unknown fields are passed over; the data lines of an event are joined by LF. What
/// `id` and `retry` say is of no use here. An event whose blank line is missing counts when the stream ends: servers forget it.
struct ServerSentEvents {
    struct Event: Equatable {
        /// What the `event` field said.
        var name: [UInt8] = []
        var data: [UInt8] = []
    }

    private let bytesMax: Int
    private var line: [UInt8] = []
    private var event = Event()
    private var hasData = false
    private var isAfterCR = false
    private var isFirstLine = true

    init(bytesMax: Int = ModelLimits.eventBytes) { self.bytesMax = bytesMax }

    /// The events that `bytes` complete.
    /// - Throws: `brokenReply` for a line or an event beyond the limit.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(ModelError) -> [Event] {
        var events: [Event] = []
        var start = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let isSecondHalf = isAfterCR && byte == UInt8(ascii: "\n")
            isAfterCR = byte == UInt8(ascii: "\r")
            if isSecondHalf {
                start = index + 1
            } else if isAfterCR || byte == UInt8(ascii: "\n") {
                try append(bytes[start..<index])
                if let event = try endLine() { events.append(event) }
                start = index + 1
            }
        }
        try append(bytes[start...])
        return events
    }

    /// The event that the end of the stream completes.
    mutating func finish() throws(ModelError) -> Event? {
        if !line.isEmpty, let event = try endLine() { return event }
        return try endLine()
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) throws(ModelError) {
        guard line.count + bytes.count <= bytesMax else { throw tooLong }
        line += bytes
    }

    private mutating func endLine() throws(ModelError) -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        if line.isEmpty {
            defer {
                event = Event()
                hasData = false
            }
            return hasData ? event : nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = line.dropFirst(colon + 1)
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let field = line[..<colon]
        if field.elementsEqual("data".utf8) {
            guard event.data.count + value.count < bytesMax else { throw tooLong }
            if hasData { event.data.append(UInt8(ascii: "\n")) }
            event.data += value
            hasData = true
        } else if field.elementsEqual("event".utf8) {
            event.name = Array(value)
        }
        return nil
    }

    private var tooLong: ModelError {
        ModelError(.brokenReply, "The model server sent a line of more than \(bytesMax) bytes, which is no chat reply.")
    }
}
