import Foundation
import TestSupport
import Testing

/// What happens when somebody edits the store beside the daemon. Security bar A15.
@Suite struct SealedRecordTests {
    /// Version, key id and nonce, before what is sealed.
    private static let headerBytes = 33

    private struct Setting {
        let daemon: DaemonProcess
        let client: TestClient
        let account: TestClient.Account
        let connectionString: String
        /// Ids of projects, all of the same database.
        let projects: [String]
        let query: String
        let stranger: TestClient.Account
        let strangersProject: String

        var store: String { daemon.stateDirectory + "/store.sqlite" }

        init(projectCount: Int) async throws {
            let daemon = try await DaemonProcess.start()
            let file = daemon.directory.appending("canary-in-a-path.sqlite")
            try Engine.sqlite.script("CREATE TABLE t (a); INSERT INTO t VALUES (7)", file: file)
            let text = "sqlite://\(file)"
            func project(_ client: TestClient, _ name: String) async throws -> String {
                let made = try await client.call(
                    "project.create",
                    ["name": .string(name), "databaseType": "sqlite", "connectionString": .string(text)])
                return made["id"].string ?? ""
            }
            let client = try daemon.client()
            account = try await client.signUp()
            var projects: [String] = []
            for number in 0..<projectCount { projects.append(try await project(client, "P\(number)")) }
            let run = try await client.call("query.run", ["projectId": .string(projects[0]), "sql": "SELECT a FROM t"])
            query = run["queryId"].string ?? ""
            let other = try daemon.client()
            stranger = try await other.signUp()
            strangersProject = try await project(other, "Theirs")
            (self.daemon, self.client, connectionString, self.projects) = (daemon, client, text, projects)
        }

        /// A sealed column of a row, in hexadecimal.
        func sealed(_ id: String, _ column: String = "connection_string", of table: String = "projects") throws -> String {
            let hex = try Engine.sqlite.script("SELECT hex(\(column)) FROM \(table) WHERE id = '\(id)'", file: store)
            return hex.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func replace(_ id: String, with hex: String) throws {
            try Engine.sqlite.script("UPDATE projects SET connection_string = x'\(hex)' WHERE id = '\(id)'", file: store)
        }
    }

