import Glibc
import TestSupport
import Testing

/// Security bar E55: the kernel refuses the Nth call of a kind, once or from then on.
///
/// Whatever fails, every request is answered or its connection closed, nothing that was acknowledged is missing afterwards, and the
/// store is whole.
@Suite(.serialized, .enabled(if: Trace.isUsable, Trace.reason)) struct FaultInjectionTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var call: String
        var error: String
        var isPersistent: Bool
        var testDescription: String { "\(call) \(error)\(isPersistent ? ", from then on" : "")" }
    }

    static let faults: [Fault] = [("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("openat", "EMFILE")].flatMap
    {
        [Fault(call: $0.0, error: $0.1, isPersistent: false), Fault(call: $0.0, error: $0.1, isPersistent: true)]
    }

    @Test(.timeLimit(.minutes(10)), arguments: faults) func `the Nth call fails`(fault: Fault) async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        #expect(try await bench.daemon.stop() == 0)
        var known = [bench.project(.sqlite): "sqlite"]
        let numbers = TestScale.isFull ? Array(1...40) : [1, 2, 3, 5, 9, 17]
        for number in numbers {
            let when = "\(number)\(fault.isPersistent ? "+" : "")"
            let launcher = [
                "strace", "-D", "-f", "-qq", "-e", "trace=\(fault.call)", "-e", "signal=none", "-e",
                "inject=\(fault.call):error=\(fault.error):when=\(when)", "-o", "/dev/null",
            ]
            // It may refuse to start; then nothing was acknowledged.
            if let daemon = try? await DaemonProcess.start(in: bench.daemon.directory, launcher: launcher) {
                await Self.work(daemon, bench, &known)
                daemon.end(SIGTERM)
                let status = try await daemon.waitForExit()
                // Clean: its own doing, not a signal's.
                #expect(status < 128, "\(when): \(status)\n\(daemon.log.suffix(2000))")
            }
            let after = try await DaemonProcess.start(in: bench.daemon.directory)
            let client = try after.client()
            try await client.attach(bench.account.token)
            let found = try await client.call("project.list", ["limit": 200])["items"].array ?? []
            for (id, name) in known {
                let project = found.first { $0["id"].string == id }
                #expect(project?["name"].string == name, "\(when): \(name) is not there")
            }
            // What was not acknowledged may be there all the same.
            #expect(found.count >= known.count)
            #expect(try await after.stop() == 0)
            let store = bench.daemon.directory.appending("state/store.sqlite")
            #expect(try ChildProcess.run(["sqlite3", store, "PRAGMA integrity_check"]) == "ok\n", "\(when)")
        }
    }

    /// Requests of every kind of write; `known` is what was acknowledged.
    private static func work(_ daemon: DaemonProcess, _ bench: Workbench, _ known: inout [String: String]) async {
        guard let client = try? daemon.client(), (try? await client.attach(bench.account.token)) != nil else { return }
        for round in 0..<6 {
            let name = "p\(known.count).\(round)"
            let made = try? await client.call(
                "project.create",
                ["name": .string(name), "databaseType": "sqlite", "connectionString": .string("sqlite://" + bench.file)])
            guard let id = made?["id"].string else { continue }
            known[id] = name
            _ = try? await client.call("query.run", ["projectId": .string(id), "sql": "SELECT 1"])
            // Refused or not, it has one of the two names.
            let renamed = name + " again"
            do {
                try await client.call("project.update", ["projectId": .string(id), "name": .string(renamed)])
                known[id] = renamed
            } catch {
                known[id] = nil
            }
            _ = try? await client.call("query.history", ["limit": 3])
            guard round % 3 == 2 else { continue }
            // Gone, or not known whether.
            known[id] = nil
            _ = try? await client.call("project.delete", ["projectId": .string(id)])
        }
    }
}
