import Assistant
import Databases
import Testing

@Suite struct MaskGuardTests {
    private static let guardian: MaskGuard = {
        var maker = CatalogueMaker()
        maker.table("people", ["id int pk", "name text", "email text", "home~address text"])
        maker.table("orders", ["id int pk", "person_id int >people.id", "total numeric"])
        maker.table("contacts", ["id int", "contact text"], kind: .view)
        return MaskGuard(MaskedColumns(["people.email", "people.home address"]), in: maker.finish())
    }()

    @Test(arguments: [
        "SELECT email FROM people", "SELECT EMAIL AS e FROM people", "SELECT p.\"email\" FROM people p",
        "SELECT [email] FROM people",
        "SELECT `home address` FROM people", "SELECT max(email) FROM people", "SELECT 1 FROM people WHERE email LIKE 'a%'",
        "SELECT id FROM people ORDER BY email", "SELECT * FROM people", "SELECT p.* FROM people p", "SELECT p . * FROM people p",
        "SELECT id, * FROM people", "SELECT DISTINCT * FROM people", "TABLE people", "SELECT people FROM people",
        "SELECT row_to_json(p) FROM people p", "SELECT p::text FROM people AS p", "SELECT json_agg(people) FROM people",
        "SELECT x.c FROM people AS x (a, b, c)", "SELECT x.c FROM people x(a, b, c)", "SELECT c FROM people (a, b, c)",
        "WITH x (a, b, c) AS (SELECT * FROM people) SELECT c FROM x", "SELECT a.id FROM orders a, people b",
        "SELECT b FROM (SELECT 1, 2 UNION ALL SELECT * FROM people) q", "SELECT contact FROM contacts",
        "SELECT count(*) FROM contacts",
        "SELECT most_common_vals FROM pg_stats", "SELECT U&\"\\0065mail\" FROM people", "SELECT /*! email */ 1 FROM people",
        "SELECT count(p) FROM people p", "SELECT 'x' || p || 'y' FROM people p", "SELECT ROW(p.*) FROM people p",
    ]) func statementsThatCouldShowAMaskedColumnAreRefused(_ sql: String) {
        #expect(Self.guardian.refusal(sql) != nil)
    }

    @Test(arguments: [
        "SELECT id, name FROM people", "SELECT count(*) FROM people", "SELECT count( * ) AS n FROM people p WHERE p.id > 3",
        "SELECT p.name, sum(o.total * 2) FROM people AS p JOIN orders AS o ON o.person_id = p.id GROUP BY p.name",
        "SELECT name FROM public.people WHERE id = 3", "SELECT * FROM orders", "SELECT people.name FROM people LIMIT 3",
        "SELECT p.id / 2 FROM people p", "SELECT name FROM people p LEFT JOIN orders o ON o.person_id = p.id",
        "SELECT id FROM people /* everybody */", "SELECT 1", "SELECT email_sent FROM orders",
    ]) func ordinaryStatementsPass(_ sql: String) {
        #expect(Self.guardian.refusal(sql) == nil)
    }

    @Test func withoutMasksNothingIsRefused() {
        #expect(MaskGuard(MaskedColumns(), in: .shop).refusal("SELECT * FROM customers, pg_stats") == nil)
    }
}
