import Foundation
import Glibc
import TestSupport
import Testing

/// A rotation and a resealing that are killed at any point. Security bar C35.
@Suite(.serialized, .enabled(if: Trace.isUsable, Trace.reason)) struct KeyCrashTests {
    /// A call of the kernel that concerns the keyring: the how-manieth of its name.
    private struct Place: CustomStringConvertible {
        var call: String
        var number: Int
        var description: String { "\(call) \(number)" }
    }

    /// strace(1), looking only at the keyring, what takes its place, and their directory.
    private func tracer(_ directory: TemporaryDirectory, calls: String, _ options: [String]) -> [String] {
        let state = directory.appending("state")
        return ["strace", "-f", "-qq", "-P", state, "-P", state + "/keyring", "-P", state + "/.keyring.new"]
            + ["-e", "trace=" + calls, "-e", "signal=none"] + options
    }

    /// Every place of a rotation, in order.
    private func places(_ directory: TemporaryDirectory) throws -> [Place] {
        let trace = directory.appending("trace")
        let calls = "openat,flock,fstat,newfstatat,read,unlinkat,write,fchmod,fsync,renameat,close"
        let run = try Command(["keys", "rotate"], in: directory, launcher: tracer(directory, calls: calls, ["-o", trace]))
        #expect(run.status == 0, "\(run.output)")
        var counts: [String: Int] = [:]
        return try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").compactMap { line in
            // "1234 fsync(5) = 0": the thread, the call.
            guard let words = line.split(separator: "(").first, let call = words.split(separator: " ").last.map(String.init)
            else {
                return nil
            }
            counts[call, default: 0] += 1
            return Place(call: call, number: counts[call] ?? 0)
        }
    }

    @Test(.timeLimit(.minutes(10))) func `a rotation killed at any call leaves a keyring that works`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let query = try await bench.run(.sqlite, "SELECT 41 + 1")["queryId"]
        let directory = bench.daemon.directory
        #expect(try await bench.daemon.stop() == 0)
        let places = try places(directory)
        #expect(places.count >= 20 && Set(["renameat", "fsync", "write", "flock"]).isSubset(of: places.map(\.call)), "\(places)")
        var keyCount = try Keys(in: directory).all.count
        var rotated: [String] = []
        for place in places {
            let inject = ["-e", "inject=\(place.call):signal=KILL:when=\(place.number)", "-o", "/dev/null"]
            let run = try Command(["keys", "rotate"], in: directory, launcher: tracer(directory, calls: place.call, inject))
            #expect(run.status == 128 + SIGKILL, "\(place)")
            let listed = try Keys(in: directory)
            // All of it or nothing.
            #expect(listed.all.count == keyCount || listed.all.count == keyCount + 2, "\(place)")
            #expect(listed.ids("signing", "active").count == 1 && listed.ids("sealing", "active").count == 1, "\(place)")
            if listed.all.count > keyCount { rotated.append("\(place)") }
            keyCount = listed.all.count
            let daemon = try await bench.daemon.startAgain()
            let client = try daemon.client()
            try await client.attach(bench.account.token)
            let params: JSONValue = ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 1"]
            #expect(try await client.call("query.run", params)["rows"] == [[1]], "\(place)")
            #expect(try await client.call("query.get", ["queryId": query])["preview"]["rows"] == [[42]], "\(place)")
            #expect(try await daemon.stop() == 0)
        }
        // It was in place once it was renamed, and not before.
        #expect(rotated == ["fsync 2", "close 5"], "\(places)")
        print("C35: a rotation killed at \(places.count) calls")
    }

    @Test(.timeLimit(.minutes(10))) func `a daemon killed while it seals anew loses no record`() async throws {
        let settings = ["DBASSIST_LOG_LEVEL": "debug"]
        let bench = try await Workbench.start(settings, engines: [.sqlite])
        let directory = bench.daemon.directory
        var ids = [bench.project(.sqlite)]
        for number in 0..<450 {
            let made = try await bench.client.call(
                "project.create",
                ["name": .string("p\(number)"), "databaseType": "sqlite", "connectionString": .string("sqlite://\(bench.file)")])
            ids.append(made["id"].string ?? "")
        }
        for number in 0..<250 { try await bench.run(.sqlite, "SELECT \(number)") }
        try await bench.daemon.stop()
        #expect(try Command(["keys", "rotate", "sealing"], in: directory).status == 0)
        let total = try Keys(in: directory).records("old")
        #expect(total == 701)
        var left = [total]
        // At each of its first commits: some of them are of batches.
        for number in 1...8 {
            let killer = [
                "strace", "-D", "-f", "-qq", "-e", "trace=fdatasync", "-e", "signal=none", "-e",
                "inject=fdatasync:signal=KILL:when=\(number)", "-o", "/dev/null",
            ]
            if let daemon = try? await DaemonProcess.start(settings, in: directory, launcher: killer) {
                try await daemon.waitForLogOrExit(containing: "\"resealed\"")
                if daemon.exitStatus == nil { try await daemon.crash() }
            }
            left.append(try Keys(in: directory).records("old"))
        }
        // And in the middle of a pass, by its own account, until there is nothing left to do.
        while left.last != 0, left.count < 40 {
            let daemon = try await DaemonProcess.start(settings, in: directory)
            try await daemon.waitForLog(containing: "\"resealing\"")
            try await daemon.crash()
            left.append(try Keys(in: directory).records("old"))
        }
        #expect(left == left.sorted(by: >) && left.last == 0)
        // It was in the middle at least once.
        #expect(left.contains { $0 > 0 && $0 < total })
        print("C35: records left after each kill: \(left)")
        let daemon = try await DaemonProcess.start(settings, in: directory)
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        for id in ids {
            #expect(
                try await client.call("project.get", ["projectId": .string(id)])["connection"]
                    == .string("sqlite://\(bench.file)"))
        }
        let history = try await client.call("query.history", ["limit": 200])["items"].array ?? []
        #expect(history.count == 200)
        for item in history {
            #expect(try await client.call("query.get", ["queryId": item["id"]])["preview"]["rows"].array?.count == 1)
        }
        #expect(try Keys(in: directory).records("active") == total)
        #expect(try await daemon.stop() == 0)
        #expect(!daemon.log.contains("sealed record refused"))
    }
}
