import TestSupport
import Testing

/// schema.list.
@Suite(.serialized) struct SchemaListTests {
    private static let names = ["author", "book", "cheap", "island", "receipt", "sale", "shop"]

    @Test(arguments: Engine.allCases) func `all relations, by name and kind`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        let names = try await fixture.list(["detail": "names"])
        let own = (names["items"].array ?? []).filter { $0["name"] != "t" }
        #expect(own.map { $0["name"].string ?? "" } == Self.names)
        #expect(own.allSatisfy { $0.names == ["schema", "name", "kind"] && $0["schema"].string == fixture.schema })
        #expect(names["items"].named("cheap")["kind"] == "view" && names["items"].named("book")["kind"] == "table")
        #expect(names["truncated"] == false && (names["ageMs"].double ?? -1) >= 0 && names.member("nextCursor") == nil)
        let schema = names["schemas"].named(fixture.schema)
        #expect(schema["relationCount"].integer == names["total"].integer)
        #expect(schema["default"] == .bool(engine == .sqlite))
        let views = try await fixture.list(["kinds": ["view", "materializedView"]])
        #expect(views["items"].each("name") == ["cheap"] && views["total"] == 1)
        // System relations only when asked for.
        let all = try await fixture.call("schema.list", ["limit": 200])
        #expect(all["items"].array?.allSatisfy { $0["system"] == false } == true)
        let system = try await fixture.call("schema.list", ["limit": 200, "includeSystem": true, "pattern": "*"])
        #expect((system["total"].integer ?? 0) > (all["total"].integer ?? 0))
        #expect(system["items"].array?.contains { $0["system"] == true } == true)
    }

    @Test(arguments: Engine.allCases) func `summaries have comments and estimates, identifiers run as they are`(
        engine: Engine
    ) async throws {
        let fixture = try await SchemaFixture.make(engine)
        for value in 1...20 { try fixture.script("INSERT INTO author VALUES (\(value), 'a')") }
        switch engine {
        case .postgresql: try fixture.script("COMMENT ON TABLE author IS 'who\nwrote'; ANALYZE author")
        case .mysql: try fixture.script("ALTER TABLE author COMMENT 'who\nwrote'; ANALYZE TABLE author")
        case .sqlite: try fixture.script("CREATE INDEX an ON author (name); ANALYZE author")
        }
        let author = try await fixture.list(["pattern": "author"])["items"][0]
        #expect(author["rowEstimate"].integer == 20)
        if engine != .sqlite {
            #expect(author["comment"].string == "who\nwrote")
            #expect((author["sizeBytes"].integer ?? 0) >= 8192)
        }
        #expect(author.member("columns") == nil)
        let identifier = try #require(author["identifier"].string)
        let count = try await fixture.bench.run(engine, "SELECT count(*) FROM \(identifier)")
        #expect(count["rows"] == [[20]])
    }

    @Test(arguments: Engine.allCases) func `in full, with everything`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        let page = try await fixture.list(["detail": "full", "pattern": "b*k"])
        #expect(page["items"].each("name") == ["book"])
        let book = page["items"][0]
        #expect(book["columns"].array?.count == 7 && book["foreignKeys"].array?.count == 2)
        #expect(try await fixture.describe("book") == book)
    }

    @Test(arguments: Engine.allCases) func `patterns are for names in any case, and schemas before a dot`(
        engine: Engine
    ) async throws {
        let fixture = try await SchemaFixture.make(engine)
        func names(_ pattern: String) async throws -> [String] {
            try await fixture.call("schema.list", ["pattern": .string(pattern), "limit": 200])["items"].array?
                .filter { $0["schema"].string == fixture.schema }.map { $0["name"].string ?? "" } ?? []
        }
        #expect(try await names("B*") == ["book"])
        #expect(try await names("s???") == ["sale", "shop"])
        #expect(try await names("*A*") == ["author", "cheap", "island", "sale"])
        #expect(try await names("\(fixture.schema).*a*e") == ["sale"])
        #expect(try await names("nosuch.*") == [])
        #expect(try await names("bo") == [])
        for literal in ["[b]ook", "bo.k", "b%k", "b_ok"] { #expect(try await names(literal) == [], "\(literal)") }
        // No pattern takes long.
        _ = try await names(String(repeating: "*a", count: 100))
    }

    @Test(arguments: Engine.allCases) func `pages hold each relation once`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        var names: [String] = []
        var cursor: JSONValue?
        repeat {
            let page = try await fixture.list(
                .object([("limit", 2), ("detail", "names")] + (cursor.map { [("cursor", $0)] } ?? [])))
            #expect((page["items"].array?.count ?? 0) <= 2)
            #expect((page.member("schemas") == nil) == (cursor != nil))
            names += page["items"].each("name")
            cursor = page.member("nextCursor")
            // What is dropped meanwhile does not disturb.
            if names.count == 2 { try await fixture.write("DROP VIEW @cheap") }
        } while cursor != nil
        #expect(names.filter { $0 != "t" } == Self.names.filter { $0 != "cheap" })
        for cursor in ["n", "n0", "x00", "nzz", "n0000f", "f1"] {
            let failure = try await fixture.bench.client.failure("schema.list", fixture.params(["cursor": .string(cursor)]))
            #expect(failure.code == "invalid_params" && failure.data["path"] == "params.cursor", "\(cursor)")
        }
    }

    /// Also two names that are the same to a reader and to Swift, and not to the database.
    @Test(arguments: Engine.allCases) func `any name comes out as it is`(engine: Engine) async throws {
        let odd = [
            "UPPER", "two words", "a\"b", "a`b", "it's", "line\nbreak", "tab\there", "dot.ted", "\u{e9}", "e\u{301}", "名前", "📚",
            "per%cent", "back\\slash", "select", "--", "$1",
        ]
        let quote = engine == .mysql ? "`" : "\""
        func quoted(_ name: String) -> String { quote + name.replacing(quote, with: quote + quote) + quote }
        // MariaDB's names are letters of its basic plane, and é is the same in any form.
        let names = engine == .mysql ? odd.filter { $0 != "📚" && $0 != "e\u{301}" } : odd
        let fixture = try await SchemaFixture.make(
            engine, tables: names.map { "CREATE TABLE \(quoted($0)) (\(quoted($0)) INTEGER PRIMARY KEY)" })
        let page = try await fixture.list(["limit": 200, "detail": "full"])
        let items = (page["items"].array ?? []).filter { $0["name"] != "t" }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(items.map { Array(($0["name"].string ?? "").utf8) } == sorted.map { Array($0.utf8) })
        for item in items {
            let identifier = try #require(item["identifier"].string)
            #expect(item["columns"].each("name").map { Array($0.utf8) } == [Array((item["name"].string ?? "").utf8)])
            #expect(item["primaryKey"]["columns"][0] == item["name"])
            let rows = try await fixture.bench.run(engine, "SELECT count(*) FROM \(identifier)")
            #expect(rows["rows"] == [[0]], "\(identifier)")
            let found = try await fixture.describe(item["name"].string ?? "")
            #expect(found["name"] == item["name"], "\(item)")
        }
        let cursor = try await fixture.list(["limit": 1])["nextCursor"]
        #expect(
            try await fixture.list(["limit": 200, "cursor": cursor])["items"].array?.count == (page["total"].integer ?? 0) - 1)
    }

    @Test(arguments: [Engine.postgresql, .mysql]) func `only what the database's user may see`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        let hidden = fixture.schema + "_hidden"
        switch engine {
        case .postgresql:
            try engine.script("DROP SCHEMA IF EXISTS \(hidden) CASCADE", asAdministrator: true)
            try fixture.script(
                """
                CREATE SCHEMA \(hidden); CREATE TABLE \(hidden).treasure (id int); CREATE TABLE secret (id int);
                CREATE TABLE partly (id int PRIMARY KEY, pin int); GRANT SELECT (id) ON partly TO plain_role;
                CREATE TABLE spy (secret int, island int REFERENCES island)
                """, asAdministrator: true)
        default:
            try engine.script(
                "DROP DATABASE IF EXISTS \(hidden); CREATE DATABASE \(hidden); CREATE TABLE \(hidden).treasure (id int)",
                asAdministrator: true)
        }
        let all = try await fixture.call("schema.list", ["limit": 200, "detail": "full"])
        #expect(!"\(all)".contains("treasure") && !"\(all["schemas"])".contains(hidden))
        let names = try await fixture.list(["limit": 200])["items"].each("name")
        #expect(!names.contains("secret") && !names.contains("spy"))
        if engine == .postgresql {
            let partly = try await fixture.describe("partly")
            #expect(partly["columns"].each("name") == ["id"])
            #expect(try await fixture.describe("island")["referencedBy"] == [])
        }
        let code = try await fixture.bench.client.errorCode(
            "schema.describe", fixture.params(["relation": "treasure", "schema": .string(hidden)]))
        #expect(code == "not_found")
    }

    @Test(arguments: Engine.allCases) func `too much is cut, and said to be`(engine: Engine) async throws {
        let few = try await SchemaFixture.make(engine, ["DBASSIST_LIMITS_CATALOGUE_RELATIONS": "3"])
        let page = try await few.call("schema.list", ["limit": 200])
        #expect(page["truncated"] == true && page["total"] == 3)
        #expect(try await few.call("schema.refresh")["truncated"] == true)
        let small = try await SchemaFixture.make(engine, ["DBASSIST_LIMITS_CATALOGUE_BYTES": "5000"])
        let cut = try await small.call("schema.list", ["limit": 200, "detail": "full"])
        #expect(cut["truncated"] == true)
    }

    @Test func `failures are those of reaching the database`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let project = try await bench.client.call(
            "project.create",
            ["name": "Gone", "databaseType": "postgresql", "connectionString": "postgresql://nobody@127.0.0.1:1/none"])
        for method in ["schema.list", "schema.refresh", "schema.relations"] {
            let failure = try await bench.client.failure(method, ["projectId": project["id"]])
            #expect(failure.code == "connection_refused", "\(failure)")
        }
        let id = JSONValue.string(bench.project(.sqlite))
        let wrong: [JSONValue] = [
            ["projectId": id, "limit": 0], ["projectId": id, "limit": 201], ["projectId": id, "detail": "all"],
            ["projectId": id, "kinds": []], ["projectId": id, "kinds": ["tables"]], ["projectId": id, "pattern": ""],
            ["projectId": id, "pattern": 7], ["projectId": id, "schema": .string(String(repeating: "x", count: 1001))],
            ["projectId": "x"], ["projectId": id, "extra": 1],
        ]
        for params in wrong { #expect(try await bench.client.errorCode("schema.list", params) == "invalid_params", "\(params)") }
    }
}
