import Glibc
import TestSupport
import Testing

/// What is kept of a schema, for how long, and who waits for whom; schema.refresh.
@Suite(.serialized) struct SchemaRefreshTests {
    @Test(arguments: Engine.allCases) func `what is kept is not read again`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        let first = try await fixture.list()
        #expect(try await fixture.reads() == 1)
        let second = try await fixture.list(["pattern": "b*", "detail": "names"])
        #expect(try await fixture.reads() == 1)
        #expect((second["ageMs"].double ?? 0) > (first["ageMs"].double ?? 0))
        // Columns are read when somebody asks for them, and serve everything then.
        _ = try await fixture.describe("book")
        _ = try await fixture.call("schema.search", ["query": "title"])
        _ = try await fixture.call("schema.relations")
        _ = try await fixture.list(["detail": "full"])
        _ = try await fixture.list()
        #expect(try await fixture.reads() == 2)
        #expect(try await fixture.counter("dbassistd_catalogue_hits_total") >= 5)
        #expect(try await fixture.counter("dbassistd_catalogues_bytes") > 1000)
        // What others change is seen after a refresh.
        try fixture.script("CREATE TABLE late (id INTEGER PRIMARY KEY)")
        #expect(try await fixture.list(["pattern": "late"])["total"] == 0)
        let counts = try await fixture.call("schema.refresh")
        #expect((counts["relations"].integer ?? 0) >= 8 && (counts["columns"].integer ?? 0) >= 20)
        #expect((counts["foreignKeys"].integer ?? 0) >= 6 && (counts["indexes"].integer ?? 0) >= 2)
        #expect((counts["schemas"].integer ?? 0) >= 1 && counts["truncated"] == false)
        #expect(try await fixture.list(["pattern": "late"])["total"] == 1)
        #expect(try await fixture.reads() == 3)
        // It is no query.
        #expect(try await fixture.bench.client.call("query.history")["items"] == [])
    }

    @Test(arguments: Engine.allCases) func `our own changes are seen at once`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        func columns() async throws -> [String] { try await fixture.describe("author")["columns"].each("name") }
        #expect(try await columns() == ["id", "name"])
        try await fixture.write("ALTER TABLE @author ADD COLUMN born INTEGER")
        #expect(try await columns() == ["id", "name", "born"])
        try await fixture.write("/* a */ -- b\nCREATE TABLE @fresh (id INTEGER PRIMARY KEY)")
        #expect(try await fixture.list(["pattern": "fresh"])["total"] == 1)
        try await fixture.write("DROP TABLE @fresh")
        #expect(try await fixture.list(["pattern": "fresh"])["total"] == 0)
        // Rows are no change of the schema.
        let reads = try await fixture.reads()
        try await fixture.write("INSERT INTO @author VALUES (1, 'a', 1775)")
        try await fixture.write("UPDATE @author SET born = 1776")
        try await fixture.write("DELETE FROM @author")
        _ = try await fixture.bench.run(engine, "SELECT 1")
        _ = try await fixture.list()
        #expect(try await fixture.reads() == reads)
        // A statement that fails may have changed something all the same.
        _ = try? await fixture.write("ALTER TABLE @author ADD COLUMN born INTEGER")
        #expect(try await columns() == ["id", "name", "born"])
        #expect(try await fixture.reads() == reads + 1)
        // Pushed rows end the same way.
        let sql = "DROP VIEW \(engine == .sqlite ? "" : fixture.schema + ".")cheap"
        try await fixture.bench.run(engine, sql, nil, ["mode": "write", "partialResultToken": "t"])
        #expect(try await fixture.list(["pattern": "cheap"])["total"] == 0)
    }

    @Test func `functions and blocks may change the schema`() async throws {
        let fixture = try await SchemaFixture.make(.postgresql)
        _ = try await fixture.list()
        try await fixture.write("DO $$ BEGIN CREATE TABLE @by_block (id int); END $$")
        #expect(try await fixture.list(["pattern": "by_block"])["total"] == 1)
        try fixture.script(
            "CREATE FUNCTION made() RETURNS int LANGUAGE sql AS 'CREATE TABLE \(fixture.schema).by_function (id int); SELECT 1'")
        try await fixture.write("SELECT @made()")
        #expect(try await fixture.list(["pattern": "by_function"])["total"] == 1)
    }

    @Test func `what is too old is read again`() async throws {
        let fixture = try await SchemaFixture.make(.sqlite, ["DBASSIST_LIMITS_CATALOGUE_MS": "1"])
        var reads = 0
        // Each call takes longer than that.
        for _ in 0..<20 where reads < 2 {
            _ = try await fixture.list()
            usleep(2_000)
            reads = try await fixture.reads()
        }
        #expect(reads >= 2)
    }

    @Test func `another connection string is another database`() async throws {
        let fixture = try await SchemaFixture.make(.sqlite)
        #expect(try await fixture.list(["pattern": "book"])["total"] == 1)
        let other = fixture.bench.daemon.directory.appending("other.sqlite")
        try Engine.sqlite.script("CREATE TABLE elsewhere (a)", file: other)
        try await fixture.bench.client.call("project.update", fixture.params(["connectionString": .string("sqlite://" + other)]))
        #expect(try await fixture.list()["items"].each("name") == ["elsewhere"])
        #expect(try await fixture.counter("dbassistd_catalogues_bytes") < 2000)
        try await fixture.bench.client.call("project.delete", fixture.params())
        #expect(try await fixture.counter("dbassistd_catalogues_bytes") == 0)
    }

    @Test func `memory for all is bounded`() async throws {
        let fixture = try await SchemaFixture.make(.sqlite, ["DBASSIST_LIMITS_CATALOGUE_CACHE_BYTES": "20000"])
        for number in 0..<5 {
            let project = try await fixture.bench.client.call(
                "project.create",
                [
                    "name": .string("p\(number)"), "databaseType": "sqlite",
                    "connectionString": .string("sqlite://" + fixture.bench.file),
                ])
            try await fixture.bench.client.call("schema.refresh", ["projectId": project["id"]])
            #expect(try await fixture.counter("dbassistd_catalogues_bytes") <= 20000)
        }
        #expect(try await fixture.counter("dbassistd_catalogues_bytes") > 0)
    }

    /// Ten thousand tables, and the second look costs no statement: the file is gone by then.
    @Test func `ten thousand tables`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_QUERY_TIMEOUT_MS": "120000"], engines: [.sqlite])
        let script = bench.daemon.directory.appending("many.sql")
        let tables = (1...10_000).map {
            "CREATE TABLE t\($0) (id INTEGER PRIMARY KEY, name TEXT, t\($0 - 1)_id INT REFERENCES t\(max($0 - 1, 1)));"
        }
        let file = try #require(fopen(script, "w"))
        fputs("BEGIN;" + tables.joined(separator: "\n") + "CREATE INDEX t7_name ON t7 (name); COMMIT;", file)
        fclose(file)
        try Engine.sqlite.script(".read \(script)", file: bench.file)
        let id = JSONValue.string(bench.project(.sqlite))
        let counts = try await bench.client.call("schema.refresh", ["projectId": id], timeoutMs: 120_000)
        #expect(counts["relations"] == 10_001 && counts["columns"] == 30_002 && counts["foreignKeys"] == 10_000)
        #expect(counts["indexes"] == 1 && counts["truncated"] == false)
        try ChildProcess.run(["rm", bench.file])
        let page = try await bench.client.call(
            "schema.list", ["projectId": id, "limit": 200, "pattern": "t99*", "detail": "full"])
        #expect(page["total"] == 111 && page["items"].array?.count == 111)
        let table = try await bench.client.call("schema.describe", ["projectId": id, "relation": "t10000"])["relation"]
        #expect(table["foreignKeys"][0]["toRelation"] == "t9999")
        let hits = try await bench.client.call("schema.search", ["projectId": id, "query": "t5000"], timeoutMs: 60_000)
        #expect(hits["items"][0]["relation"] == "t5000")
        let path = try await bench.client.call(
            "schema.relations", ["projectId": id, "relation": "t5000", "to": "t5020", "depth": 20])
        #expect(path["path"]["steps"].array?.count == 20)
        let text = try await bench.client.call("system.metrics")["text"].string ?? ""
        #expect(text.contains("\ndbassistd_catalogue_reads_total 1\n"))
        let failure = try await bench.client.failure("schema.refresh", ["projectId": id])
        #expect(failure.code == "connection_failed" || failure.code == "unknown_database", "\(failure)")
    }
}
