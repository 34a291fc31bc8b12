import Assistant
import Databases
import TestSupport
import Testing

@Suite struct PlainIntentTests {
    static let index = SchemaIndex(.shop)

    private static func place(_ name: String) -> Int { index.find(name).first ?? -1 }

    static let phrasings: [(String, PlainIntent)] = {
        let (customers, orders, items) = (place("customers"), place("orders"), place("order_items"))
        let (products, categories) = (place("products"), place("categories"))
        return [
            ("What tables are there?", .listRelations(.table, schema: nil)),
            ("what tables do I have", .listRelations(.table, schema: nil)),
            ("show tables", .listRelations(.table, schema: nil)),
            ("SHOW TABLES;", .listRelations(.table, schema: nil)),
            ("list all tables", .listRelations(.table, schema: nil)),
            ("Please list the tables in this database", .listRelations(.table, schema: nil)),
            ("how many tables are there?", .listRelations(.table, schema: nil)),
            ("list all the tabels", .listRelations(.table, schema: nil)),
            ("\\dt", .listRelations(.table, schema: nil)),
            ("list the views", .listRelations(.view, schema: nil)),
            ("Which views exist?", .listRelations(.view, schema: nil)),
            ("show me all tables and views", .listRelations(.all, schema: nil)),
            ("what's in this database?", .listRelations(.all, schema: nil)),
            ("describe the database", .listRelations(.all, schema: nil)),
            ("list tables in archive", .listRelations(.table, schema: "archive")),
            ("which tables are in the schema archive?", .listRelations(.table, schema: "archive")),

            ("describe orders", .describe(orders)),
            ("Describe the table orders.", .describe(orders)),
            ("describe public.orders", .describe(orders)),
            ("describe archive.orders", .describe(place("archive.orders"))),
            ("DESCRIBE ORDERS", .describe(orders)),
            ("desc customers", .describe(customers)),
            ("discribe customers", .describe(customers)),
            ("\\d customers", .describe(customers)),
            ("what is the structure of order_items", .describe(items)),
            ("show me the schema of the order items table", .describe(items)),
            ("tell me about customers", .describe(customers)),
            ("what is customers?", .describe(customers)),
            ("customers", .describe(customers)),
            ("describe custmers", .describe(customers)),
            ("describe \"Order Log\"", .describe(place("Order Log"))),
            ("describe order log", .describe(place("Order Log"))),
            ("describe `we\"ird`", .noSuchRelation(name: "we\"ird", nearest: [])),
            ("describe größen", .describe(place("Größen"))),
            ("describe 顧客", .describe(place("顧客"))),
            ("describe categories", .describe(categories)),
            ("describe the category table", .describe(categories)),
            ("describe “customers”", .describe(customers)),
            ("describe dragons", .noSuchRelation(name: "dragons", nearest: [])),

            ("columns of orders", .columns(orders)),
            ("what columns does orders have?", .columns(orders)),
            ("Which columns does the table customers have", .columns(customers)),
            ("list the fields in products", .columns(products)),
            ("what are the column names of order_items?", .columns(items)),
            ("how many columns does customers have?", .columns(customers)),
            ("show columns from customers", .columns(customers)),

            ("which tables have a column email?", .relationsWithColumn("email")),
            ("What tables contain customer_id", .relationsWithColumn("customer_id")),
            ("tables with a column named 'product_id'", .relationsWithColumn("product_id")),
            ("find all tables that have the column created_at", .relationsWithColumn("created_at")),
            ("where is the column iban?", .relationsWithColumn("iban")),
            ("which tables have a column called name", .relationsWithColumn("name")),
            ("which tables have a customer id column", .relationsWithColumn("customer id")),

            ("how are orders and customers related?", .related(orders, customers)),
            ("How do I join customers to order_items?", .related(customers, items)),
            ("what is the relationship between products and categories", .related(products, categories)),
            ("how is product connected to category", .related(products, categories)),
            ("foreign keys between orders and customers", .related(orders, customers)),
            ("what is orders related to?", .relationsOf(orders)),
            ("which tables reference customers?", .relationsOf(customers)),
            ("foreign keys of order_items", .relationsOf(items)),

            ("how many rows are in orders?", .rowCount(orders)),
            ("How many rows does customers have", .rowCount(customers)),
            ("count orders", .rowCount(orders)),
            ("count the rows in order_items", .rowCount(items)),
            ("how many customers are there?", .rowCount(customers)),
            ("how many customers do we have", .rowCount(customers)),
            ("number of products", .rowCount(products)),
            ("total number of records in page_views", .rowCount(place("page_views"))),
            ("row count of customers", .rowCount(customers)),

            ("what are the largest tables?", .largestRelations(limit: 10)),
            ("biggest tables", .largestRelations(limit: 10)),
            ("top 5 largest tables", .largestRelations(limit: 5)),
            ("which tables use the most space?", .largestRelations(limit: 10)),
            ("which table has the most rows", .largestRelations(limit: 10)),

            ("what are the slowest queries?", .slowestQueries(limit: 10)),
            ("show me the 3 slowest queries", .slowestQueries(limit: 3)),
            ("which queries take the longest?", .slowestQueries(limit: 10)),
            ("longest running statements", .slowestQueries(limit: 10)),
            ("most frequent queries", .mostFrequentQueries(limit: 10)),
            ("Which queries are run most often?", .mostFrequentQueries(limit: 10)),
            ("what are the most common statements", .mostFrequentQueries(limit: 10)),

            ("why did my last query fail?", .lastFailure),
            ("what went wrong", .lastFailure),
            ("what was the last error?", .lastFailure),
            ("explain the last error", .lastFailure),
            ("recent errors", .recentErrors(limit: 10)),
            ("show me the last 5 errors", .recentErrors(limit: 5)),
            ("which queries failed recently?", .recentErrors(limit: 10)),

            ("show me orders", .sample(orders, limit: 10)),
            ("show me 5 rows of customers", .sample(customers, limit: 5)),
            ("first 20 of order_items", .sample(items, limit: 20)),
            ("sample of products", .sample(products, limit: 10)),
            ("give me a few rows from orders", .sample(orders, limit: 10)),
            ("preview customers", .sample(customers, limit: 10)),
            ("show me five orders", .sample(orders, limit: 5)),
            ("first 100000 rows of orders", .sample(orders, limit: 100)),

            ("what can you do?", .capabilities),
            ("help", .capabilities),
            ("what can I ask?", .capabilities),

            ("SELECT * FROM orders", .statement(sql: "SELECT * FROM orders")),
            ("select count(*) from orders where total > 5;", .statement(sql: "select count(*) from orders where total > 5")),
            ("WITH x AS (SELECT 1) SELECT * FROM x", .statement(sql: "WITH x AS (SELECT 1) SELECT * FROM x")),
            ("DELETE FROM orders", .statement(sql: "DELETE FROM orders")),
            ("run SELECT 1", .statement(sql: "SELECT 1")),
            ("```sql\nSELECT 1\n```", .statement(sql: "SELECT 1")),
            ("explain SELECT * FROM orders", .explain(sql: "SELECT * FROM orders")),
            ("EXPLAIN (ANALYZE, BUFFERS) SELECT 1", .explain(sql: "SELECT 1")),
            ("explain this query: SELECT * FROM orders;", .explain(sql: "SELECT * FROM orders")),
            ("what does `SELECT 1` do?", .explain(sql: "SELECT 1")),
            ("Why is this slow?\n```sql\nSELECT * FROM orders\n```", .explain(sql: "SELECT * FROM orders")),
        ]
    }()

