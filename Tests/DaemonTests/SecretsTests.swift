import Foundation
import Glibc
import Protocol
import TestSupport
import Testing

/// What goes in and must never come out.
@Suite struct SecretsTests {
    /// Secrets that no reply may have, and data that replies may have but the disk and the log may not.
    private struct Canaries {
        let password = Canary("pw-account")
        let newPassword = Canary("pw-new")
        let wrongPassword = Canary("pw-wrong")
        /// Of accounts of databases, by what is wrong with the connection string.
        let login: [Engine: Canary] = [.postgresql: Canary("pw-postgresql"), .mysql: Canary("pw-mysql")]
        let refused = Canary("pw-refused")
        let parameter = Canary("parameter")
        let row = Canary("row")
        var tokens: [Canary] = []

        var neverOut: [Canary] { [password, newPassword, wrongPassword, refused] + Array(login.values) }
        var neverAtRest: [Canary] { neverOut + [parameter, row] + tokens }

        /// The signature of a token, and the claims before it: either is as good as the whole.
        mutating func add(_ token: JSONValue) {
            let text = token.string ?? ""
            #expect(text.hasPrefix("v4.public."))
            tokens.append(Canary(exactly: String(text.dropFirst(10).prefix(40))))
            tokens.append(Canary(exactly: String(text.suffix(130).prefix(60))))
        }
    }

    private static let role = "canary_role"

    /// A database with a row that is a secret, and an account whose password is one.
    private func prepare(_ engine: Engine, _ canaries: Canaries, file: String) throws -> String {
        let table = "CREATE TABLE canary_rows (v VARCHAR(100) PRIMARY KEY)"
        let insert = "INSERT INTO canary_rows VALUES ('\(canaries.row)')"
        let password = canaries.login[engine]?.text ?? ""
        switch engine {
        case .postgresql:
            try engine.script(
                """
                DROP TABLE IF EXISTS canary_rows; DROP ROLE IF EXISTS \(Self.role); \(table); \(insert);
                CREATE ROLE \(Self.role) LOGIN PASSWORD '\(password)'; GRANT ALL ON canary_rows TO \(Self.role)
                """, asAdministrator: true)
            return try PostgreSQLServer.shared().uri(role: Self.role, password: password)
        case .mysql:
            try engine.script(
                """
                DROP TABLE IF EXISTS canary_rows; \(table); \(insert);
                CREATE OR REPLACE USER \(Self.role)@'%' IDENTIFIED BY '\(password)'; GRANT ALL ON app.* TO \(Self.role)@'%'
                """, asAdministrator: true)
            return try MariaDBServer.shared.get().uri((user: Self.role, password: password))
        case .sqlite:
            try engine.script("\(table); \(insert)", file: file)
            return "sqlite://\(file)"
        }
    }

    /// Connection strings that do not lead to a database, for as many reasons as there are, each with the password in it.
    private func wrong(_ engine: Engine, _ canaries: Canaries) throws -> [String] {
        let (bad, good) = (canaries.refused.text, canaries.login[engine]?.text ?? "")
        let port = try Loopback.freePort()
        switch engine {
        case .postgresql:
            let server = try PostgreSQLServer.shared()
            return [
                server.uri(role: Self.role, password: bad), server.uri(role: "nobody_here", password: bad),
                server.uri(role: Self.role, password: good, database: "no_such_db"),
                server.uri(role: Self.role, password: bad, port: port),
                server.uri(role: Self.role, password: bad, host: "no-such-host.invalid"),
                server.uri(role: Self.role, password: good, query: "?sslmode=verify-full"),
                server.uri(role: PostgreSQLServer.tlsRole, password: bad, query: "?sslmode=disable"),
                "host=127.0.0.1 user=u password='\(bad)", "postgresql://u:\(bad)@[h/d", "postgresql://u:\(bad)@h/d?passfile=x",
                "postgresql://u:\(bad)/x@127.0.0.1:1/d", "host=127.0.0.1 password=\(bad) port=x user=u",
            ]
        case .mysql:
            let server = try MariaDBServer.shared.get()
            let (canary, wrong) = ((user: Self.role, password: good), (user: Self.role, password: bad))
            return [
                server.uri(wrong), server.uri((user: "nobody", password: bad)), server.uri(canary, database: "no_such_db"),
                "mysql://\(Self.role):\(bad)@127.0.0.1:\(port)/app", "mysql://u:\(bad)@no-such-host.invalid/app",
                server.uri(canary, query: "?ssl-mode=VERIFY_IDENTITY"), "mysql://u:\(bad)@h:x/d", "mysql://u:\(bad)@h/d?x=y",
                "mysql://u:%zz\(bad)@h/d",
            ]
        case .sqlite: return []
        }
    }

