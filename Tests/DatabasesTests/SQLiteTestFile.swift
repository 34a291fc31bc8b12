import Glibc
import Protocol
import Synchronization

@testable import Databases

/// A directory of its own with an SQLite database in it, gone with the object.
final class SQLiteTestFile {
    let directory: String
    var path: String { directory + "/test.db" }

    init(_ schema: String = "") throws {
        var template = Array("/tmp/dbassist-sqlite-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp") }
        directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let database = try SQLiteDatabase(path: path, access: .create)
        // Makes the file a database even if the schema is empty.
        try database.execute("PRAGMA user_version = 1; " + schema)
        database.close()
    }

    deinit { removeTree(directory) }

    /// Runs statements on the file as another program would.
    func change(_ sql: String) throws {
        let database = try SQLiteDatabase(path: path, access: .readWrite)
        defer { database.close() }
        try database.execute(sql)
    }

    func driver(_ policy: ConnectionPolicy = ConnectionPolicy()) throws -> SQLiteDriver {
        try SQLiteDriver.open(
            ConnectionTarget(databaseType: .sqlite, location: .file(path: path)), ConnectOptions(policy: policy))
    }

    /// Names, kinds, sizes, times and content of everything in the directory, except what `ignoring` names.
    func tree(ignoring: Set<String> = []) -> [String: Entry] {
        var tree: [String: Entry] = [:]
        for name in fileNames(directory) where !ignoring.contains(name) {
            var status = stat()
            lstat(directory + "/" + name, &status)
            let content = status.st_mode & S_IFMT == S_IFREG ? fileBytes(directory + "/" + name) : []
            tree[name] = Entry(
                facts: "\(status.st_mode) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)", content: content)
        }
        return tree
    }

    struct Entry: Equatable, CustomStringConvertible {
        var facts: String
        var content: [UInt8]
        var description: String { facts }
    }
}

struct TestFailure: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Keeps everything a statement produced.
final class SQLiteSink: RowSink {
    var columns: [Databases.Column] = []
    var pages: [Page] = []
    var rowsMax = Int.max
    var onPage: () -> Void = {}

    func columns(_ columns: [Databases.Column]) { self.columns = columns }

    func page(_ page: Page) -> Demand {
        pages.append(page)
        onPage()
        return pages.reduce(0) { $0 + $1.rowCount } >= rowsMax ? .enough : .more
    }

    /// All pages as one array text.
    var text: String {
        "[" + pages.map { String($0.rows.string.dropFirst().dropLast()) }.joined(separator: ",") + "]"
    }
}

/// A result as a test sees it.
struct TestResult {
    var outcome: StatementOutcome
    var columns: [Databases.Column]
    var rows: String
}

extension SQLiteDriver {
    @discardableResult
    func run(
        _ sql: String, _ parameters: [Parameter] = [], mode: AccessMode = .read, timeoutMs: Int = 10_000,
        cellBytesMax: Int = 1 << 20, into sink: SQLiteSink = SQLiteSink(), pageRows: Int = 1_000
    ) throws(DatabaseError) -> TestResult {
        var pager = RowPager(pageRows: pageRows, pageBytes: 256 * 1024, sink: sink)
        let outcome = try run(
            Statement(sql: sql, parameters: parameters, mode: mode, timeoutMs: timeoutMs, cellBytesMax: cellBytesMax),
            into: &pager)
        try pager.finish()
        return TestResult(outcome: outcome, columns: sink.columns, rows: sink.text)
    }
}

/// The error that `body` throws.
func databaseError(_ body: () throws -> Void) throws -> DatabaseError {
    do {
        try body()
    } catch let error as DatabaseError {
        return error
    }
    throw TestFailure("nothing was thrown")
}

/// Tells a thread to end.
final class Racing: Sendable {
    private let over = Atomic<Bool>(false)
    var isOver: Bool { over.load(ordering: .relaxed) }
    func end() { over.store(true, ordering: .relaxed) }
}

func fileNames(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

func fileBytes(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}

func writeBytes(_ path: String, _ bytes: [UInt8]) {
    guard let file = fopen(path, "wb") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

func removeTree(_ directory: String) {
    for name in fileNames(directory) {
        let path = directory + "/" + name
        if rmdir(path) != 0 && unlink(path) != 0 { removeTree(path) }
    }
    rmdir(directory)
}
