import TestSupport
import Testing

@testable import Databases

@Suite struct StatementShapeTests {
    /// A statement, and its shape in the engines it is written for.
    static let table: [(sql: String, shape: String, engines: [DatabaseType])] = [
        // Literals and placeholders
        ("select * from t where id = 17", "SELECT * FROM t WHERE id = ?", all),
        ("SELECT 'a''b', 1.5e-3, .5, 0x1F, -2, - 3, +4", "SELECT ?, ?, ?, ?, ?, ?, ?", all),
        ("SELECT a-1, a - -1, b*-2, (-3), a.b+.5 FROM t", "SELECT a - ?, a - ?, b * ?, (?), a.b + ? FROM t", all),
        ("SELECT 'open", "SELECT ?", all), ("SELECT 1e, 1..2", "SELECT ?, ?", all), ("", "", all), (" ;; ; ", "", all),
        ("SELECT 1;", "SELECT ?", all), ("SELECT 1; SELECT 2", "SELECT ?; SELECT ?", all),
        ("SELECT $1, E'a\\'b', U&'\\0061', B'01', x'ff', N'n'", "SELECT ?, ?, ?, ?, ?, ?", [.postgresql]),
        ("SELECT $$a'b$$, $t$ $$ ' $t$, $t$ open", "SELECT ?, ?, ?", [.postgresql]),
        ("SELECT 'a\\' , b", "SELECT ?, b", [.postgresql, .sqlite]),
        ("SELECT 'a\\' , b', \"it\\\"s\", x'ff', _utf8mb4'x', @v", "SELECT ?, ?, ?, _utf8mb4 ?, @ v", [.mysql]),
        ("SELECT ?1, :name, @name, $name, ?", "SELECT ?, ?, ?, ?, ?", [.sqlite]),
        ("SELECT a IS NULL, TRUE, null FROM t", "SELECT a IS NULL, TRUE, NULL FROM t", all),
        // Names
        ("SELECT \"Odd \"\"Name\", U&\"d\\0061\" FROM T", "SELECT \"Odd \"\"Name\", U&\"d\\0061\" FROM t", [.postgresql]),
        ("SELECT `A``b`, [C d], \"E\" FROM T", "SELECT `A``b`, [C d], \"E\" FROM t", [.sqlite]),
        ("SELECT `A``b`, Tab.Select FROM T", "SELECT `A``b`, Tab.Select FROM T", [.mysql]),
        ("SELECT a[1], b[2:3] FROM t", "SELECT a[?], b[? : ?] FROM t", [.postgresql]),
        ("SELECT größe FROM Straße", "SELECT größe FROM straße", [.postgresql, .sqlite]),
        ("SELECT t.id, t.\"Id\" FROM t", "SELECT t.id, t.\"Id\" FROM t", [.postgresql, .sqlite]),
        // Layout and comments
        ("SELECT\n  count( * )\tFROM t-- x\n/* y */WHERE a<=1", "SELECT count(*) FROM t WHERE a <= ?", all),
        ("SELECT 1 /* open", "SELECT ?", all), ("-- only", "", [.postgresql, .sqlite]),
        ("SELECT 1 /* a /* b */ c */", "SELECT ?", [.postgresql]),
        ("SELECT 1 /* a /* b */ + c", "SELECT ? + c", [.sqlite, .mysql]),
        ("SELECT 1--1 # x", "SELECT ? - ?", [.mysql]), ("SELECT a::text, b ->> 'k'", "SELECT a::text, b ->> ?", [.postgresql]),
        // Lists
        ("SELECT * FROM t WHERE a IN (1, 2,3) AND b in ('x')", "SELECT * FROM t WHERE a IN (?) AND b IN (?)", all),
        ("SELECT * FROM t WHERE a IN (SELECT 1, 2)", "SELECT * FROM t WHERE a IN (SELECT ?, ?)", all),
        ("SELECT f(1, 2), (1, 2)", "SELECT f(?, ?), (?, ?)", all),
        ("INSERT INTO t(a,b) VALUES (1,NULL),(2, 'x') , (?, ?)", "INSERT INTO t(a, b) VALUES (?)", all),
        ("INSERT INTO t VALUES (1, now(), 2), (3, now(), 4)", "INSERT INTO t VALUES (?, now(), ?)", all),
        ("INSERT INTO t VALUES (1, f(2)), (f(1), 2), (f(3), 4)", "INSERT INTO t VALUES (?, f(?)), (f(?), ?)", all),
        ("SELECT 1 WHERE (a, b) IN ((1, 2), (3, 4))", "SELECT ? WHERE (a, b) IN ((?))", all),
        ("SELECT ARRAY[1,2,3], ANY(ARRAY['a'::text, 'b'::text])", "SELECT ARRAY[?], ANY (ARRAY[?::text])", [.postgresql]),
        ("SELECT a IN (1, ", "SELECT a IN (?,", all), ("SELECT 1) , (2", "SELECT ?), (?", all),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "INSERT INTO t VALUES (?) ON CONFLICT DO NOTHING", all),
    ]
    static let all = DatabaseType.allCases

    @Test func eachStatementHasItsShape() {
        for (sql, shape, engines) in Self.table {
            for engine in engines { #expect(StatementShape(of: sql, engine).text == shape, "\(engine): \(sql)") }
        }
    }

    /// A shape is a statement of that shape: `?` is a placeholder again.
    @Test func aShapeIsItsOwnShape() {
        for (sql, _, engines) in Self.table {
            for engine in engines {
                let shape = StatementShape(of: sql, engine)
                #expect(StatementShape(of: shape.text, engine) == shape, "\(engine): \(sql)")
            }
        }
    }

    @Test func fingerprintsAreStable() {
        // Written down once: histories on disk have them.
        #expect(StatementShape(of: "SELECT * FROM t WHERE id = 1", .sqlite).name == "562ce4aecb949113")
        #expect(StatementShape(of: "", .sqlite).name == "efd01f60ba992926")
        let one = StatementShape(of: "SELECT a FROM t WHERE b IN (1, 2)", .mysql)
        #expect(one == StatementShape(of: "/* x */ select a\nfrom t where b in ('y')", .mysql))
        #expect(one.fingerprint != StatementShape(of: "SELECT a FROM t WHERE c IN (1, 2)", .mysql).fingerprint)
        #expect(StatementShape.fingerprint(named: one.name) == one.fingerprint)
        for wrong in ["", "0", "0123456789ABCDEF", "0123456789abcde", "+123456789abcdef", "0123456789abcdef0"] {
            #expect(StatementShape.fingerprint(named: wrong) == nil)
        }
        #expect(StatementShape.fingerprint(named: "00000000000000ff") == 255)
    }

    @Test func aLongStatementIsCutAndStillItself() {
        let columns = (0..<2_000).map { "größe\($0)" }.joined(separator: ", ")
        let shape = StatementShape(of: "SELECT \(columns) FROM a", .postgresql)
        #expect(shape.text.utf8.count <= StatementShape.textBytesMax && shape.text.hasSuffix("…"))
        #expect(shape.fingerprint != StatementShape(of: "SELECT \(columns) FROM b", .postgresql).fingerprint)
    }

    /// The worst of it takes time in proportion to its length.
    @Test(arguments: DatabaseType.allCases) func largeTextsTakeLinearTime(engine: DatabaseType) {
        let units = [
            "(", ")", "((1),", "VALUES (1,", "'", "$a$ ", "$a", "/*", "--", "-", "[", "a.", "1,", "IN (1, 2", "\\'", "é", "E'",
            "(1), ",
            "values ",
        ]
        for unit in units {
            func time(_ bytes: Int) -> Duration {
                let sql = "INSERT INTO t VALUES " + String(repeating: unit, count: bytes / unit.utf8.count)
                return threadTime { _ = StatementShape(of: sql, engine) }
            }
            _ = time(2_000)
            let (short, long) = (time(6_000), time(96_000))
            // Sixteen times the text; quadratic time would be 256 times.
            #expect(long < .milliseconds(500) * TestScale.slack || long < short * 80, "\(unit): \(short), \(long)")
        }
    }

    /// Whatever the text, a shape is made: pieces of everything, in any order.
    @Test func anyTextHasAShape() {
        let pieces = [
            "'", "\"", "`", "[", "]", "(", ")", ",", ";", ".", "$", "$$", "$a$", "\\", "/*", "*/", "--", "\n", "#", "E'", "U&\"",
            "1", "e",
            "0x", "IN", "VALUES", "ARRAY", "é", "\u{0}", ":", "::", "@", "?", "-", "+", " ", "NULL", "\u{1F408}",
        ]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1_000 {
            let sql = (0..<Int.random(in: 0...40, using: &random)).map { _ in pieces.randomElement() ?? "" }.joined()
            for engine in DatabaseType.allCases {
                let shape = StatementShape(of: sql, engine)
                #expect(shape == StatementShape(of: sql, engine), "\(sql.debugDescription)")
            }
        }
    }
}
