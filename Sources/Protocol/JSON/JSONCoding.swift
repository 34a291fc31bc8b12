/// A value that writes itself as one JSON value. The generated types of `spec/` conform.
public protocol JSONEncodable: Sendable {
    func encode(to writer: inout JSONWriter)
}

/// A value that reads itself from one JSON value, strictly. The generated types of `spec/` conform.
public protocol JSONDecodable: Sendable {
    /// Reads exactly one value; on success the reader stands behind it.
    init(from reader: inout JSONReader) throws(JSONMismatch)
}

/// Why a JSON value is not what the spec asks for, and where.
///
/// It carries the offset of the offending byte, not a path: the path costs something to keep and is only needed when
/// something is wrong, so `JSONPath` finds it from the offset afterwards.
public struct JSONMismatch: Error, Sendable, Equatable {
    /// Offset in the text the reader was made from.
    public var offset: Int
    /// A name to append to the path found at `offset`: the member that is missing there.
    public var member: String?
    /// One phrase that completes "`<path>` …", for example "must be a string".
    public var reason: String

    public init(at offset: Int, member: String? = nil, _ reason: String) {
        self.offset = offset
        self.member = member
        self.reason = reason
    }
}
