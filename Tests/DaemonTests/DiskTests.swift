import Glibc
import TestSupport
import Testing

/// A disk that takes nothing more: reads go on, writes say what to do, and when it takes something again nobody has to start anything
/// anew. Security bar E56.
@Suite(.serialized) struct DiskTests {
    /// Somebody's work on a disk that may fail, and what they were told is done.
    private struct Work {
        let bench: Workbench
        var known: [String: String] = [:]
        /// Statements that changed rows.
        var rows = 0
        var client: TestClient { bench.client }

        init(_ bench: Workbench) { self.bench = bench }

        mutating func create(_ name: String) async throws {
            let made = try await client.call(
                "project.create",
                ["name": .string(name), "databaseType": "sqlite", "connectionString": .string("sqlite://" + bench.file)])
            known[made["id"].string ?? ""] = name
        }

        mutating func insert() async throws {
            try await bench.write(.sqlite, "INSERT INTO t (b) VALUES ('x')")
            rows += 1
        }

        /// Everything that was acknowledged is there, as this connection sees it.
        func check(_ client: TestClient, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let found = try await client.call("project.list", ["limit": 200])["items"].array ?? []
            let names = Dictionary(
                uniqueKeysWithValues: found.map { ($0["id"].string ?? "", $0["name"].string ?? "") })
            for (id, name) in known { #expect(names[id] == name, sourceLocation: sourceLocation) }
            #expect(
                try bench.daemon.count(bench.file) == rows, "rows that nobody was told of", sourceLocation: sourceLocation)
        }

        /// What reads is answered.
        func checkReads(sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let other = try bench.daemon.client()
            try await other.attach(bench.account.token)
            try await check(other, sourceLocation: sourceLocation)
            for method in ["auth.whoami", "auth.sessions", "query.history", "chat.threads", "dashboard.get", "system.health"] {
                try await other.call(method)
            }
            #expect(
                try await other.call("query.run", bench.query(.sqlite, "SELECT 7"))["rows"] == [[7]],
                sourceLocation: sourceLocation)
            let project: JSONValue = ["projectId": .string(bench.project(.sqlite))]
            #expect(try await other.call("schema.list", project)["items"] != [], sourceLocation: sourceLocation)
        }

