import TestSupport
import Testing

/// What views and triggers are made of, in schema.describe.
@Suite(.serialized) struct SchemaDefinitionTests {
    private static let postgreSQL = [
        "CREATE TABLE book (id int PRIMARY KEY, title text, price int)",
        "CREATE TABLE child (book_id int REFERENCES book (id))",
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER b_noted AFTER INSERT OR UPDATE OF title ON book FOR EACH ROW WHEN (NEW.price > 5) EXECUTE FUNCTION noted()",
        "CREATE TRIGGER \"a \"\"odd\"\"\nname\" BEFORE TRUNCATE ON book EXECUTE FUNCTION noted()",
        "ALTER TABLE book DISABLE TRIGGER b_noted",
        "CREATE VIEW cheap AS SELECT title, price FROM book WHERE price < 5 AND title <> 'a\nb'",
        "CREATE MATERIALIZED VIEW summed AS SELECT count(*) AS n FROM book",
        "CREATE TRIGGER instead INSTEAD OF DELETE ON cheap FOR EACH ROW EXECUTE FUNCTION noted()",
    ]

    @Test func `PostgreSQL`() async throws {
        let fixture = try await SchemaFixture.make(.postgresql, tables: Self.postgreSQL)
        let book = try await fixture.describe("book")
        #expect(book.member("definition") == nil)
        // Foreign keys are triggers too, of the server's own.
        #expect(book["triggers"].each("name") == ["a \"odd\"\nname", "b_noted"])
        let (odd, noted) = (book["triggers"][0], book["triggers"][1])
        #expect(odd["timing"] == "before" && odd["events"] == ["truncate"] && odd["perRow"] == false)
        #expect(odd.member("enabled") == nil)
        #expect(noted["timing"] == "after" && noted["events"] == ["insert", "update"] && noted["perRow"] == true)
        #expect(noted["enabled"] == false)
        #expect(noted["definition"].string?.contains("UPDATE OF title") == true)
        #expect(noted["definition"].string?.lowercased().contains("new.price > 5") == true, "\(noted)")
        let cheap = try await fixture.describe("cheap")
        let definition = cheap["definition"].string ?? ""
        #expect(definition.contains("SELECT") && definition.contains("price < 5") && definition.contains("a\nb"), "\(definition)")
        #expect(cheap["triggers"][0]["timing"] == "insteadOf" && cheap["triggers"][0]["events"] == ["delete"])
        #expect(try await fixture.describe("summed")["definition"].string?.contains("count(*)") == true)
        #expect(try await fixture.describe("child").member("triggers") == nil)
        // One at a time: a list has none.
        let list = try await fixture.list(["detail": "full", "pattern": "cheap"])["items"][0]
        #expect(list.member("definition") == nil && list["triggers"].each("name") == ["instead"])
    }

    /// PostgreSQL locks what a view reads to tell its text; who waits for that gets the rest.
    @Test func `a table that is locked keeps nobody waiting`() async throws {
        let fixture = try await SchemaFixture.make(.postgresql, tables: Self.postgreSQL)
        let locker = try await fixture.bench.connect()
        let lock = locker.send(
            "query.run",
            [
                "projectId": .string(fixture.bench.project(.postgresql)), "mode": "write", "timeoutMs": 60_000,
                "sql": .string(
                    "DO $$ BEGIN LOCK TABLE \(fixture.schema).book IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(58); END $$"),
            ])
        let deadline = ContinuousClock.now + .promptly
        let held =
            "SELECT count(*) FROM pg_locks WHERE relation = '\(fixture.schema).book'::regclass AND mode = 'AccessExclusiveLock'"
        while try Engine.postgresql.script(held).hasPrefix("1") == false, ContinuousClock.now < deadline {}
        let began = ContinuousClock.now
        let cheap = try await fixture.describe("cheap")
        #expect(cheap.member("definition") == nil && cheap["columns"].each("name") == ["title", "price"])
        #expect(ContinuousClock.now - began < .seconds(20))
        let triggers = try await fixture.describe("book")["triggers"]
        #expect(triggers.array?.count == 2 && triggers[1].member("definition") == nil && triggers[0].member("definition") != nil)
        locker.notify("$/cancelRequest", ["id": .number(String(lock))])
        _ = try? await locker.result(of: lock, "query.run")
        #expect(try await fixture.describe("cheap").member("definition") != nil)
    }

    @Test func `MariaDB`() async throws {
        let fixture = try await SchemaFixture.make(
            .mysql,
            tables: [
                "CREATE TABLE book (id INT PRIMARY KEY, title VARCHAR(50), price INT)",
                "CREATE VIEW cheap AS SELECT title, price FROM book WHERE price < 5",
                "CREATE TRIGGER noted BEFORE INSERT ON book FOR EACH ROW SET NEW.title = CONCAT(NEW.title, '\n')",
                "CREATE TRIGGER `a first` BEFORE INSERT ON book FOR EACH ROW PRECEDES noted SET NEW.price = 1",
                "CREATE TRIGGER gone AFTER DELETE ON book FOR EACH ROW SET @gone = OLD.id",
            ])
        let triggers = try await fixture.describe("book")["triggers"]
        let before = triggers.array?.filter { $0["timing"] == "before" }.map { $0["name"].string }
        #expect(before == ["a first", "noted"] && triggers.array?.count == 3)
        #expect(triggers.named("noted")["events"] == ["insert"] && triggers.named("noted")["perRow"] == true)
        #expect(triggers.named("noted")["definition"].string?.hasPrefix("SET NEW.title = CONCAT(") == true)
        #expect(triggers.named("gone")["timing"] == "after" && triggers.named("gone")["events"] == ["delete"])
        let cheap = try await fixture.describe("cheap")
        #expect(cheap["definition"].string?.contains("`price` < 5") == true, "\(cheap)")
        #expect(cheap.member("triggers") == nil)
    }

    @Test func `SQLite`() async throws {
        let fixture = try await SchemaFixture.make(
            .sqlite,
            tables: [
                "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT)",
                "CREATE VIEW \"as (\" (t) AS /* of books */\nSELECT title FROM book WHERE title <> ' AS '",
                "CREATE TRIGGER plain INSERT ON book BEGIN SELECT 1; END",
                "CREATE TRIGGER IF NOT EXISTS \"AFTER DELETE\" BEFORE UPDATE OF title ON book BEGIN DELETE FROM book WHERE 0; END",
                "CREATE TRIGGER late AFTER DELETE ON book WHEN OLD.id > 5 BEGIN INSERT INTO book VALUES (1, 'x'); END",
                "CREATE TRIGGER viewed INSTEAD OF INSERT ON \"as (\" BEGIN INSERT INTO book (title) VALUES (NEW.t); END",
            ])
        let triggers = try await fixture.describe("book")["triggers"]
        func head(_ name: String) -> [JSONValue] { [triggers.named(name)["timing"], triggers.named(name)["events"]] }
        #expect(head("plain") == ["before", ["insert"]] && head("AFTER DELETE") == ["before", ["update"]])
        #expect(head("late") == ["after", ["delete"]] && triggers.array?.count == 3)
        #expect(triggers.named("late")["definition"].string?.hasPrefix("CREATE TRIGGER late AFTER DELETE ON book WHEN") == true)
        let view = try await fixture.describe("as (")
        #expect(view["definition"] == "/* of books */\nSELECT title FROM book WHERE title <> ' AS '")
        #expect(view["triggers"][0]["timing"] == "insteadOf" && view["triggers"][0]["events"] == ["insert"])
    }
}
