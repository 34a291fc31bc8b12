import Synchronization
import TestSupport
import Testing

/// A small bookshop in a schema of its own, the same on every engine, and the calls to look at it.
struct SchemaFixture {
    let bench: Workbench
    let engine: Engine
    /// `main` for SQLite.
    let schema: String

    private static let made = Atomic(0)

    /// Tables, keys and an index in a form that all engines take.
    private static let tables = [
        "CREATE TABLE author (id INTEGER PRIMARY KEY, name VARCHAR(100) NOT NULL)",
        """
        CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, editor_id INTEGER, \
        title VARCHAR(200) DEFAULT 'untitled' NOT NULL, price NUMERIC(10,2), isbn VARCHAR(20), \
        taxed NUMERIC(10,2) GENERATED ALWAYS AS (price * 2) STORED, \
        CONSTRAINT book_isbn UNIQUE (isbn), CONSTRAINT dear CHECK (price > 0), \
        CONSTRAINT book_author FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE, \
        CONSTRAINT book_editor FOREIGN KEY (editor_id) REFERENCES author (id) ON DELETE SET NULL)
        """,
        "CREATE INDEX book_title ON book (title, price)",
        "CREATE TABLE shop (id INTEGER PRIMARY KEY, parent_id INTEGER, FOREIGN KEY (parent_id) REFERENCES shop (id))",
        """
        CREATE TABLE sale (book_id INTEGER NOT NULL, shop_id INTEGER NOT NULL, PRIMARY KEY (book_id, shop_id), \
        CONSTRAINT sale_book FOREIGN KEY (book_id) REFERENCES book (id), \
        CONSTRAINT sale_shop FOREIGN KEY (shop_id) REFERENCES shop (id))
        """,
        """
        CREATE TABLE receipt (number INTEGER PRIMARY KEY, book INTEGER, shop INTEGER, \
        CONSTRAINT receipt_sale FOREIGN KEY (book, shop) REFERENCES sale (book_id, shop_id) ON UPDATE CASCADE)
        """,
        "CREATE TABLE island (id INTEGER PRIMARY KEY)",
        "CREATE VIEW cheap AS SELECT title, price FROM book WHERE price < 5",
    ]

    static func make(
        _ engine: Engine, _ settings: [String: String] = [:], tables: [String] = tables
    ) async throws -> SchemaFixture {
        let bench = try await Workbench.start(settings, engines: [engine])
        let schema = engine == .sqlite ? "main" : "bookshop_\(made.add(1, ordering: .relaxed).newValue)"
        let fixture = SchemaFixture(bench: bench, engine: engine, schema: schema)
        switch engine {
        case .postgresql:
            try engine.script("DROP SCHEMA IF EXISTS \(schema) CASCADE", asAdministrator: true)
            try engine.script("CREATE SCHEMA \(schema)", asAdministrator: true)
            try engine.script("ALTER SCHEMA \(schema) OWNER TO plain_role", asAdministrator: true)
        case .mysql:
            try engine.script(
                """
                DROP DATABASE IF EXISTS \(schema); CREATE DATABASE \(schema); GRANT ALL ON \(schema).* TO 'plain'@'%';
                GRANT ALL ON \(schema).* TO 'plain'@'localhost'
                """, asAdministrator: true)
        case .sqlite: break
        }
        for sql in tables { try fixture.script(sql) }
        return fixture
    }

    /// Runs a script in the schema, beside the daemon.
    @discardableResult func script(_ sql: String, asAdministrator: Bool = false) throws -> String {
        let sql =
            switch engine {
            case .postgresql: "SET search_path TO \(schema);\n" + sql
            case .mysql: "USE \(schema);\n" + sql
            case .sqlite: sql
            }
        return try engine.script(sql, file: bench.file, asAdministrator: asAdministrator)
    }

    /// A statement on a table of the schema, through the daemon: `@` stands before each name.
    @discardableResult func write(_ sql: String) async throws -> JSONValue {
        try await bench.write(engine, sql.replacing("@", with: engine == .sqlite ? "" : schema + "."))
    }

    /// Params for this project.
    func params(_ more: JSONValue = [:]) -> JSONValue {
        guard case .object(let members) = more else { return .null }
        return .object([("projectId", .string(bench.project(engine)))] + members)
    }

    func call(_ method: String, _ more: JSONValue = [:]) async throws -> JSONValue {
        try await bench.client.call(method, params(more), timeoutMs: 60_000)
    }

    /// schema.list of this schema.
    func list(_ more: JSONValue = [:]) async throws -> JSONValue {
        guard case .object(let members) = more else { return .null }
        return try await call("schema.list", .object([("schema", .string(schema))] + members))
    }

    func describe(_ relation: String) async throws -> JSONValue {
        try await call("schema.describe", ["relation": .string(relation), "schema": .string(schema)])["relation"]
    }

    /// A counter of `system.metrics`.
    func counter(_ name: String) async throws -> Int {
        let text = try await bench.client.call("system.metrics")["text"].string ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) }.map { Int($0) } ?? -1
    }

    func reads() async throws -> Int { try await counter("dbassistd_catalogue_reads_total") }
}

extension JSONValue {
    /// The member of each element.
    func each(_ name: String) -> [String] { (array ?? []).map { $0[name].string ?? "" } }

    /// The element whose `name` it is.
    func named(_ name: String) -> JSONValue { array?.first { $0["name"].string == name } ?? .null }

    var strings: [String] { (array ?? []).compactMap(\.string) }
}
