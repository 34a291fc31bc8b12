import Security
import Databases
import Glibc
import TestSupport
import Testing

@testable import Store

/// A directory of a test's own, removed when the test lets go of it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/store-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary directory: \(errno)") }
        path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    }

    deinit { remove(path) }

    private func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(directory)
        }
        _ = Glibc.remove(path)
    }
}

/// What can hold a store.
enum StoreKind: String, CaseIterable {
    case sqlite, postgresql

    /// A place for a new store. The database of PostgreSQL goes with the test's server.
    func location(_ directory: TemporaryDirectory) throws -> StoreLocation {
        switch self {
        case .sqlite: return .sqlite(path: directory.path + "/state/store.db")
        case .postgresql:
            let server = try PostgreSQLServer.shared()
            return .postgresql(connectionString: server.socketURI(database: try server.makeDatabase()))
        }
    }
}

/// Opens a new store on each of `kinds` in turn, and closes it after `body`, whatever happened.
func withStore(on kinds: [StoreKind] = StoreKind.allCases, _ body: (Store, TemporaryDirectory) async throws -> Void) async throws
{
    for kind in kinds {
        let directory = TemporaryDirectory()
        let store = try await Store.open(kind.location(directory), nowMs: Sample.nowMs)
        do {
            try await body(store, directory)
        } catch {
            await store.close()
            Issue.record("on \(kind)")
            throw error
        }
        await store.close()
    }
}

/// Values that tests share.
enum Sample {
    static let nowMs: Int64 = 1_800_000_000_000

    static func id() -> String { Identifier.make(now: nowMs) }

    static func user(email: String = "ada@example.org") -> User {
        User(id: id(), name: "Ada", email: email, passwordHash: "$argon2id$1", createdAtMs: nowMs, updatedAtMs: nowMs)
    }

    static func project(of user: User, name: String = "shop", createdAtMs: Int64 = nowMs) -> Project {
        Project(
            id: id(), userID: user.id, name: name, databaseType: .postgresql, sealedConnectionString: [1, 0, 255],
            createdAtMs: createdAtMs)
    }

    static func start(
        _ project: Project, sql: String = "SELECT 1", mode: AccessMode = .read, source: QuerySource = .script, atMs: Int64 = nowMs
    ) -> QueryStart {
        QueryStart(
            id: id(), projectID: project.id, userID: project.userID, sql: sql, mode: mode, source: source, createdAtMs: atMs)
    }

    static func success(_ durationMs: Double = 1, rows: Int64 = 1) -> QueryEnd {
        QueryEnd(status: .success, rowCount: rows, durationMs: durationMs)
    }
}

extension Store {
    /// NUL as it comes back: PostgreSQL's text cannot hold it.
    var nul: String { engine is PostgreSQLEngine ? "\u{FFFD}" : "\0" }

    /// As the daemon does it, for statements of PostgreSQL.
    func insertRunning(_ start: QueryStart) async throws(StoreError) {
        try await insertRunning(start, shape: StatementShape(of: start.sql, .postgresql))
    }

    func recordFinished(_ start: QueryStart, _ end: QueryEnd) async {
        await recordFinished(start, shape: StatementShape(of: start.sql, .postgresql), end)
    }

    /// An account with one project.
    func makeProject(email: String = "ada@example.org", name: String = "shop") async throws -> Project {
        let user = Sample.user(email: email)
        try await createUser(user)
        let project = Sample.project(of: user, name: name)
        try await createProject(project)
        return project
    }

    /// Every page of a list, one after the other.
    func all<Item>(limit: Int, _ page: (PageRequest) async throws -> ListPage<Item>) async throws -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let next = try await page(PageRequest(limit: limit, cursor: cursor))
            items += next.items
            cursor = next.nextCursor
        } while cursor != nil
        return items
    }

    func countRows(_ table: String) async throws -> Int64 {
        try await write { session throws(StoreError) in
            var row = try session.first("SELECT count(*) FROM \(table)")
            return try row?.integer() ?? -1
        }
    }
}

/// Expects `body` to throw a ``StoreError`` with this code.
func expectError(
    _ code: StoreError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("nothing was thrown, not \(code)", sourceLocation: sourceLocation)
    } catch let error as StoreError {
        #expect(error.code == code, "\(error.debugDescription)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error), not \(code)", sourceLocation: sourceLocation)
    }
}
