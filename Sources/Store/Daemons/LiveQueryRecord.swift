internal import Databases

/// A query that runs, as the other daemons with the same store may show it to its owner.
public struct LiveQueryRecord: Sendable, Equatable {
    /// Its statement is cut to what is shown.
    public var start: QueryStart
    public var isCut: Bool
    public var projectName: String
    /// It has no connection to its database yet.
    public var isWaiting: Bool
    /// What it has answered so far.
    public var rowCount: Int64
    /// Of rows as JSON.
    public var bytes: Int64

    public init(
        start: QueryStart, isCut: Bool, projectName: String, isWaiting: Bool, rowCount: Int64, bytes: Int64
    ) {
        self.start = start
        self.isCut = isCut
        self.projectName = projectName
        self.isWaiting = isWaiting
        self.rowCount = rowCount
        self.bytes = bytes
    }

    static let columns = """
        id, project_id, user_id, query, label, mode, source, started_at, is_cut, project_name, is_waiting, row_count, bytes
        """

    var parameters: [Parameter] {
        [
            .text(start.id), .text(start.projectID), .text(start.userID), .text(start.sql), .optional(start.label),
            .text(start.mode.rawValue), .text(start.source.rawValue), .integer(start.createdAtMs), .flag(isCut),
            .text(projectName), .flag(isWaiting), .integer(rowCount), .integer(bytes),
        ]
    }

    init(_ row: inout Row) throws(StoreError) {
        start = try QueryStart(
            id: row.text(), projectID: row.text(), userID: row.text(), sql: row.text(), label: row.optionalText(),
            mode: row.word(AccessMode.self), source: row.word(QuerySource.self), createdAtMs: row.integer())
        isCut = try row.bool()
        projectName = try row.text()
        isWaiting = try row.bool()
        rowCount = try row.integer()
        bytes = try row.integer()
    }
}
