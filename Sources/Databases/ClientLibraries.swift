import CLibpq
import CMariaDB
import CSQLite

/// The client libraries this process runs with, for `dbassistd doctor`.
public enum ClientLibraries {
    public static var versions: [(name: String, version: String)] {
        let libpq = Int(PQlibVersion())
        return [
            ("libpq", "\(libpq / 10_000).\(libpq % 10_000)"),
            ("libmariadb", String(cString: mysql_get_client_info())),
            ("SQLite", String(cString: sqlite3_libversion())),
        ]
    }
}
