import Glibc
import Protocol
import Synchronization

@testable import Databases
import Threads

/// What fake drivers do, and what was done to them. Shared by a test and the drivers it causes to be opened.
final class FakeServer: Sendable {
    struct State {
        var open = 0
        var openMax = 0
        var openedTotal = 0
        var resets = 0
        var ran: [String] = []
        /// Statements that came to where they wait.
        var waits = 0
        var cancels = 0
        var severs = 0
        /// Connections opened before this one are dead.
        var deadBelow = 0
        var failsOpen = false
        var failsReset = false
        /// Resets wait until they are interrupted, and succeed all the same.
        var holdsResets = false
        /// Statements that wait end only by being severed, or not at all.
        var obeysCancel = true
        /// So many cancels come while there is nothing to stop, and are forgotten.
        var missesCancels = 0
        var obeysSever = true
    }

    let state = Mutex(State())
    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    func get<R: Sendable>(_ read: (State) -> R) -> R { state.withLock { read($0) } }

    var factory: DriverFactory {
        DriverFactory { [self] (_, _) throws(DatabaseError) -> any Driver in
            let number: Int? = state.withLock { state in
                guard !state.failsOpen else { return nil }
                state.open += 1
                state.openMax = max(state.openMax, state.open)
                state.openedTotal += 1
                return state.openedTotal
            }
            guard let number else { throw DatabaseError(.connectionRefused, phase: .connect, "refused", retryable: true) }
            return FakeDriver(self, number)
        }
    }
}

/// Statements: `rows N`, `wait` (until cancelled), `fail`, `rows N then fail`, `rows N then wait`.
final class FakeDriver: Driver {
    let server: FakeServer
    let number: Int
    let stopper: Stopper
    private var isClosed = false
    private(set) var isUsable = true

    init(_ server: FakeServer, _ number: Int) {
        self.server = server
        self.number = number
        self.stopper = Stopper(server)
    }

    static func open(_ target: ConnectionTarget, _ options: ConnectOptions) throws(DatabaseError) -> FakeDriver {
        throw DatabaseError(.internal, phase: .connect, "opened by the factory")
    }

    var canceller: any StatementCanceller { stopper }

    func run(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        server.set { $0.ran.append(statement.sql) }
        stopper.state.withLock { $0.isRunning = true }
        defer { stopper.state.withLock { $0.isRunning = false } }
        let words = statement.sql.split(separator: " ")
        if words.first == "rows", let count = Int(words[1]) {
            try pager.begin([Databases.Column(name: "n", type: "int8", encoding: .integer)])
            for row in 0..<count {
                pager.beginRow()
                pager.beginCell()
                pager.writer.lossless(Int64(row))
                if try pager.endRow() == .enough { return StatementOutcome(command: "SELECT") }
            }
        }
        if words.last == "wait" { try stopper.wait() }
        if words.last == "fail" { throw DatabaseError(.queryFailed, phase: .execute, "failed") }
        return StatementOutcome(command: "SELECT")
    }

    func reset() throws(DatabaseError) {
        let (fails, waits) = server.state.withLock { state in
            state.resets += 1
            return (state.failsReset || number < state.deadBelow, state.holdsResets)
        }
        if waits { try? stopper.wait() }
        if fails { throw DatabaseError(.connectionLost, phase: .execute, "gone") }
    }

    func metadata() throws(DatabaseError) -> DatabaseMetadata {
        DatabaseMetadata(serverVersion: "Fake 1", databaseName: "d", currentUser: nil, sizeBytes: nil, tableCount: 0)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        server.set { $0.open -= 1 }
    }

    final class Stopper: StatementCanceller {
        struct State { var isRunning = false, isStopped = false, cancelsIdle = 0 }
        let server: FakeServer
        let state = Mutex(State())
        let monitor = Monitor(false)
        init(_ server: FakeServer) { self.server = server }

        func cancel() {
            let obeys = server.state.withLock { state in
                state.cancels += 1
                return state.obeysCancel && state.cancels > state.missesCancels
            }
            if obeys { stop() }
        }

        func sever() {
            let obeys = server.state.withLock { state in
                state.severs += 1
                return state.obeysSever
            }
            if obeys { stop() }
        }

        func stop() {
            monitor.withLock { $0 = true }
            monitor.signal()
        }

        func wait() throws(DatabaseError) {
            server.set { $0.waits += 1 }
            monitor.wait { $0 ? .done(()) : .wait(untilNs: nil) }
            throw DatabaseError(.cancelled, phase: .execute, "interrupted")
        }
    }
}

extension ConnectionTarget {
    static let fake = ConnectionTarget(databaseType: .sqlite, location: .file(path: "/fake"))
}
extension ConnectOptions {
    static let fake = ConnectOptions(policy: ConnectionPolicy())
}

/// Keeps nothing but counts.
final class CountingSink: RowSink, Sendable {
    struct State { var rows = 0, ends = 0, truncated: RowLimit?, pages: [Int] = [] }
    let state = Mutex(State())
    func columns(_ columns: [Databases.Column]) throws(DatabaseError) {}
    func page(_ page: Page) throws(DatabaseError) -> Demand {
        state.withLock {
            $0.rows += page.rowCount
            $0.pages.append(page.rowCount)
        }
        return .more
    }
    func truncated(by limit: RowLimit) { state.withLock { $0.truncated = limit } }
    func ended(_ result: Result<StatementOutcome, DatabaseError>) { state.withLock { $0.ends += 1 } }
}

/// Waits for what another thread is about to do, at most ten seconds; the test's own condition decides.
func eventually(_ condition: () -> Bool) async -> Bool {
    let deadline = Monotonic.after(milliseconds: 10_000)
    while Monotonic.nowNs < deadline {
        if condition() { return true }
        await Task.yield()
    }
    return condition()
}

func threadNames() -> [String] {
    entries("/proc/self/task").compactMap { id in
        guard let file = fopen("/proc/self/task/\(id)/comm", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, 64, file) != nil else { return nil }
        return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

func entries(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names
}
