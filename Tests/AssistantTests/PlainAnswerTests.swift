import Assistant
import Databases
import Protocol
import Testing

@Suite struct PlainAnswerTests {
    private let index = SchemaIndex(.shop)
    private var answer: PlainAnswer { PlainAnswer(index, engine: .postgresql) }

    private func place(_ name: String) -> Int { index.find(name).first ?? -1 }

    @Test(arguments: [
        (Databases.DatabaseType.postgresql, "\"public\".\"we\"\"ird`na]me\""), (.sqlite, "\"public\".\"we\"\"ird`na]me\""),
        (.mysql, "`public`.`we\"ird``na]me`"),
    ]) func namesAreQuoted(_ engine: Databases.DatabaseType, _ name: String) {
        let relation = index.catalogue.relations[place("we\"ird`na]me")]
        #expect(PlainSQL.sample(relation, limit: 0, engine) == "SELECT * FROM \(name) LIMIT 1")
        #expect(PlainSQL.sample(relation, limit: .max, engine).hasSuffix("LIMIT 100"))
        #expect(PlainSQL.count(relation, engine).hasSuffix("FROM \(name)"))
    }

    @Test func aNameNeverHasNUL() {
        #expect(SQLName.quoted("a\0b\"c", .postgresql) == "\"ab\"\"c\"")
        #expect(SQLName.quoted("`; DROP TABLE x; --", .mysql) == "```; DROP TABLE x; --`")
    }

    @Test func tablesAreListed() {
        let text = answer.text(.listRelations(.view, schema: nil))
        #expect(text.hasPrefix("There is 1 view in the database.\n\n| name | kind | rows | comment |"))
        #expect(answer.text(.listRelations(.all, schema: "archive")).contains("| `archive.orders` | table | ~1 |"))
        #expect(answer.text(.listRelations(.table, schema: "nowhere")).hasPrefix("There are no tables"))
        let large = PlainAnswer(SchemaIndex(.large(300)), engine: .mysql)
        #expect(large.text(.listRelations(.table, schema: nil)).hasSuffix("202 more are not shown."))
    }

    @Test func aTableIsDescribed() {
        let text = answer.text(.describe(place("orders")))
        #expect(text.hasPrefix("`orders` is a table with 5 columns and about 54,000 rows."))
        #expect(text.contains("| `status` | order\\_status | not null; one of new, paid, shipped, cancelled |"))
        #expect(text.contains("- Refers to `customers`: `customer_id` is its `id`."))
        #expect(text.contains("- Referred to by `order_items` and `payments`."))
    }

    @Test func columnsAreFound() {
        #expect(answer.text(.relationsWithColumn("customer id")).contains("- `orders`: `customer_id`"))
        #expect(answer.text(.relationsWithColumn("email")).hasPrefix("2 tables and views with a column `email`"))
        #expect(answer.text(.relationsWithColumn("nope")) == "No table or view has a column `nope`.")
    }

    @Test func relationsAreToldWithTheirJoin() {
        let text = answer.text(.related(place("customers"), place("order_items")))
        #expect(text.contains("through `orders`") && text.contains("JOIN orders ON orders.customer_id = customers.id"))
        #expect(answer.text(.related(place("page_views"), place("orders"))).contains("No foreign keys"))
        #expect(answer.text(.relationsOf(place("page_views"))).contains("has no foreign keys"))
    }

    @Test func countsAndSamplesAreTold() {
        let count = PlainOutcome.rows(
            columns: [ResultColumn(name: "rows", type: "int8")], rows: JSONText("[[54123]]"), hasMore: false)
        #expect(answer.text(.rowCount(place("orders")), count).hasPrefix("`orders` has 54,123 rows."))
        #expect(answer.text(.rowCount(place("orders"))).contains("about 54,000 rows"))
        let rows = PlainOutcome.rows(
            columns: [ResultColumn(name: "a|b", type: "text"), ResultColumn(name: "n", type: "int4")],
            rows: JSONText(#"[["x|y\n![z](http://e)",null],["*b*",2]]"#), hasMore: true)
        let text = answer.text(.sample(place("orders"), limit: 2), rows)
        #expect(text.hasPrefix("The first 2 rows of `orders`:"))
        #expect(text.contains("| `a\\|b` | n |") || text.contains("| `a\\|b` | `n` |"))
        #expect(text.contains("null |") && text.contains("\\*b\\*"))
        #expect(!text.contains("](") && !text.contains("://"))
        #expect(text.split(separator: "\n").count == 5)
    }

    @Test func statisticsAndFailuresAreTold() {
        let figures = PlainOutcome.statements([
            PlainStatementFigures(sql: "SELECT a | b", count: 1_234, meanMs: 12.34, p95Ms: 20, totalMs: 15_227.6)
        ])
        #expect(
            answer.text(.slowestQueries(limit: 10), figures).contains("| 1,234 | 12.3 | 20.0 | 15,227.6 | `SELECT a \\| b` |"))
        #expect(answer.text(.mostFrequentQueries(limit: 10)).hasPrefix("No statements of this project"))
        let error = DatabaseError(
            .queryFailed, phase: .prepare, "relation \"ordres\" does not exist", sqlState: "42P01", position: 15)
        let failure = PlainFailure(sql: "SELECT * FROM ordres", time: "2026-11-26 10:00", error: error)
        let text = answer.text(.lastFailure, .failures([failure]))
        #expect(
            text.contains("SQLSTATE 42P01") && text.contains("`SELECT * FROM >>>ordres`")
                && text.contains("Did you mean `orders`?"))
        #expect(answer.text(.recentErrors(limit: 5), .failures([failure])).hasPrefix("1 statement failed lately"))
        #expect(answer.text(.lastFailure) == "No statement of this project has failed lately.")
        #expect(answer.text(.rowCount(place("orders")), .failed(error)).hasPrefix("The database did not answer"))
    }

    @Test func everyIntentHasAnAnswer() {
        let intents: [PlainIntent] = [
            .largestRelations(limit: 3), .explain(sql: "SELECT 1"), .statement(sql: "```"), .capabilities, .needsSchema,
            .noSuchRelation(name: "x`y", nearest: ["a", "b"]), .unknown(suggestions: []), .unknown(suggestions: ["Describe x"]),
        ]
        for intent in intents { #expect(!answer.text(intent).isEmpty) }
        #expect(answer.text(.largestRelations(limit: 1)).contains("| `page_views` | 858.3 MiB | ~9,000,000 |"))
        #expect(answer.text(.statement(sql: "```")).contains("````sql\n```\n````"))
        #expect(
            answer.text(.explain(sql: "SELECT 1"), .plan(text: "Seq Scan", remarks: ["Reads all of t."])).contains(
                "```\nSeq Scan\n```\n\n- Reads all"))
    }

    @Test func hostileNamesDoNothing() {
        var maker = CatalogueMaker()
        maker.table("x`](http://evil)\n<script>", ["a\u{1B}[2J int4", "![p](u) text"], comment: "[c](https://evil) <img src=x>")
        let answer = PlainAnswer(SchemaIndex(maker.finish()), engine: .sqlite)
        for intent in [PlainIntent.describe(0), .listRelations(.all, schema: nil), .columns(0), .relationsOf(0), .rowCount(0)] {
            let text = answer.text(intent)
            #expect(!text.contains("](") && !text.contains("://") && !text.contains("<script") && !text.contains("\u{1B}"))
        }
    }
}
