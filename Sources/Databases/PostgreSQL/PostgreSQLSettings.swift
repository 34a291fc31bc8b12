/// What a session is set to, on top of what the server, its database and its role say: what our reading of the server's text relies
/// on, and the read-only default.
///
/// A server takes them when a connection starts, and RESET goes back to them. A pooler does not: there they are set by a statement,
/// and once more after each RESET.
struct PostgreSQLSettings: Sendable {
    /// Whether transactions refuse to write unless they say otherwise.
    var isReadOnlyByDefault = true
    let applicationName: String

    private static let encoding = "UTF8"

    private var values: [(name: String, value: String)] {
        [
            ("DateStyle", "ISO"), ("IntervalStyle", "postgres"), ("extra_float_digits", "3"), ("bytea_output", "hex"),
            ("standard_conforming_strings", "on"), ("client_min_messages", "notice"),
            ("default_transaction_read_only", isReadOnlyByDefault ? "on" : "off"),
        ]
    }

    /// For the start of a connection, as libpq's `options`.
    var options: String { values.map { "-c \($0.name)=\($0.value)" }.joined(separator: " ") }

    /// What ``answers(_:)`` judges: the settings in force.
    var question: String {
        let names = values.map(\.name) + ["client_encoding"]
        return names.map { "pg_catalog.current_setting('\($0)')" }.joined(separator: ", ")
    }

    /// What sets them all, or none; its cells are as those of ``question``. `$1` is the application's name.
    var assignment: String {
        let all = values + [("client_encoding", Self.encoding)]
        let cells = all.map { "pg_catalog.set_config('\($0.name)', '\($0.value)', false)" }
        return (cells + ["pg_catalog.set_config('application_name', $1, false)"]).joined(separator: ", ")
    }

    /// Whether these cells say that all is as it should be. DateStyle also has the order of day and month, which is the server's own.
    func answers(_ cells: [String?]) -> Bool {
        let wanted = values.map(\.value) + [Self.encoding]
        guard cells.count >= wanted.count else { return false }
        return zip(cells, wanted).allSatisfy { cell, value in cell == value || cell?.hasPrefix(value + ", ") == true }
    }

    /// A cell that fails where another server connection than this one answers. Nothing in it can be shadowed by a search path.
    static func guarded(_ serverPID: Int32) -> String {
        """
        pg_catalog.int4div(1, CAST(pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) \(serverPID) AS pg_catalog.int4))
        """
    }

    /// SQLSTATE of that failure: division by zero.
    static let guardState = "22012"

    /// A cell that has the server look every ``watchMs`` whether its client is still there while a statement runs, and end the statement
    /// where it is not: without, one whose daemon was killed runs until its timeout. PostgreSQL can from 14 on, where its system can.
    static func watching(isLocal: Bool) -> String {
        """
        pg_catalog.set_config('client_connection_check_interval', CASE WHEN \
        pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0 THEN '\(watchMs)' \
        ELSE pg_catalog.current_setting('client_connection_check_interval') END, \(isLocal))
        """
    }

    static let watchMs = 2_000
    /// The first version of PostgreSQL that knows ``watching(isLocal:)``.
    static let watchVersion = 14
}