    /// Everything a person does with a project. Errors are as good as results.
    private func use(_ engine: Engine, _ client: TestClient, _ connection: String, _ canaries: Canaries) async throws {
        let type: JSONValue = .string(engine.rawValue)
        let create: JSONValue = [
            "name": type, "databaseType": type, "connectionString": .string(connection), "readOnly": false,
        ]
        let id = try await client.call("project.create", create)["id"]
        let parameter: JSONValue = .string(canaries.parameter.text)
        let place = engine.placeholder(1)
        func run(_ sql: String, _ parameters: [JSONValue], _ more: JSONValue = [:]) async throws -> JSONValue {
            guard case .object(let members) = more else { return .null }
            return try await client.call(
                "query.run", .object([("projectId", id), ("sql", .string(sql)), ("parameters", .array(parameters))] + members))
        }
        let text = engine == .postgresql ? "\(place)::text" : place
        #expect(try await run("SELECT v, \(text) AS p FROM canary_rows", [parameter])["rows"][0][1] == parameter)
        _ = try await run("SELECT v FROM canary_rows", [], ["partialResultToken": 7])
        let write: JSONValue = ["mode": "write"]
        _ = try await run("INSERT INTO canary_rows VALUES (\(place))", [parameter], write)
        // What the engine says of a value that is there already, and of one that is no number, quotes it.
        for (sql, mode) in [
            ("INSERT INTO canary_rows VALUES (\(place))", write), ("SELECT CAST(\(text) AS INTEGER) AS n", [:]),
            ("SELECT \(place) FROM no_such_table", [:]), ("DELETE FROM canary_rows WHERE v = \(place)", write),
        ] { _ = try? await run(sql, [parameter], mode) }
        // Large enough to be kept in a file, and left there.
        let series = "(\(engine.series(engine == .mysql ? 30_000 : 60_000))) AS s"
        _ = try await run("SELECT v, \(text) AS p FROM canary_rows, \(series)", [parameter], ["pageRows": 10])
        for (method, params): (String, JSONValue) in [
            ("project.get", ["projectId": id]), ("project.list", [:]), ("project.summary", ["projectId": id]),
            ("project.test", ["projectId": id]), ("project.create", create), ("dashboard.get", [:]), ("query.history", [:]),
            ("query.explain", ["projectId": id, "sql": .string("SELECT \(text)"), "parameters": [parameter]]),
            ("project.update", ["projectId": id, "connectionString": .string("no such:\(canaries.refused)@string")]),
        ] { _ = try? await client.call(method, params) }
        for text in try wrong(engine, canaries) {
            _ = try await client.call("project.test", ["databaseType": type, "connectionString": .string(text)])
            let name: JSONValue = .string("wrong \(UInt32.random(in: 0...UInt32.max))")
            let project = try? await client.call(
                "project.create", ["name": name, "databaseType": type, "connectionString": .string(text)])
            guard let project else { continue }
            _ = try await client.failure("query.run", ["projectId": project["id"], "sql": "SELECT 1"])
            _ = try await client.call("project.summary", ["projectId": project["id"]])
        }
    }

