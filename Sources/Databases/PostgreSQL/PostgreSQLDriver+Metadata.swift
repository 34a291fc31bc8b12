extension PostgreSQLDriver {
    func metadata() throws(DatabaseError) -> DatabaseMetadata {
        try sendBegin(.beginRead, Statement(sql: "", timeoutMs: 10_000))
        try session.send(
            """
            SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_database(), current_user, \
            CASE WHEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT') \
            THEN pg_catalog.pg_database_size(pg_catalog.current_database()) END, \
            (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
            WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
            AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%')
            """)
        try sendEnd()
        try session.sync()
        var failure = try begun()
        var row: [String?] = []
        if case .failed(let found) = try session.reply({ row = PostgreSQLSession.firstRow($0) }), failure == nil {
            failure = found
        }
        try endTransaction()
        if let failure { throw failure.error(phase: .execute, mode: .read) }
        guard row.count == 5, let version = row[0], let database = row[1], let tables = row[4].flatMap({ Int($0) }) else {
            throw session.lost()
        }
        return DatabaseMetadata(
            serverVersion: "PostgreSQL " + (version.split(separator: " ").first ?? "?"), databaseName: database,
            currentUser: row[2], sizeBytes: row[3].flatMap { Int($0) }, tableCount: tables)
    }
}
