import Glibc
import TestSupport
import Testing

@testable import Databases

/// Cancel, deadline, writes, errors and other programs on the same file.
@Suite struct SQLiteDriverTests {
    static let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    // MARK: Stopping

    @Test func aDeadlineStopsAStatement() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        for sql in [Self.endless, "SELECT * FROM (\(Self.endless.replacing("count(*)", with: "i"))) WHERE i < 0"] {
            let start = ContinuousClock.now
            let error = try databaseError { try driver.run(sql, timeoutMs: 50) }
            #expect(error.code == .timeout && error.phase == .execute)
            #expect(ContinuousClock.now - start < .promptly)
            #expect(try driver.run("SELECT 1").rows == "[[1]]")
        }
    }

    @Test func aCancelFromAnotherThreadStopsAStatement() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        for severing in [false, true] {
            let canceller = driver.canceller
            let sink = SQLiteSink()
            // Only once rows flow, so nothing has to be waited for.
            var started: ContinuousClock.Instant?
            sink.onPage = {
                guard started == nil else { return }
                started = .now
                BackgroundThread { severing ? canceller.sever() : canceller.cancel() }
            }
            let error = try databaseError {
                try driver.run("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", into: sink)
            }
            #expect(error.code == .cancelled && error.phase == .execute)
            #expect(ContinuousClock.now - (try #require(started)) < .promptly)
            #expect(try driver.run("SELECT 1").rows == "[[1]]")
        }
    }

    @Test func aCancelBetweenStatementsHitsNothing() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        for _ in 0..<1_000 {
            driver.canceller.cancel()
            #expect(try driver.run("SELECT 1").rows == "[[1]]")
        }
        let canceller = driver.canceller
        driver.close()
        driver.close()
        canceller.cancel()
        canceller.sever()
        #expect(!driver.isUsable)
        #expect(try databaseError { try driver.run("SELECT 1") }.code == .connectionLost)
    }

    @Test func cancelsThatRaceWithStatementsEndOneStatementAtMost() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        let canceller = driver.canceller
        let racing = Racing()
        BackgroundThread { while !racing.isOver { canceller.cancel() } }
        var ends: [DatabaseError.Code: Int] = [:]
        for _ in 0..<1_000 {
            do {
                try driver.run(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) SELECT count(*) FROM n")
            } catch {
                ends[error.code, default: 0] += 1
            }
        }
        racing.end()
        #expect(ends[.cancelled, default: 0] > 0 && ends.count == 1, "\(ends)")
    }

    @Test func waitingForALockEndsWithTheDeadline() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let driver = try file.driver()
        let other = try SQLiteDatabase(path: file.path, access: .readWrite)
        defer { other.close() }
        try other.execute("BEGIN EXCLUSIVE")
        for mode in [AccessMode.read, .write] {
            let start = ContinuousClock.now
            let sql = mode == .read ? "SELECT * FROM t" : "DELETE FROM t"
            #expect(try databaseError { try driver.run(sql, mode: mode, timeoutMs: 100) }.code == .timeout)
            #expect(ContinuousClock.now - start < .promptly)
        }
        try other.execute("COMMIT")
        #expect(try driver.run("SELECT * FROM t").rows == "[]")
    }

    @Test func enoughEndsAnEndlessRead() throws {
        let file = try SQLiteTestFile()
        let sink = SQLiteSink()
        sink.rowsMax = 2_000
        let result = try file.driver().run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", into: sink)
        #expect(sink.pages.count == 2)
        #expect(result.outcome.command == "WITH" || result.outcome.command == "SELECT")
    }

    // MARK: Errors

    @Test(
        arguments: [
            ("SELEC 1", 1, "syntax error"), ("SELECT 1 FROM nope", nil, "no such table"),
            ("SELECT nope FROM t", 8, "no such column"),
            ("SELECT '🦉ü', nope FROM t", 14, "no such column"), ("SELECT (1", nil, "incomplete"),
            ("SELECT 1 +", nil, "incomplete"),
            ("SELECT 'abc", 8, "unrecognized token"), ("SELECT nofunc(1)", 8, "no such function"),
            ("SELECT a FROM t WHERE", nil, "incomplete"),
            ("", 1, "no statement"), ("  -- nothing\n", 1, "no statement"), (";", 1, "no statement"),
            ("SELECT 1\0; DROP TABLE t", 9, "NUL"),
            ("SELECT max(1, 2", nil, "incomplete"),
        ] as [(String, Int?, String)])
    func errorsSayWhere(_ sql: String, _ position: Int?, _ message: String) throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let error = try databaseError { _ = try file.driver().run(sql) }
        #expect(error.code == .queryFailed)
        #expect(error.position == position, "\(error)")
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func runTimeErrorsCarryTheExtendedCode() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a INTEGER PRIMARY KEY, b UNIQUE NOT NULL); INSERT INTO t VALUES (1, 1);")
        let driver = try file.driver()
        func code(_ sql: String) throws -> Int? { try databaseError { try driver.run(sql, mode: .write) }.nativeCode }
        #expect(try code("INSERT INTO t VALUES (1, 2)") == 1_555)
        #expect(try code("INSERT INTO t VALUES (2, 1)") == 2_067)
        #expect(try code("INSERT INTO t VALUES (2, NULL)") == 1_299)
        #expect(try databaseError { try driver.run("SELECT abs(-9223372036854775807 - 1)") }.message == "integer overflow")
        let big = try databaseError { try driver.run("SELECT length(zeroblob(40000000) || x'00')") }
        #expect(big.code == .queryFailed && big.hint != nil)
    }

    @Test func lengthsAreCheckedBeforeTheLibrary() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        let long = "SELECT '" + String(repeating: "x", count: SQLiteHardening.sqlBytesMax) + "'"
        #expect(try databaseError { try driver.run(long) }.phase == .gate)
        #expect(
            try databaseError { try driver.run("SELECT " + Array(repeating: "?", count: 100_000).joined(separator: ",")) }.code
                == .queryFailed)
        #expect(try databaseError { try driver.run("SELECT " + String(repeating: "(", count: 5_000) + "1") }.code == .queryFailed)
        let deep = "SELECT " + String(repeating: "-", count: 0) + String(repeating: "1+", count: 5_000) + "1"
        #expect(try databaseError { try driver.run(deep) }.code == .queryFailed)
    }

    // MARK: Parameters

    @Test(arguments: ["?, ?, ?", "?1, ?2, ?3", "$1, $2, $3", ":a, @b, $c", "?, :x, ?3"])
    func parametersAreBoundByPosition(_ marks: String) throws {
        let file = try SQLiteTestFile()
        let rows = try file.driver().run("SELECT \(marks)", [.integer(1), .text("b'"), .bytes([0])]).rows
        #expect(rows == #"[[1,"b'",{"$base64":"AA=="}]]"#)
    }

    @Test func parametersKeepTheirValues() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        let values: [Parameter] = [
            .null, .bool(true), .bool(false), .integer(.max), .integer(.min), .double(1e308), .double(.nan), .double(.infinity),
            .text(""), .text("a\0b"), .text("🦉"), .bytes([]), .bytes([255, 0]), .text("'; DROP TABLE t; --"),
        ]
        let marks = values.map { _ in "?" }.joined(separator: ",")
        #expect(
            try driver.run("SELECT \(marks)", values).rows
                == #"[[null,1,0,{"$integer":"9223372036854775807"},{"$integer":"-9223372036854775808"},1e+308,null,"#
                + #"{"$float":"Infinity"},"","a\u0000b","🦉",{"$base64":""},{"$base64":"/wA="},"'; DROP TABLE t; --"]]"#)
        for (sql, given, message) in [
            ("SELECT 1", 1, "0 parameters, and 1 was"), ("SELECT ?", 0, "1 parameter, and 0 were"),
            ("SELECT ?3", 1, "3 parameters, and 1 was"), ("SELECT :a, :a", 2, "1 parameter, and 2 were"),
        ] {
            let error = try databaseError { try driver.run(sql, Array(repeating: .null, count: given)) }
            #expect(error.code == .invalidParameters && error.message.contains(message), "\(error.message)")
        }
        let long = Parameter.bytes([UInt8](repeating: 0, count: SQLiteHardening.valueBytesMax + 1))
        #expect(try databaseError { try driver.run("SELECT ?", [long]) }.code == .invalidParameters)
    }

    // MARK: Writing

    @Test func writesAreCommittedOneByOne() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a INTEGER PRIMARY KEY, b);")
        let driver = try file.driver()
        let insert = try driver.run("INSERT INTO t (b) VALUES (?), (?)", [.text("x"), .text("y")], mode: .write)
        #expect(insert.outcome.command == "INSERT" && insert.outcome.affectedRows == 2)
        #expect(try driver.run("SELECT * FROM t").rows == #"[[1,"x"],[2,"y"]]"#)
        #expect(try driver.run("UPDATE t SET b = 'z'", mode: .write).outcome.affectedRows == 2)
        let returning = try driver.run("DELETE FROM t WHERE a = 1 RETURNING a, b", mode: .write)
        #expect(returning.rows == #"[[1,"z"]]"# && returning.outcome.affectedRows == 1)
        #expect(try driver.run("CREATE INDEX i ON t (b)", mode: .write).outcome.command == "CREATE INDEX")
        #expect(try driver.run("CREATE INDEX j ON t (b)", mode: .write).outcome.affectedRows == nil)
        #expect(try driver.run("SELECT count(*) FROM t", mode: .write).rows == "[[1]]")
        #expect(try driver.run("PRAGMA user_version = 9", mode: .write).outcome.command == "PRAGMA")
        #expect(try driver.run("PRAGMA user_version").rows == "[[9]]")
        #expect(try driver.run("CREATE VIRTUAL TABLE f USING fts5 (x)", mode: .write).outcome.command == "CREATE TABLE")
        #expect(fileNames(file.directory) == ["test.db"])
    }

    @Test func nothingOfAFailedWriteStays() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a UNIQUE ON CONFLICT FAIL); INSERT INTO t VALUES (3);")
        let driver = try file.driver()
        // ON CONFLICT FAIL keeps earlier rows of the statement; the transaction around it does not.
        #expect(
            try databaseError { try driver.run("INSERT INTO t VALUES (1), (2), (3), (4)", mode: .write) }.code == .queryFailed)
        #expect(try driver.run("SELECT a FROM t").rows == "[[3]]")
        let sql = "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        #expect(try databaseError { try driver.run(sql, mode: .write, timeoutMs: 100) }.code == .timeout)
        #expect(try driver.run("SELECT a FROM t").rows == "[[3]]")
        #expect(fileNames(file.directory) == ["test.db"])
    }

    @Test func aWriteRunsToItsEndThoughNobodyReadsOn() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let driver = try file.driver()
        let sink = SQLiteSink()
        sink.rowsMax = 10
        let sql =
            "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 500) SELECT i FROM n RETURNING a"
        #expect(try driver.run(sql, mode: .write, into: sink, pageRows: 10).outcome.affectedRows == 500)
        #expect(sink.pages.count == 1)
        #expect(try driver.run("SELECT count(*) FROM t").rows == "[[500]]")
    }

    @Test func declaredForeignKeysHold() throws {
        let file = try SQLiteTestFile(
            "CREATE TABLE p (a PRIMARY KEY); CREATE TABLE c (a REFERENCES p); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);"
        )
        #expect(try databaseError { _ = try file.driver().run("DELETE FROM p", mode: .write) }.nativeCode == 787)
    }

    @Test func writesReachNoOtherFile() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
        let driver = try file.driver()
        let before = file.tree()
        let attacks = try Corpus.lines("sqlite-write-attacks.tsv", fields: .max)
        #expect(attacks.count >= 20)
        for attack in attacks {
            let sql = attack[0].replacing("@DIR@", with: file.directory)
            do {
                try driver.run(sql, mode: .write)
                Issue.record("\(sql) ran")
            } catch {
                #expect(error.code == .policy && error.phase == .gate, "\(sql): \(error)")
                #expect(error.message.contains(attack[1]), "\(sql): \(error.message)")
            }
            #expect(file.tree() == before, "\(sql) changed a file")
        }
    }

    // MARK: Other programs

    @Test func changesOfOthersAreSeen() throws {
        for journal in ["delete", "wal"] {
            let file = try SQLiteTestFile("PRAGMA journal_mode = \(journal); CREATE TABLE t (a);")
            let driver = try file.driver()
            for count in 1...5 {
                try file.change("INSERT INTO t VALUES (\(count))")
                #expect(try driver.run("SELECT count(*) FROM t").rows == "[[\(count)]]", "\(journal)")
                try driver.reset()
            }
            // A program that keeps the file open, its changes in the log only.
            let other = try SQLiteDatabase(path: file.path, access: .readWrite)
            try other.execute("INSERT INTO t VALUES (6)")
            #expect(try driver.run("SELECT count(*) FROM t").rows == "[[6]]")
            try driver.reset()
            other.close()
            #expect(try driver.run("SELECT count(*) FROM t").rows == "[[6]]")
            // It tidied up behind itself, because nothing of ours was in its way.
            #expect(fileNames(file.directory) == ["test.db"])
            #expect(try driver.run("INSERT INTO t VALUES (7)", mode: .write).outcome.affectedRows == 1)
            #expect(try driver.run("SELECT count(*) FROM t").rows == "[[7]]")
            #expect(fileNames(file.directory) == ["test.db"])
        }
    }

    @Test func aChangeUnderAnImmutableReadIsReported() throws {
        let file = try SQLiteTestFile("PRAGMA journal_mode = wal; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
        let driver = try file.driver()
        let sink = SQLiteSink()
        var changed = false
        sink.onPage = {
            guard !changed else { return }
            changed = true
            try? file.change("INSERT INTO t VALUES (2)")
        }
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) SELECT i FROM n"
        let error = try databaseError { try driver.run(sql, into: sink) }
        #expect(error.code == .busy && error.retryable)
        #expect(try driver.run("SELECT count(*) FROM t").rows == "[[2]]")
    }

    @Test func aFilePutInPlaceOfTheOldOneIsRead() throws {
        let file = try SQLiteTestFile("CREATE TABLE old (a);")
        let driver = try file.driver()
        let restored = try SQLiteTestFile("CREATE TABLE new (a); CREATE TABLE new2 (a);")
        rename(restored.path, file.path)
        #expect(try driver.run("SELECT count(*) FROM new").rows == "[[0]]")
        // What takes its place passes the same policy.
        unlink(file.path)
        mkfifo(file.path, 0o600)
        #expect(try databaseError { try driver.run("SELECT 1") }.code == .policy)
        unlink(file.path)
        #expect(try databaseError { try driver.run("SELECT 1") }.code == .unknownDatabase)
    }

    @Test func anUnrecoveredLogIsLeftAlone() throws {
        let file = try SQLiteTestFile("PRAGMA journal_mode = wal; CREATE TABLE t (a);")
        let other = try SQLiteDatabase(path: file.path, access: .readWrite)
        try other.execute("INSERT INTO t VALUES (1)")
        // As a copy or a crash leaves it: a log without its index.
        let copy = try SQLiteTestFile()
        writeBytes(copy.path, fileBytes(file.path))
        writeBytes(copy.path + "-wal", fileBytes(file.path + "-wal"))
        other.close()
        let before = copy.tree()
        let error = try databaseError { _ = try copy.driver() }
        #expect(error.code == .connectionFailed && error.phase == .database && error.hint != nil)
        #expect(copy.tree() == before)
    }

    @Test func aHotJournalIsLeftAlone() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000));")
        let other = try SQLiteDatabase(path: file.path, access: .readWrite)
        // A transaction that has spilled into the file, copied in the middle: what a crash leaves.
        try other.execute("PRAGMA cache_size = 1; BEGIN; UPDATE t SET a = randomblob(100000)")
        try other.execute("INSERT INTO t VALUES (randomblob(1000000))")
        let copy = try SQLiteTestFile()
        writeBytes(copy.path, fileBytes(file.path))
        writeBytes(copy.path + "-journal", fileBytes(file.path + "-journal"))
        other.close()
        let before = copy.tree()
        let error = try databaseError { _ = try copy.driver() }
        #expect(error.code == .connectionFailed && error.phase == .database, "\(error)")
        #expect(copy.tree() == before)
    }

    @Test func metadataDescribesTheFile() throws {
        let file = try SQLiteTestFile(
            "CREATE TABLE a (x); CREATE TABLE b (x INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT 1;")
        let metadata = try file.driver().metadata()
        #expect(metadata.serverVersion.hasPrefix("SQLite 3."))
        #expect(metadata.databaseName == "test.db" && metadata.currentUser == nil)
        #expect(metadata.tableCount == 2 && metadata.sizeBytes == fileBytes(file.path).count)
    }
}
