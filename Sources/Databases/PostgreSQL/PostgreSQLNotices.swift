import CLibpq

/// Collects what the server says along the way; without it libpq writes to standard error.
final class PostgreSQLNotices {
    static let countMax = 100
    static let messageBytesMax = 8192

    private var collected: [Notice] = []

    /// Directs the notices of `connection` here. The connection must not outlive this object.
    func attach(to connection: OpaquePointer) {
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<PostgreSQLNotices>.fromOpaque(context).takeUnretainedValue().receive(result)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func receive(_ result: OpaquePointer) {
        guard collected.count < Self.countMax else { return }
        let fields = PostgreSQLFailure(result)
        collected.append(
            Notice(
                severity: fields.severity, message: fields.message.limited(toBytes: Self.messageBytesMax), code: fields.sqlState))
    }

    /// What came since the last call.
    func take() -> [Notice] {
        defer { collected = [] }
        return collected
    }
}

extension String {
    /// The string, or as many of its first characters as fit `limit` bytes, and an ellipsis.
    func limited(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, String.Index(end, within: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end]) + "…"
    }
}
