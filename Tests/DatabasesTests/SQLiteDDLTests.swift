import Testing

@testable import Databases

@Suite struct SQLiteDDLTests {
    @Test func checksAreThoseOfTheTableAndNothingThatLooksLikeOne() {
        let ddl = SQLiteDDL(
            """
            CREATE TABLE "check (1)" ( -- CHECK (comment)
              a INT check(a>0), /* CHECK (b) */ [check] TEXT DEFAULT 'CHECK (c)', d INT DEFAULT (CHECK),
              CONSTRAINT `sum``s` CHECK ( a + ((b)) > ')' ), CONSTRAINT plain CHECK("x" <> ']'), e AS (a CHECK (z))
            """)
        #expect(ddl.checks.map(\.expression) == ["a>0", "a + ((b)) > ')'", "\"x\" <> ']'"])
        #expect(ddl.checks.map(\.name) == [nil, "sum`s", "plain"])
    }

    @Test func indexesAreTakenApartAtTheirOwnCommas() {
        let ddl = SQLiteDDL(
            "CREATE UNIQUE INDEX IF NOT EXISTS main.\"where (\" ON t (a, max(b, c) DESC, \"d,)\" || ',') WHERE a > (1) -- end")
        #expect(ddl.indexTerms == ["a", "max(b, c) DESC", "\"d,)\" || ','"])
        #expect(ddl.indexPredicate == "a > (1) -- end")
        #expect(SQLiteDDL("CREATE INDEX i ON t (a)").indexPredicate == nil)
    }

    @Test func modulesAreNamed() {
        #expect(SQLiteDDL("CREATE VIRTUAL TABLE \"using\" USING [fts5](a, b)").module == "fts5")
        #expect(SQLiteDDL("create virtual table v using rtree(id, a, b)").module == "rtree")
    }

    /// What SQLite would never hand over must not crash.
    @Test(arguments: [
        "", "(", ")", "))(", "CHECK", "CHECK (", "'", "\"", "[", "/*", "/* *", "--", "CREATE TABLE t (CHECK",
        "CONSTRAINT CHECK (",
    ])
    func nonsenseIsNothing(_ sql: String) {
        let ddl = SQLiteDDL(sql)
        #expect(ddl.checks.isEmpty && ddl.module == nil && ddl.indexPredicate == nil)
        _ = ddl.indexTerms
    }
}