    @Test(arguments: phrasings) func itIsUnderstood(_ question: String, _ intent: PlainIntent) {
        #expect(PlainIntent.recognise(question, index: Self.index, engine: .postgresql) == intent)
    }

    /// What says more than a rule knows is not answered with less.
    @Test(arguments: [
        "how many orders were placed last week?", "which customers bought the most?", "show me orders over 100 euros",
        "count orders by status", "average order total per month", "what is the meaning of life", "delete all orders",
        "show me customers in Berlin", "how many paid orders are there", "tell me a joke", "", "???",
        "Wie viele Bestellungen gibt es?",
        "show orders and customers", "how many orders are there per customer", "largest orders",
    ]) func moreIsNotUnderstood(_ question: String) {
        guard case .unknown(let suggestions) = PlainIntent.recognise(question, index: Self.index, engine: .postgresql) else {
            Issue.record("\(PlainIntent.recognise(question, index: Self.index, engine: .postgresql))")
            return
        }
        #expect(suggestions.count >= 3)
    }

    /// What is suggested is understood.
    @Test func suggestionsAreUnderstood() {
        for question in ["hmm", "revenue by customer", "page views per day"] {
            guard case .unknown(let suggestions) = PlainIntent.recognise(question, index: Self.index, engine: .mysql) else {
                continue
            }
            for suggestion in suggestions {
                let intent = PlainIntent.recognise(suggestion, index: Self.index, engine: .mysql)
                if case .unknown = intent { Issue.record("\(suggestion)") }
                if case .noSuchRelation = intent { Issue.record("\(suggestion)") }
            }
        }
    }

    @Test func withoutASchemaOnlyItsNamesAreMissing() {
        #expect(
            PlainIntent.recognise("what tables are there", index: nil, engine: .sqlite) == .listRelations(.table, schema: nil))
        #expect(PlainIntent.recognise("describe orders", index: nil, engine: .sqlite) == .needsSchema)
        #expect(PlainIntent.recognise("slowest queries", catalogue: nil, engine: .sqlite) == .slowestQueries(limit: 10))
    }

    @Test func aLargeCatalogueIsNoDelay() {
        let index = GroundingTests.large
        for (question, name) in [
            ("how many rows are in custmers", "customers"), ("describe invoice_header_100", "invoice_header_100"),
        ] {
            var intent = PlainIntent.capabilities
            let time = threadTime { intent = PlainIntent.recognise(question, index: index, engine: .postgresql) }
            let place = index.find(name).first ?? -1
            #expect(intent == .rowCount(place) || intent == .describe(place))
            #expect(time < .seconds(1) * TestScale.slack)
        }
    }

    @Test func hostileTextIsNoDelay() {
        let texts = [
            String(repeating: "explain ", count: 100_000), String(repeating: "select ", count: 100_000),
            String(repeating: "(", count: 500_000), String(repeating: "orders ", count: 280),
            String(repeating: "'", count: 1_990),
            String(repeating: "```", count: 100_000), String(repeating: "describe \u{301}", count: 150),
        ]
        for text in texts {
            let time = threadTime { _ = PlainIntent.recognise(text, index: Self.index, engine: .postgresql) }
            #expect(time < .seconds(2) * TestScale.slack, "\(text.prefix(20))")
        }
    }
}
