import Testing

@testable import Databases

/// What may run and what may not, on real files: `Corpora/sqlite-attacks.tsv` and `sqlite-reads.tsv`.
@Suite struct SQLiteGateTests {
    static let schema = """
        CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
        INSERT INTO t VALUES (1, 'one'), (2, 'two');
        CREATE INDEX t_b ON t (b);
        CREATE VIEW v AS SELECT b FROM t;
        CREATE VIRTUAL TABLE f5 USING fts5 (x);
        INSERT INTO f5 VALUES ('hello world');
        CREATE VIRTUAL TABLE f4 USING fts4 (x);
        INSERT INTO f4 VALUES ('hi there');
        CREATE VIRTUAL TABLE f USING fts4 (x);
        CREATE VIRTUAL TABLE r USING rtree (id, a, b);
        INSERT INTO r VALUES (1, 2, 3);
        """

    /// How the file is found: each way of reading must be as tight as the others.
    enum Journal: String, CaseIterable {
        case rollback
        /// WAL mode, and nobody has the file open: no `-wal`.
        case quietWAL
        /// WAL mode, and another program has it open with changes in the log.
        case liveWAL
    }

    /// Opens a file in the given state; the second value is the other program.
    static func open(_ journal: Journal) throws -> (SQLiteTestFile, SQLiteDatabase?) {
        let file = try SQLiteTestFile((journal == .rollback ? "" : "PRAGMA journal_mode = wal;") + schema)
        guard journal == .liveWAL else { return (file, nil) }
        let other = try SQLiteDatabase(path: file.path, access: .readWrite)
        try other.execute("UPDATE t SET b = b")
        return (file, other)
    }

    @Test(arguments: Journal.allCases) func attacksAreRefusedAndNothingChanges(_ journal: Journal) throws {
        let (file, other) = try SQLiteGateTests.open(journal)
        defer { other?.close() }
        // The -shm of a live log is lock words, not data; that it exists is still looked at below.
        let ignoring: Set<String> = journal == .liveWAL ? ["test.db-shm"] : []
        let before = file.tree(ignoring: ignoring)
        let names = fileNames(file.directory)
        let driver = try file.driver()
        let attacks = try Corpus.lines("sqlite-attacks.tsv", fields: .max)
        #expect(attacks.count >= 30)
        for attack in attacks {
            let sql = attack[0].replacing("@DIR@", with: file.directory)
            do {
                let result = try driver.run(sql)
                Issue.record("\(sql) ran: \(result.rows)")
            } catch {
                #expect(error.code.description == attack[1], "\(sql): \(error)")
                #expect(error.phase.rawValue == attack[2], "\(sql): \(error)")
                #expect(error.message.contains(attack[3]), "\(sql): \(error.message)")
            }
            #expect(file.tree(ignoring: ignoring) == before, "\(sql) changed a file")
            #expect(fileNames(file.directory) == names, "\(sql) left a file")
            #expect(try driver.run("SELECT count(*), group_concat(b) FROM t").rows == #"[[2,"one,two"]]"#, "after \(sql)")
            try driver.reset()
        }
        driver.close()
        #expect(fileNames(file.directory) == names)
    }

    @Test(arguments: Journal.allCases) func ordinaryStatementsRunAndNothingChanges(_ journal: Journal) throws {
        let (file, other) = try SQLiteGateTests.open(journal)
        defer { other?.close() }
        let ignoring: Set<String> = journal == .liveWAL ? ["test.db-shm"] : []
        let before = file.tree(ignoring: ignoring)
        let names = fileNames(file.directory)
        let driver = try file.driver()
        let reads = try Corpus.lines("sqlite-reads.tsv", fields: .max)
        #expect(reads.count >= 40)
        for read in reads {
            do {
                let result = try driver.run(read[0])
                if read.count > 1 { #expect(result.rows == read[1], "\(read[0])") }
                #expect(!result.columns.isEmpty, "\(read[0])")
            } catch {
                Issue.record("\(read[0]): \(error)")
            }
            #expect(file.tree(ignoring: ignoring) == before, "\(read[0]) changed a file")
        }
        driver.close()
        #expect(fileNames(file.directory) == names)
    }

    @Test func theFirstColumnOfAnEmptyResultIsStillThere() throws {
        let file = try SQLiteTestFile(SQLiteGateTests.schema)
        let result = try file.driver().run("SELECT a, b, a + 1 FROM t WHERE 0")
        #expect(result.rows == "[]")
        #expect(
            result.columns == [
                Column(name: "a", type: "INTEGER", encoding: .integer), Column(name: "b", type: "TEXT", encoding: .string),
                Column(name: "a + 1", type: "", encoding: .dynamic),
            ])
    }

    @Test(arguments: [
        ("SELECT 1", "SELECT"), ("  /* x */ insert into t values(1)", "INSERT"),
        ("CREATE UNIQUE INDEX i ON t(a)", "CREATE INDEX"),
        ("WITH a AS (SELECT 1), b AS (SELECT ')' FROM \"(\") UPDATE t SET a = 1", "UPDATE"),
        ("with x(a) as (values(1)) table", "WITH"),
        ("CREATE TEMP TABLE t(a)", "CREATE TABLE"), ("explain select 1", "EXPLAIN"), ("", ""), (";; select", "SELECT"),
        ("/*/ select */ values(1)", "VALUES"), ("--", ""), ("/*", ""), ("(", ""),
    ])
    func statementsAreNamed(_ sql: String, _ command: String) {
        #expect(SQLiteText.command(sql) == command)
    }
}
