import CClientLibraries
import CLibpq
import CMariaDB
import CSQLite

/// A client library that is loaded when first needed, so that a start does not pay for it and a machine may lack it.
enum ClientLibrary {
    case libpq
    case libmariadb

    /// Loads the library; none of its functions may be called before. Quick after the first time.
    func load() throws(DatabaseError) {
        let failure: UnsafePointer<CChar>?
        let name: String
        let package: String
        switch self {
        case .libpq: (failure, name, package) = (libpq_load(), "PostgreSQL", "libpq5")
        case .libmariadb: (failure, name, package) = (libmariadb_load(), "MariaDB", "libmariadb3")
        }
        guard let failure else { return }
        throw DatabaseError(
            .connectionFailed, phase: .connect,
            "The \(name) client library cannot be loaded where the daemon runs: \(String(cString: failure)).",
            hint: "Install it (Debian: apt install \(package)) and start the daemon again.")
    }
}

/// The client libraries this process runs with, for `dbassistd doctor`.
public enum ClientLibraries {
    public static var versions: [(name: String, version: String)] {
        [
            ("libpq", version(of: .libpq) { "\(PQlibVersion() / 10_000).\(PQlibVersion() % 10_000)" }),
            ("libmariadb", version(of: .libmariadb) { String(cString: mysql_get_client_info()) }),
            ("SQLite", String(cString: sqlite3_libversion())),
        ]
    }

    private static func version(of library: ClientLibrary, _ text: () -> String) -> String {
        do {
            try library.load()
            return text()
        } catch {
            return "none: \(error.message) \(error.hint ?? "")"
        }
    }
}
