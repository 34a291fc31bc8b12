/// One JSON-RPC 2.0 message from a client: what it is for, with its params still unread.
///
/// The slices live as long as the bytes of the frame.
public struct Envelope: ~Copyable {
    /// Absent for a notification.
    public let id: RequestID?
    /// The method's name, unescaped, as bytes.
    public let method: [UInt8]?
    private let methodSlice: UnsafeRawBufferPointer
    /// The value of `params`, or nil.
    public let params: UnsafeRawBufferPointer?

    /// The bytes of the method's name.
    public func withMethod<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        if let method { return method.withUnsafeBytes { body($0) } }
        return body(methodSlice)
    }

    /// What a message turned out to be.
    public enum Parsed: ~Copyable {
        case request(Envelope)
        /// A reply to a request of ours: we send none, so it is ignored (answering it could go on for ever).
        case response
        /// No JSON-RPC message; to be answered with this id.
        case invalid(id: RequestID, RPCError)
    }

    /// Reads the message at which the reader stands. Members we do not know are ignored, as JSON-RPC and LSP do.
    public static func parse(_ reader: inout JSONReader) -> Parsed {
        guard reader.kind == .object else {
            reader.slice()
            return .invalid(id: .null, RPCError(.invalidRequest, "A JSON-RPC message is an object."))
        }
        return Members(&reader).envelope()
    }

    /// The members of a message, as far as they concern us.
    private struct Members: ~Copyable {
        var version: UnsafeRawBufferPointer?
        var hasID = false
        var id: RequestID?
        var method: UnsafeRawBufferPointer?
        var params: UnsafeRawBufferPointer?
        var isResponse = false

        init(_ reader: inout JSONReader) {
            try? reader.enterObject()
            while let name = reader.nextMember() {
                switch name.index(in: ["jsonrpc", "id", "method", "params", "result", "error"]) {
                case 0: version = reader.slice()
                case 1:
                    hasID = true
                    let kind = reader.kind
                    id = RequestID(&reader)
                    if id == nil, kind == .object || kind == .array || kind == .bool { reader.slice() }
                case 2: method = reader.slice()
                case 3: params = reader.slice()
                case 4, 5:
                    isResponse = true
                    reader.slice()
                default: reader.slice()
                }
            }
        }

        consuming func envelope() -> Parsed {
            let id = self.id
            guard !hasID || id != nil else {
                return .invalid(id: .null, RPCError(.invalidRequest, "An id is a string, an integer or null."))
            }
            if isResponse, method == nil { return .response }
            guard let version, version.elementsEqual("\"2.0\"".utf8) else {
                return .invalid(id: id ?? .null, RPCError(.invalidRequest, "The member jsonrpc must be \"2.0\"."))
            }
            guard let method, method.first == UInt8(ascii: "\"") else {
                return .invalid(id: id ?? .null, RPCError(.invalidRequest, "The member method must be a string."))
            }
            if let params, params[0] != UInt8(ascii: "{"), params[0] != UInt8(ascii: "[") {
                return .invalid(id: id ?? .null, RPCError(.invalidRequest, "The member params must be an object or an array."))
            }
            let inside = UnsafeRawBufferPointer(rebasing: method[1..<(method.count - 1)])
            let escaped = inside.contains(UInt8(ascii: "\\"))
            let name = escaped ? Array(JSONString.decode(quoted: method, escaped: true).utf8) : nil
            return .request(Envelope(id: hasID ? id : nil, method: name, methodSlice: inside, params: params))
        }
    }
}
