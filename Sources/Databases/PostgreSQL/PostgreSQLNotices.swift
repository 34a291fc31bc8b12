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

    /// Whether one with this SQLSTATE came since the last ``take()``.
    func contains(_ sqlState: String) -> Bool { collected.contains { $0.code == sqlState } }

    /// What came since the last call.
    func take() -> [Notice] {
        defer { collected = [] }
        return collected
    }
}
