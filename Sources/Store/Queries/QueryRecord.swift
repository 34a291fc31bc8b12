public import Databases

/// How a query ended, or that it has not.
public enum QueryStatus: String, Sendable, CaseIterable {
    case running, success, error, cancelled
}

/// Who asked for a query.
public enum QuerySource: String, Sendable, CaseIterable {
    case editor, script, chat
}

/// A query as it starts.
public struct QueryStart: Sendable, Equatable {
    public var id: String
    public var projectID: String
    public var userID: String
    public var sql: String
    public var label: String?
    public var mode: AccessMode
    public var source: QuerySource
    public var createdAtMs: Int64

    public init(
        id: String, projectID: String, userID: String, sql: String, label: String? = nil, mode: AccessMode,
        source: QuerySource, createdAtMs: Int64
    ) {
        self.id = id
        self.projectID = projectID
        self.userID = userID
        self.sql = sql
        self.label = label
        self.mode = mode
        self.source = source
        self.createdAtMs = createdAtMs
    }
}

/// How a query ended.
public struct QueryEnd: Sendable, Equatable {
    public var status: QueryStatus
    /// The stable code and the message of the error, for `error` and `cancelled`.
    public var errorCode: String?
    public var errorMessage: String?
    /// Rows answered.
    public var rowCount: Int64?
    /// Rows changed.
    public var affectedRows: Int64?
    public var durationMs: Double?
    /// The first rows, sealed by the caller.
    public var sealedPreview: [UInt8]?

    public init(
        status: QueryStatus, errorCode: String? = nil, errorMessage: String? = nil, rowCount: Int64? = nil,
        affectedRows: Int64? = nil, durationMs: Double? = nil, sealedPreview: [UInt8]? = nil
    ) {
        self.status = status
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.rowCount = rowCount
        self.affectedRows = affectedRows
        self.durationMs = durationMs
        self.sealedPreview = sealedPreview
    }
}

/// A row of history.
public struct QueryRecord: Sendable, Equatable {
    public var start: QueryStart
    /// The fingerprint of the statement's shape.
    public var shape: UInt64
    /// While the query runs, only its status says something. Lists leave the preview out.
    public var end: QueryEnd

    public init(start: QueryStart, shape: UInt64, end: QueryEnd) {
        self.start = start
        self.shape = shape
        self.end = end
    }

    /// All columns but the preview.
    static let columns = """
        id, project_id, user_id, query, label, mode, source, created_at, shape, status, error_code, error, row_count, \
        affected_rows, duration_ms
        """

    init(_ row: inout Row, hasPreview: Bool) throws(StoreError) {
        start = try QueryStart(
            id: row.text(), projectID: row.text(), userID: row.text(), sql: row.text(), label: row.optionalText(),
            mode: row.word(AccessMode.self), source: row.word(QuerySource.self), createdAtMs: row.integer())
        shape = UInt64(bitPattern: try row.integer())
        end = try QueryEnd(
            status: row.word(QueryStatus.self), errorCode: row.optionalText(), errorMessage: row.optionalText(),
            rowCount: row.optionalInteger(), affectedRows: row.optionalInteger(), durationMs: row.optionalDouble(),
            sealedPreview: hasPreview ? row.optionalBytes() : nil)
    }
}

/// Which queries a history shows; nil shows all.
public struct HistoryFilter: Sendable, Equatable {
    public var projectID: String?
    public var status: QueryStatus?
    public var mode: AccessMode?
    public var source: QuerySource?
    /// Occurs in the SQL or the label, whatever the case; every character stands for itself.
    public var text: String?
    /// Occurs in the message of the error, whatever the case of ASCII letters.
    public var errorText: String?
    /// The fingerprint of a statement's shape.
    public var shape: UInt64?
    /// From this time on.
    public var sinceMs: Int64?
    /// Before this time.
    public var untilMs: Int64?

    public init(
        projectID: String? = nil, status: QueryStatus? = nil, mode: AccessMode? = nil, source: QuerySource? = nil,
        text: String? = nil, errorText: String? = nil, shape: UInt64? = nil, sinceMs: Int64? = nil, untilMs: Int64? = nil
    ) {
        self.projectID = projectID
        self.status = status
        self.mode = mode
        self.source = source
        self.text = text
        self.errorText = errorText
        self.shape = shape
        self.sinceMs = sinceMs
        self.untilMs = untilMs
    }
}
