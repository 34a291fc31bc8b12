import Foundation
import Glibc
import TestSupport
import Testing

/// Security bar E55: the Nth call of a kind fails, once or time and again, for N = 1, 2, 3 … until nothing fails any more.
///
/// Whatever fails, every request is answered or its connection closed, nothing that was acknowledged is missing afterwards, nothing is
/// there by halves, and the store is whole. The fixed script of requests is that of ``WorkerSeat/script()`` and
/// ``RegistrarSeat/script()``.
@Suite(.serialized) struct FaultInjectionTests {
    struct Fault: Sendable {
        enum Pattern: Sendable, CaseIterable {
            case once, fromThenOn
            /// For what the kernel never does without end.
            case everySeventh

            func when(_ number: Int) -> String {
                switch self {
                case .once: "\(number)"
                case .fromThenOn: "\(number)+"
                case .everySeventh: "\(number)+7"
                }
            }
        }

        var call: String
        var error: String
        var pattern: Pattern
    }

    enum Group: String, CaseIterable, CustomTestStringConvertible {
        case storage, descriptors, interruptions, memory
        var testDescription: String { rawValue }

        var faults: [Fault] {
            func faults(_ calls: [String], _ errors: [String], _ patterns: [Fault.Pattern]) -> [Fault] {
                calls.flatMap { call in
                    errors.flatMap { error in patterns.map { Fault(call: call, error: error, pattern: $0) } }
                }
            }
            return switch self {
            case .storage:
                faults(["fdatasync"], ["EIO"], [.once, .fromThenOn])
                    + faults(["pwrite64"], ["ENOSPC", "EIO"], [.once, .fromThenOn])
                    + faults(["ftruncate", "fallocate"], ["ENOSPC"], [.once]) + faults(["pread64"], ["EIO"], [.once])
            case .descriptors:
                faults(["openat"], ["EMFILE"], [.once, .fromThenOn]) + faults(["openat"], ["ENFILE"], [.once])
                    + faults(["socket", "eventfd2", "epoll_create1"], ["EMFILE"], [.once])
                    + faults(["accept4"], ["EMFILE", "ENFILE", "ECONNABORTED"], [.once])
                    + faults(["accept4"], ["EMFILE"], [.everySeventh])
            // Not futex(2): of its calls only some can be interrupted, and the C library ends the process if another says that it was.
            case .interruptions:
                faults(
                    [
                        "read", "write", "epoll_wait", "recvmsg,recvfrom", "connect", "accept4", "fdatasync,fsync",
                        "openat",
                    ],
                    ["EINTR"], [.everySeventh])
            case .memory: faults(["mmap", "brk", "mprotect", "clone3,clone"], ["ENOMEM"], [.once, .fromThenOn])
            }
        }

        /// The places that an ordinary run tries of each fault.
        var sample: [Int] { self == .storage ? [3, 17] : [5] }
    }

    /// 1, 2, 3 …, and with growing steps once the numbers are large.
    private static func numbers(_ group: Group) -> [Int] {
        guard TestScale.isFull else { return group.sample }
        var numbers = Array(1...8)
        while let last = numbers.last, last < 100_000 { numbers.append(last + last / 2) }
        return numbers
    }

    @Test(.enabled(if: Trace.isUsable, Trace.reason), .timeLimit(.minutes(TestScale.isFull ? 60 : 10)), arguments: Group.allCases)
    func `a call of the kernel fails`(group: Group) async throws {
        let world = try await CrashWorld.start(excuses: .everything)
        #expect(try await world.bench.daemon.stop() == 0)
        var (round, injected, deaths) = (0, 0, 0)
        for fault in group.faults {
            for number in Self.numbers(group) {
                let place = "\(fault.call) \(fault.error) \(fault.pattern.when(number))"
                let trace = world.bench.daemon.directory.appending("trace")
                let status = try await Self.run(
                    world, round,
                    [
                        "strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=\(fault.call)", "-e", "signal=none", "-e",
                        "inject=\(fault.call):error=\(fault.error):when=\(fault.pattern.when(number))", "-o", trace,
                    ])
                round += 1
                // By a signal only where there is no memory: the language's own way to end.
                if let status, status >= 128 { deaths += 1 }
                #expect(status.map { $0 < 128 } ?? true || group == .memory, "\(place): exit \(status ?? 0)")
                for problem in try await Self.judge(world) { Issue.record("\(place): \(problem)") }
                let text = (try? String(contentsOfFile: trace, encoding: .utf8)) ?? ""
                let count = text.split(separator: "\n").count { $0.contains("(INJECTED)") }
                injected += count
                if count == 0, TestScale.isFull { break }
            }
        }
        #expect(injected > 0)
        print(
            "E55: \(group.rawValue): \(injected) calls failed in \(round) runs of the script, of which \(deaths) ended by a signal; "
                + "\(world.model.figures.total) acknowledged writes checked")
    }