    /// Security bars A14 and A16: at the most verbose level, with each engine behind it, alive and after a crash.
    @Test(arguments: [Carrier.stdioLines]) func canariesAreNowhereToBeFound(carrier: Carrier) async throws {
        var canaries = Canaries()
        let (daemon, client) = try await carrier.start([
            "DBASSIST_LOG_LEVEL": "trace", "DBASSIST_LIMITS_LOGIN_FAILURES": "100",
        ])
        client.wire.startRecording()
        let account = try await client.signUp(password: canaries.password.text)
        canaries.add(.string(account.token))
        for engine in Engine.allCases {
            let connection = try prepare(engine, canaries, file: daemon.directory.appending("rows.sqlite"))
            try await use(engine, client, connection, canaries)
        }
        let email: JSONValue = .string(account.email)
        let wrong: JSONValue = .string(canaries.wrongPassword.text)
        _ = try await client.failure("auth.login", ["email": email, "password": wrong])
        _ = try await daemon.client().failure("auth.attach", ["token": .string("v4.public.\(canaries.refused)")])
        let change: JSONValue = [
            "currentPassword": .string(account.password), "newPassword": .string(canaries.newPassword.text),
        ]
        canaries.add(try await client.call("auth.changePassword", change)["token"])
        let login: JSONValue = ["email": email, "password": .string(canaries.newPassword.text)]
        canaries.add(try await client.call("auth.login", login)["token"])
        canaries.add(try await client.call("auth.refresh")["token"])
        _ = try await client.call("system.metrics")
        let replies = Data(client.wire.record)
        let process = try daemon.procFiles()
        #expect(try Canary.traces(of: canaries.neverOut, in: ["replies": replies]) == [])
        // The record is of everything: what replies do have is in it.
        for canary in [canaries.row, canaries.parameter] + canaries.tokens {
            #expect(try !Canary.traces(of: [canary], in: ["replies": replies]).isEmpty, "no \(canary)")
        }
        #expect(process.range(of: Data("dbassistd".utf8)) != nil)
        for live in [true, false] {
            if !live { try await daemon.crash() }
            let state = daemon.stateDirectory
            #expect(try Canary.traces(of: canaries.neverAtRest, in: state) == [])
            #expect(try Canary.traces(of: canaries.neverAtRest, in: ["log": Data(daemon.logBytes), "proc": process]) == [])
            // What is given to strangers who help has the log in it, and the configuration.
            let log = daemon.directory.appending("log-\(live)")
            try Data(daemon.logBytes).write(to: URL(filePath: log))
            let bundle = Data(try Command(["support-bundle", "-", "--log", log], in: daemon.directory).output.utf8)
            #expect(bundle.range(of: Data("system.metrics".utf8)) != nil)
            #expect(try Canary.traces(of: canaries.neverAtRest + [Canary(exactly: account.email)], in: ["bundle": bundle]) == [])
            // The store can be searched like this: what is no secret is found.
            #expect(try Canary.traces(of: [Canary(exactly: account.email)], in: state).contains { $0.contains(".sqlite") })
        }
        try await fault(daemon, account, canaries)
    }

    /// What a fault of the program itself leaves: nothing. Swift's runtime would print what registers point to.
    private func fault(_ crashed: DaemonProcess, _ account: TestClient.Account, _ canaries: Canaries) async throws {
        let daemon = try await crashed.startAgain()
        let client = try daemon.client()
        let login: JSONValue = ["email": .string(account.email), "password": .string(canaries.newPassword.text)]
        try await client.call("auth.login", login)
        for project in try await client.call("project.list")["items"].array ?? [] where project["readOnly"] == false {
            try await client.call("query.run", ["projectId": project["id"], "sql": "SELECT v FROM canary_rows"])
        }
        daemon.end(SIGSEGV)
        #expect(try await daemon.waitForExit() == 128 + SIGSEGV)
        for line in daemon.log.split(separator: "\n") {
            #expect(throws: Never.self, "\(line)") { try JSONValue(parsing: String(line)) }
        }
        #expect(try Canary.traces(of: canaries.neverAtRest, in: ["log": Data(daemon.logBytes)]) == [])
        #expect(try Canary.traces(of: canaries.neverAtRest, in: daemon.stateDirectory) == [])
    }

    /// Databases quote values in what they complain of; history keeps the complaint and not the value.
    @Test(arguments: [Engine.postgresql, .mysql]) func historyKeepsNoValueThatAnErrorQuotes(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let value = Canary("quoted").text
        let sql = engine == .postgresql ? "SELECT ($1::text)::int" : "INSERT INTO quoting VALUES (?), (?)"
        if engine == .mysql { try engine.script("CREATE OR REPLACE TABLE quoting (v VARCHAR(100) PRIMARY KEY)") }
        let values = Array(repeating: JSONValue.string(value), count: engine == .postgresql ? 1 : 2)
        let failure = try await bench.failure(engine, sql, values, engine == .postgresql ? [:] : ["mode": "write"])
        // Whoever asked sees all of it.
        #expect(failure.code == "query_failed" && failure.message.contains(value))
        let kept = try await bench.client.call("query.history")["items"][0]["errorMessage"].string ?? ""
        #expect(kept == failure.message.replacing(value, with: "***") && kept != failure.message)
    }

    /// Security bar A16: nothing of a request can forge a line of the log.
    @Test func theLogCannotBeForged() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LOG_LEVEL": "trace"])
        let client = try daemon.client()
        let forged = "x\n{\"level\":\"info\",\"message\":\"forged\"}"
        _ = try await client.failure(forged)
        _ = try await client.failure("auth.login", ["email": .string(forged), "password": .string(forged)])
        try await client.call("initialize", ["clientInfo": ["name": .string("forged\nname"), "version": "1"]])
        try await daemon.stop()
        for line in daemon.logBytes.split(separator: 0x0A) {
            let entry = try JSONValue(parsing: Array(line))
            #expect(entry["time"].string != nil && entry["message"] != "forged")
        }
    }
}