    private static func flipping(_ byte: Int, of hex: String) -> String {
        var bytes = Array(hex.utf8)
        bytes[2 * byte + 1] = bytes[2 * byte + 1] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func auditLines(_ log: String, row: String) throws -> [JSONValue] {
        try log.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
            .filter { $0["message"] == "sealed record refused" && $0["row"].string == row }
    }

    @Test func everyWayOfTamperingIsRefusedAndAudited() async throws {
        let good = 2
        let setting = try await Setting(projectCount: good + 7 + Self.headerBytes)
        let (daemon, account) = (setting.daemon, setting.account)
        try await daemon.stop()
        let preview = try setting.sealed(setting.query, "result", of: "queries")
        var reasons: [(id: String, reason: String)] = []
        func tamper(_ reason: String, _ change: (String) throws -> String) throws {
            let id = setting.projects[good + reasons.count]
            try setting.replace(id, with: change(try setting.sealed(id)))
            reasons.append((id, reason))
        }
        let misplaced = "changed, or belongs to another place"
        // Of another row, of another user, of another column; shorter, longer, nothing of it left, and its last bit.
        let neighbour = try setting.sealed(setting.projects[0])
        let theirs = try setting.sealed(setting.strangersProject)
        try tamper(misplaced) { _ in neighbour }
        try tamper(misplaced) { _ in theirs }
        try tamper(misplaced) { _ in preview }
        try tamper(misplaced) { String($0.dropLast(2)) }
        try tamper(misplaced) { $0 + "00" }
        try tamper("too short") { _ in "" }
        try tamper(misplaced) { Self.flipping($0.utf8.count / 2 - 1, of: $0) }
        for byte in 0..<Self.headerBytes {
            try tamper(byte == 0 ? "unknown version" : byte < 9 ? "no such sealing key" : misplaced) {
                Self.flipping(byte, of: $0)
            }
        }
        let next = try await daemon.startAgain()
        let client = try next.client()
        try await client.attach(account.token)
        var errors: Set<String> = []
        for (id, reason) in reasons {
            let failure = try await client.failure("query.run", ["projectId": .string(id), "sql": "SELECT a FROM t"])
            #expect(failure.code == "invalid_connection_string" && failure.data["phase"] == "parse", "\(reason)")
            errors.insert("\(failure.withoutRequestID)")
        }
        // One answer to all of them, and it says what to do.
        #expect(errors.count == 1 && errors.first?.contains("project.update") == true)
        for id in setting.projects[..<good] {
            let rows = try await client.call("query.run", ["projectId": .string(id), "sql": "SELECT a FROM t"])["rows"]
            #expect(rows == [[7]])
        }
        try await next.stop()
        for (id, reason) in reasons {
            let lines = try Self.auditLines(next.log, row: id)
            #expect(lines.count == 1, "\(reason)")
            let line = lines.first ?? .null
            #expect(line["level"] == "error" && line["user"].string == account.userID)
            #expect(line["purpose"] == "project.connectionString" && line["reason"].string?.contains(reason) == true, "\(line)")
        }
        for id in setting.projects[..<good] { #expect(try Self.auditLines(next.log, row: id).isEmpty) }
        #expect(!next.log.contains("canary-in-a-path") && !next.log.contains(neighbour))
    }

    @Test func nothingElseBreaksAndItsOwnerCanMendIt() async throws {
        let setting = try await Setting(projectCount: 3)
        try await setting.daemon.stop()
        let broken = setting.projects[1]
        let (mine, theirs) = (try setting.sealed(broken), try setting.sealed(setting.strangersProject))
        try setting.replace(broken, with: theirs)
        try setting.replace(setting.strangersProject, with: mine)
        let hex = Self.flipping(40, of: try setting.sealed(setting.query, "result", of: "queries"))
        try Engine.sqlite.script("UPDATE queries SET result = x'\(hex)' WHERE id = '\(setting.query)'", file: setting.store)
        let daemon = try await setting.daemon.startAgain()
        let client = try daemon.client()
        try await client.attach(setting.account.token)
        let id: JSONValue = .string(broken)
        #expect(try await client.call("project.list")["items"].array?.count == 3)
        #expect(try await client.call("dashboard.get")["projects"] != .null)
        #expect(try await client.call("project.get", ["projectId": id])["connection"] == "sqlite://")
        let summary = try await client.call("project.summary", ["projectId": id])
        #expect(summary["database"]["unavailable"]["code"] == "invalid_connection_string")
        #expect(try await client.errorCode("query.explain", ["projectId": id, "sql": "SELECT 1"]) == "invalid_connection_string")
        let test = try await client.call("project.test", ["projectId": id])
        #expect(test["ok"] == false && test["steps"][0]["status"] == "failed")
        #expect(test["steps"][0]["code"] == "invalid_connection_string")
        // A query whose rows do not open is still in history.
        let record = try await client.call("query.get", ["queryId": .string(setting.query)])
        #expect(record["status"] == "success" && record["rowCount"] == 1 && record.member("preview") == nil)
        try await daemon.waitForLog(containing: "query.preview")
        #expect(try Self.auditLines(daemon.log, row: setting.query).count == 1)
        // Setting it again mends it; the other side of the swap was refused as well.
        try await client.call("project.update", ["projectId": id, "connectionString": .string(setting.connectionString)])
        #expect(try await client.call("query.run", ["projectId": id, "sql": "SELECT a FROM t"])["rows"] == [[7]])
        let stranger = try daemon.client()
        try await stranger.attach(setting.stranger.token)
        let theirID: JSONValue = .string(setting.strangersProject)
        #expect(
            try await stranger.errorCode("query.run", ["projectId": theirID, "sql": "SELECT 1"]) == "invalid_connection_string")
        #expect(try await stranger.call("project.delete", ["projectId": theirID]) == [:])
    }
}