    /// Memory that malloc(3) does not have: the daemon may die of it, which is a crash as any.
    @Test(.enabled(if: FaultShim.isUsable, FaultShim.reason), .timeLimit(.minutes(TestScale.isFull ? 30 : 5)))
    func `memory runs out`() async throws {
        let world = try await CrashWorld.start(excuses: .everything)
        let shim = try FaultShim(in: world.bench.daemon.directory)
        #expect(try await world.bench.daemon.stop() == 0)
        var after = 1
        var (round, deaths, injected) = (0, 0, 0)
        while after < (TestScale.isFull ? 10_000_000 : 100_000) {
            let status = try await Self.run(world, round, shim.launcher) {
                shim.set(.memory, error: ENOMEM, after: after, isPersistent: false)
            }
            round += 1
            injected += shim.injected
            if let status, status >= 128 { deaths += 1 }
            let isOver = shim.injected == 0
            shim.mend()
            for problem in try await Self.judge(world) { Issue.record("allocation \(after): \(problem)") }
            if isOver { break }
            after = TestScale.isFull ? after + 1 + after / 8 : after * 6
        }
        #expect(injected > 0)
        print("E55: \(injected) allocations failed in \(round) runs of the script, and the daemon died of \(deaths)")
    }

    /// A client's connection breaks while it is written to or read from: the daemon has nothing to do with that but to end it.
    @Test(.enabled(if: FaultShim.isUsable, FaultShim.reason), .timeLimit(.minutes(TestScale.isFull ? 30 : 5)))
    func `connections of clients break`() async throws {
        let world = try await CrashWorld.start(excuses: .everything)
        let shim = try FaultShim(in: world.bench.daemon.directory)
        #expect(try await world.bench.daemon.stop() == 0)
        var (round, injected) = (0, 0)
        for (calls, error) in [(FaultShim.Calls.sends, EPIPE), (.sends, ECONNRESET), (.receptions, ECONNRESET)] {
            for after in TestScale.isFull ? Array(1...60) : [2, 9, 31] {
                let status = try await Self.run(world, round, shim.launcher) {
                    shim.set(calls, error: error, after: after, isPersistent: false)
                }
                round += 1
                injected += shim.injected
                shim.mend()
                #expect(status == 0, "\(calls) \(error) \(after)")
                for problem in try await Self.judge(world) { Issue.record("\(calls) \(error) \(after): \(problem)") }
            }
        }
        #expect(injected > 0)
        print("E55: connections of clients broke at \(injected) places")
    }

    /// Of every write only a half is taken, as by a socket or pipe that is nearly full: nothing is different for anybody.
    @Test(.enabled(if: FaultShim.isUsable, FaultShim.reason), .timeLimit(.minutes(5)))
    func `writes are taken by halves`() async throws {
        let world = try await CrashWorld.start()
        let shim = try FaultShim(in: world.bench.daemon.directory)
        #expect(try await world.bench.daemon.stop() == 0)
        shim.set(.halves, isPersistent: true)
        let status = try await Self.run(world, 0, shim.launcher)
        #expect(status == 0)
        #expect(shim.injected > 100)
        print("E55: \(shim.injected) writes were taken by halves")
        shim.mend()
        for problem in try await Self.judge(world) { Issue.record("\(problem)") }
        // Nothing was refused or lost, not even a row of history that nobody waits for.
        #expect(world.model.figures.total > 20 && world.model.figures.undone == 0)
    }

    /// Has a daemon that `launcher` starts do the script, and ends it; what was asked first, it may refuse to start.
    ///
    /// - Parameter begin: called once it serves.
    /// - Returns: its exit status; nil where it did not start.
    private static func run(
        _ world: CrashWorld, _ round: Int, _ launcher: [String], _ begin: () -> Void = {}
    ) async throws -> Int32? {
        let settings = world.settings.merging(["DBASSIST_LIMITS_SHUTDOWN_MS": "3000"]) { $1 }
        guard let daemon = try? await DaemonProcess.start(settings, in: world.bench.daemon.directory, launcher: launcher) else {
            return nil
        }
        begin()
        do {
            let client = try daemon.client()
            try await client.attach(world.owners[0].token)
            var worker = WorkerSeat(world, 0, round: round, client)
            await worker.follow { try await $0.script() }
        } catch {}
        var registrar = RegistrarSeat(world, 0, round: round, daemon)
        await registrar.follow { try await $0.script(isShort: !TestScale.isFull) }
        daemon.end(SIGTERM)
        return try await daemon.waitForExit(timeoutMs: 40_000)
    }

    /// What is wrong with what there is, as an untouched daemon shows it.
    private static func judge(_ world: CrashWorld) async throws -> [String] {
        let daemon = try await DaemonProcess.start(world.settings, in: world.bench.daemon.directory)
        var judge = CrashJudge(world, daemon)
        let problems = try await judge.judge()
        #expect(try await daemon.stop() == 0)
        return Array(problems.prefix(10))
    }
}
