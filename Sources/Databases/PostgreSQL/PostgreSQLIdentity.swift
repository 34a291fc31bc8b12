/// A PostgreSQL database by what it is, not by what it is called: its cluster's number and its own in there.
///
/// https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-CONTROL-SYSTEM
public struct PostgreSQLIdentity: Hashable, Sendable {
    let text: String

    static let sql = """
        SELECT CAST(s.system_identifier AS TEXT) || ' ' || CAST(d.oid AS TEXT) \
        FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
        """
}
