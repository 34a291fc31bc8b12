import Glibc
import TestSupport
import Testing

/// What was acknowledged is there after a crash, and the daemon starts again by itself.
@Suite struct CrashTests {
    /// What one writer was told is done.
    private struct Acknowledged: Sendable {
        var emails: [String] = []
        var projects: [String] = []
        var deleted: [String] = []
    }

    /// Security bar E53: twenty crashes under mixed writes.
    @Test(.timeLimit(.minutes(5))) func `nothing acknowledged is lost`() async throws {
        // Passwords cost time on purpose; one account a round, many projects. A sign-up that a crash cuts off stays counted as failed.
        let bench = try await Workbench.start(["DBASSIST_LIMITS_LOGIN_FAILURES": "1000"], engines: [.sqlite])
        var daemon = bench.daemon
        var known: Set<String> = [bench.project(.sqlite)]
        var gone: Set<String> = []
        var emails = [bench.account.email]
        var random = SystemRandomNumberGenerator()
        for round in 0..<20 {
            let current = daemon
            let tasks = (0..<3).map { writer in
                Task { await Self.write(current, bench.account.token, bench.file, "\(round).\(writer)", signsUp: writer == 0) }
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...600, using: &random)))
            try await daemon.crash()
            for task in tasks {
                let acknowledged = await task.value
                known.formUnion(acknowledged.projects)
                known.subtract(acknowledged.deleted)
                gone.formUnion(acknowledged.deleted)
                emails += acknowledged.emails
            }
            let began = ContinuousClock.now
            daemon = try await daemon.startAgain()
            #expect(ContinuousClock.now - began < .promptly, "round \(round)")
            let client = try daemon.client()
            try await client.attach(bench.account.token)
            var found: Set<String> = []
            var params: JSONValue = ["limit": 200]
            while true {
                let page = try await client.call("project.list", params)
                found.formUnion(page["items"].array?.compactMap { $0["id"].string } ?? [])
                guard let cursor = page.member("nextCursor") else { break }
                params = ["limit": 200, "cursor": cursor]
            }
            #expect(known.subtracting(found).isEmpty, "round \(round): lost")
            #expect(gone.intersection(found).isEmpty, "round \(round): came back")
            if let email = emails.last {
                let login: JSONValue = ["email": .string(email), "password": .string(TestClient.password)]
                #expect(try await daemon.client().call("auth.login", login)["user"]["email"].string == email)
            }
        }
        #expect(known.count > 20)
        try await daemon.stop()
        #expect(
            try ChildProcess.run([
                "sqlite3", bench.daemon.stateDirectory + "/store.sqlite", "PRAGMA integrity_check; PRAGMA foreign_key_check",
            ]) == "ok\n")
    }

    /// Writes until the daemon is gone; answers what it was told is done.
    private static func write(
        _ daemon: DaemonProcess, _ token: String, _ file: String, _ name: String, signsUp: Bool
    ) async -> Acknowledged {
        var done = Acknowledged()
        do {
            let client = try daemon.client()
            if signsUp {
                let newcomer = try daemon.client()
                done.emails.append(try await newcomer.signUp().email)
            }
            try await client.attach(token)
            for number in 0... {
                let project = try await client.call(
                    "project.create",
                    [
                        "name": .string("\(name).\(number)"), "databaseType": "sqlite",
                        "connectionString": .string("sqlite://\(file)"),
                    ])
                guard let id = project["id"].string else { break }
                if number % 3 == 0 {
                    // Until its deletion is acknowledged, nobody can say whether it must be there.
                    try await client.call("project.delete", ["projectId": .string(id)])
                    done.deleted.append(id)
                } else {
                    done.projects.append(id)
                }
            }
        } catch { return done }
        return done
    }
}
