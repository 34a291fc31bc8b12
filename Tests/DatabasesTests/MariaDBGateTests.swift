import Glibc
import TestSupport
import Testing

@testable import Databases

/// The attack and reading corpora against a real server, as an account that may do everything and as a plain one.
extension MariaDBServerTests {
    @Suite struct MariaDBGateTests {
        @Test(arguments: [true, false]) func `no attack changes anything`(asRoot: Bool) throws {
            let account = asRoot ? MariaDBServer.root : MariaDBServer.plain
            let watcher = try Watcher()
            try watcher.prepare()
            let before = try watcher.snapshot()
            var database = try MariaDBHarness(account)
            for line in try corpus("mariadb-attacks.tsv") {
                let fields = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                let allowed = fields[0].split(separator: "|").map(String.init)
                let sql = unescaped(String(fields[1])).replacing("@DIR@", with: watcher.directory)
                #expect(allowed.contains(outcome(database, sql)), "\(sql)")
                if !database.driver.isUsable { database = try MariaDBHarness(account) }
                #expect(outcome(database, "SELECT destroy_function()") == "read_only", "after \(sql)")
                let after = try watcher.snapshot()
                #expect(zip(after, before).filter { $0 != $1 }.map(\.0).isEmpty, "\(sql)")
                if after != before { try watcher.prepare() }
            }
        }

        @Test func `ordinary reads run`() throws {
            try Watcher().prepare()
            let database = try MariaDBHarness()
            for line in try corpus("mariadb-reads.txt") {
                let sql = unescaped(line)
                #expect(outcome(database, sql) == "ran", "\(sql)")
            }
        }

        @Test(arguments: ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "ORACLE", "MSSQL"])
        func `the lexer follows the SQL mode`(mode: String) throws {
            let watcher = try Watcher()
            try watcher.prepare()
            try watcher.session.execute("SET GLOBAL sql_mode='\(mode)'")
            defer { try? watcher.session.execute("SET GLOBAL sql_mode=DEFAULT") }
            let database = try MariaDBHarness()
            let before = try watcher.snapshot()
            for sql in [
                #"SELECT "a\"; DELETE FROM victim; -- ""#, #"SELECT 'a\'; DELETE FROM victim; -- '"#,
                #"SELECT 'a\\'; DELETE FROM victim"#,
                #"SELECT "v" FROM victim; DELETE FROM victim"#, #"SELECT `a\`; DELETE FROM victim; -- `"#,
            ] {
                _ = outcome(database, sql)
                #expect(try watcher.snapshot() == before, "\(mode): \(sql)")
            }
            #expect(outcome(database, "SELECT 'it''s', `v` FROM victim") == "ran")
        }

        @Test func `a read answers with the rule it broke`() throws {
            let database = try MariaDBHarness()
            let error = #expect(throws: DatabaseError.self) { try database.run("delete from x") }
            #expect(error?.message == "Refused by the read-only gate: DELETE is not a reading statement.")
            #expect(error?.phase == .gate)
            let null = #expect(throws: DatabaseError.self) { try database.run("SELECT 1\u{0}; DROP TABLE victim") }
            #expect(null?.phase == .gate)
        }

        @Test(arguments: [
            "COMMIT", "begin", "START TRANSACTION", "SET autocommit=0", "SET SESSION TRANSACTION READ ONLY",
            "PREPARE p FROM 'COMMIT'",
            "EXECUTE IMMEDIATE 'COMMIT'", "BEGIN NOT ATOMIC COMMIT; END", "XA END 'a'", "LOCK TABLES victim READ",
            "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE victim",
            "load data low_priority local infile 'x' into table victim",
            "INSERT INTO victim VALUES (1,'a'); COMMIT", "USE mysql", "/*! COMMIT */",
        ]) func `a write cannot end its transaction or read our files`(sql: String) throws {
            let error = #expect(throws: DatabaseError.self) { try MariaDBHarness(MariaDBServer.root).write(sql) }
            #expect(error?.phase == .gate)
        }

        private func outcome(_ database: MariaDBHarness, _ sql: String) -> String {
            do {
                try database.run(sql)
                return "ran"
            } catch let error as DatabaseError {
                return error.code.description
            } catch {
                return "\(error)"
            }
        }
    }
}

/// Lines of a corpus that are not comments.
func corpus(_ name: String) throws -> [String] {
    let here = #filePath
    let path = here[..<here.lastIndex(of: "/")!] + "/Corpora/" + name
    let file = try #require(fopen(String(path), "r"))
    defer { fclose(file) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { text += chunk[..<count] }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().map(String.init)
}

func unescaped(_ line: String) -> String {
    var out = ""
    var escaped = false
    for character in line {
        if escaped {
            out.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
            escaped = false
        } else if character == "\\" {
            escaped = true
        } else {
            out.append(character)
        }
    }
    return out
}

/// A root session without our gate: makes what the attacks are after, and sees what they changed.
final class Watcher {
    let session: MariaDBSession
    let directory: String

    init() throws {
        let server = try MariaDBServer.shared.get()
        session = try MariaDBSession.connect(
            MariaDBEndpoint(
                place: .unixSocket(path: server.socketPath), tls: .disable, user: MariaDBServer.root.user,
                password: MariaDBServer.root.password, database: "app", applicationName: "watcher"), timeoutMs: 10_000)
        directory = server.directory + "/out"
    }

    func prepare() throws {
        for sql in [
            "CREATE OR REPLACE TABLE victim (id INT PRIMARY KEY, v VARCHAR(20))",
            "INSERT INTO victim VALUES (1,'a'),(2,'b'),(3,'c')",
            "CREATE OR REPLACE SEQUENCE counter",
            "CREATE OR REPLACE FUNCTION destroy_function() RETURNS INT BEGIN DELETE FROM victim; RETURN 1; END",
            "CREATE OR REPLACE PROCEDURE destroy() BEGIN COMMIT; DELETE FROM victim; SELECT 1; END",
            "CREATE OR REPLACE VIEW plain_view AS SELECT v FROM victim",
            "CREATE OR REPLACE VIEW destroying_view AS SELECT destroy_function() AS d",
        ] { try session.execute(sql) }
    }

    /// Everything an attack could want to change: contents, definitions, accounts, settings, locks, files.
    func snapshot() throws -> [String] {
        var seen: [String] = []
        for sql in [
            "CHECKSUM TABLE victim, counter", "SELECT * FROM victim", "SHOW DATABASES", "SHOW FULL TABLES",
            "SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema='app' ORDER BY 1, 2",
            "SELECT index_name FROM information_schema.statistics WHERE table_schema='app'",
            "SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema='app'",
            "SELECT trigger_name FROM information_schema.triggers", "SELECT event_name FROM information_schema.events",
            "SELECT user, host, json_compact(priv) FROM mysql.global_priv ORDER BY 1, 2",
            "SELECT * FROM mysql.db ORDER BY 1, 2, 3", "SELECT plugin_name, plugin_status FROM information_schema.plugins",
            "SELECT variable_name, variable_value FROM information_schema.global_variables WHERE variable_name NOT LIKE 'GTID%' "
                + "AND variable_name NOT IN ('TIMESTAMP', 'SQL_MODE')",
            "SELECT IS_USED_LOCK('x')", "SELECT COUNT(*) FROM information_schema.innodb_trx",
        ] { seen.append(String(describing: try session.rows(sql))) }
        if let listing = opendir(directory) {
            defer { closedir(listing) }
            var names = 0
            while readdir(listing) != nil { names += 1 }
            seen.append("\(names) names")
        }
        return seen
    }
}