        /// What writes is refused with a sentence that says what to do, and has not happened.
        func checkRefusals(_ advice: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let project = JSONValue.string(bench.project(.sqlite))
            let email = TestClient.newEmail()
            let requests: [(String, JSONValue?)] = [
                (
                    "project.create",
                    ["name": "late", "databaseType": "sqlite", "connectionString": .string("sqlite://" + bench.file)]
                ),
                ("project.update", ["projectId": project, "name": "another"]), ("project.delete", ["projectId": project]),
                ("auth.updateProfile", ["name": "Somebody Else"]), ("auth.logout", nil),
                ("query.run", bench.query(.sqlite, "INSERT INTO t (b) VALUES ('never')", nil, ["mode": "write"])),
                ("chat.send", ["projectId": project, "content": "what tables are there?"]),
                ("chat.confirm", ["projectId": project, "question": "how many?", "sql": "SELECT count(*) FROM t"]),
                ("auth.signup", ["name": "Late", "email": .string(email), "password": .string(TestClient.password)]),
                ("auth.login", ["email": .string(bench.account.email), "password": .string(TestClient.password)]),
            ]
            for (method, params) in requests {
                let asker = ["auth.signup", "auth.login"].contains(method) ? try bench.daemon.client() : client
                let failure = try await asker.failure(method, params, sourceLocation: sourceLocation)
                #expect(failure.code == "busy", "\(method): \(failure)", sourceLocation: sourceLocation)
                #expect(
                    failure.data["retryable"] == true && failure.data["phase"] == "store" && failure.message.contains(advice),
                    "\(method): \(failure)", sourceLocation: sourceLocation)
            }
            #expect(try await client.call("auth.whoami")["user"]["name"] == "Ada Lovelace", sourceLocation: sourceLocation)
        }
    }

    /// Writes until the disk takes nothing of it, and a little more: what was free inside of files goes too.
    private func exhaust(_ work: inout Work) async throws {
        var refusals = 0
        for number in 0..<4000 where refusals < 5 {
            do {
                try await work.create("full \(number)")
                refusals = 0
            } catch let failure as TestClient.Failure {
                #expect(failure.code == "busy", "\(failure)")
                refusals += 1
                continue
            }
        }
        #expect(refusals == 5)
    }

    @Test(.enabled(if: SmallDisk.isUsable, SmallDisk.reason), .timeLimit(.minutes(3)))
    func `a full disk is told, and heals`() async throws {
        let directory = try TemporaryDirectory()
        let disk = try SmallDisk(at: directory.appending("state"), bytes: 6 << 20)
        let bench = try await Workbench.start(engines: [.sqlite, .postgresql], in: directory, launcher: disk.launcher)
        var work = Work(bench)
        for number in 0..<10 { try await work.create("before \(number)") }
        try await work.insert()
        // A write that ends when its end cannot be kept.
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2a"
        let late = try await bench.connect()
        let slow = late.send(
            "query.run", bench.query(.postgresql, "SELECT pg_sleep(4)", nil, ["mode": "write", "queryId": queryID]))
        #expect(try await eventually(.promptly) { try await bench.client.call("query.running")["items"].array?.count == 1 })
        try disk.fill()
        try await exhaust(&work)
        try await work.checkReads()
        try await work.checkRefusals("free some space")
        _ = try await late.result(of: slow, "query.run")
        #expect(try await bench.client.call("query.get", ["queryId": queryID])["status"] == "running")
        #expect(try await eventually(.promptly) { try await bench.client.call("system.health")["status"] != "ok" })
        // Room again: at once, and without anybody's help.
        try disk.free()
        try await work.create("after")
        try await work.insert()
        try await work.checkReads()
        #expect(
            try await eventually(.promptly) {
                try await bench.client.call("query.get", ["queryId": queryID])["status"] == "success"
            })
        #expect(try await eventually(.promptly) { try await bench.client.call("system.health")["status"] == "ok" })
        // What was read meanwhile is in history too.
        let reads: JSONValue = ["text": "SELECT 7", "limit": 200]
        #expect(
            try await eventually(.promptly) { try await bench.client.call("query.history", reads)["items"].array?.count == 2 })
        try await bench.daemon.crash()
        let after = try await DaemonProcess.start(in: directory, launcher: disk.launcher)
        let client = try after.client()
        try await client.attach(bench.account.token)
        try await work.check(client)
        #expect(try await client.call("query.get", ["queryId": queryID])["status"] == "success")
        #expect(try disk.look("PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok\n")
        // There is no beginning on a disk that is full: that too is one sentence, and harms nothing.
        #expect(try await after.stop() == 0)
        try disk.fill()
        let refused = try Command(["serve"], in: directory, launcher: disk.launcher + ["timeout", "30"])
        #expect(refused.status == 1 && refused.output.contains("free some space"), "\(refused.output)")
        #expect(refused.output.split(separator: "\n").count == 1)
        try disk.free()
        let last = try await DaemonProcess.start(in: directory, launcher: disk.launcher)
        let reader = try last.client()
        try await reader.attach(bench.account.token)
        try await work.check(reader)
        #expect(try await last.stop() == 0)
        print("E56: \(work.known.count) projects on a disk of 6 MiB that was full twice")
    }

    @Test(.enabled(if: SmallDisk.isUsable, SmallDisk.reason), .timeLimit(.minutes(2)))
    func `a read-only state directory is refused in one sentence`() async throws {
        let directory = try TemporaryDirectory()
        let disk = try SmallDisk(at: directory.appending("state"), bytes: 6 << 20)
        let bench = try await Workbench.start(engines: [.sqlite], in: directory, launcher: disk.launcher)
        var work = Work(bench)
        try await work.create("before")
        #expect(try await bench.daemon.stop() == 0)
        try disk.remount(readOnly: true)
        let refused = try Command(["serve"], in: directory, launcher: disk.launcher + ["timeout", "30"])
        #expect(refused.status == 1)
        let lines = refused.output.split(separator: "\n")
        #expect(
            lines.count == 1 && lines[0].contains("read-only; make it writable"), "\(refused.output)")
        try disk.remount(readOnly: false)
        let after = try await DaemonProcess.start(in: directory, launcher: disk.launcher)
        let client = try after.client()
        try await client.attach(bench.account.token)
        try await work.check(client)
        #expect(try await after.stop() == 0)
    }

    enum Fault: String, CaseIterable, CustomTestStringConvertible {
        case readOnly, broken, full
        var testDescription: String { rawValue }

        var error: Int32 {
            switch self {
            case .readOnly: EROFS
            case .broken: EIO
            case .full: ENOSPC
            }
        }
        var advice: String { self == .full ? "free some space" : "try again" }
    }

    /// The file system turns read-only under a daemon that runs, as ext4 does after an error, and back.
    @Test(.enabled(if: FaultShim.isUsable, FaultShim.reason), .timeLimit(.minutes(2)), arguments: Fault.allCases)
    func `a disk that fails for a while is told, and heals`(fault: Fault) async throws {
        let directory = try TemporaryDirectory()
        let shim = try FaultShim(in: directory)
        let bench = try await Workbench.start(engines: [.sqlite], in: directory, launcher: shim.launcher)
        var work = Work(bench)
        for round in 0..<3 {
            try await work.create("before \(round)")
            try await work.insert()
            shim.set(.files, error: fault.error, isPersistent: true)
            try await work.checkReads()
            try await work.checkRefusals(fault.advice)
            #expect(shim.injected > 0)
            shim.mend()
            try await work.create("after \(round)")
            try await work.checkReads()
        }
        try await bench.daemon.crash()
        let after = try await bench.daemon.startAgain()
        let client = try after.client()
        try await client.attach(bench.account.token)
        try await work.check(client)
        let store = after.stateDirectory + "/store.sqlite"
        #expect(try ChildProcess.run(["sqlite3", store, "PRAGMA integrity_check; PRAGMA foreign_key_check"]) == "ok\n")
        #expect(try await after.stop() == 0)
    }
}

extension DaemonProcess {
    /// Rows of the table `t` of an SQLite file.
    fileprivate func count(_ file: String) throws -> Int {
        Int(try ChildProcess.run(["sqlite3", "-batch", file, "SELECT count(*) FROM t"]).split(separator: "\n").first ?? "") ?? -1
    }
}
