import Assistant
import Databases
import Testing

@Suite struct SchemaTextTests {
    private let index = SchemaIndex(.shop)
    private let style = SchemaStyle(engine: .postgresql)

    private func place(_ name: String) -> Int { index.find(name).first ?? -1 }

    @Test func aDescriptionHasEverything() {
        let text = SchemaText.describe(place("orders"), in: index.catalogue, style: style)
        #expect(text.hasPrefix("table orders ~54000 rows\ncolumns:\n  id int8 not null\n"))
        #expect(text.contains("primary key (id)"))
        #expect(text.contains("foreign key orders(customer_id) -> customers(id)"))
        #expect(text.contains("referenced by order_items(order_id) -> orders(id)"))
        #expect(text.contains("[new|paid|shipped|cancelled]"))
    }

    @Test func aMaskHidesChecksThatMentionIt() {
        var maker = CatalogueMaker()
        maker.table("people", ["id int8 pk", "salary numeric"])
        maker.add(check: "salary > 1000", to: "people")
        maker.add(check: "id > 0", to: "people")
        let masked = SchemaStyle(engine: .postgresql, masked: MaskedColumns(["people.Salary"]))
        let text = SchemaText.describe(0, in: maker.finish(), style: masked)
        #expect(text.contains("salary [masked]") && !text.contains("1000") && text.contains("check id > 0"))
    }

    @Test func aLongDescriptionIsCutAndSaysSo() {
        var maker = CatalogueMaker()
        maker.table("wide", (0..<2_000).map { "field_\($0) text" })
        let text = SchemaText.describe(0, in: maker.finish(), style: style, bytesMax: 1_000)
        #expect(text.utf8.count <= 1_000 && text.hasSuffix("more columns"))
    }

    @Test func listsAreNarrowed() {
        #expect(SchemaText.list(index, .init(kind: .view), style: style).contains("active_customers (view)"))
        #expect(SchemaText.list(index, .init(schema: "ARCHIVE"), style: style) == "1 relation:\narchive.orders ~1 rows")
        #expect(SchemaText.list(index, .init(matching: "ORDER"), style: style).hasPrefix("4 relations:"))
        #expect(SchemaText.list(index, .init(matching: "zzz"), style: style).contains("there are 15"))
        #expect(!SchemaText.list(index, .init(), style: style).contains("pg_secret"))
        let large = SchemaIndex(.large(300))
        #expect(SchemaText.list(large, .init(), style: style, bytesMax: 500).utf8.count <= 500)
        #expect(SchemaText.list(large, .init(), style: style, bytesMax: 500).contains("more: narrow it"))
    }

    @Test func aSearchShowsWhatFits() {
        let text = SchemaText.search(index, "email", style: style)
        #expect(text.contains("customers(id int8 pk, email text not null"))
        #expect(SchemaText.search(index, "the", style: style).contains("Nothing"))
        #expect(SchemaText.search(index, "", style: style).contains("Nothing"))
    }

    @Test func pathsAreSQL() {
        #expect(
            SchemaText.path(from: place("customers"), to: place("order_items"), in: index, style: style)
                == """
                FROM customers
                JOIN orders ON orders.customer_id = customers.id
                JOIN order_items ON order_items.order_id = orders.id
                """)
        #expect(
            SchemaText.path(from: place("page_views"), to: place("orders"), in: index, style: style).hasPrefix("No foreign keys"))
        #expect(
            SchemaText.relations(of: place("products"), in: index.catalogue, style: style).contains(
                "products.supplier_id = suppliers.id"))
        #expect(SchemaText.relations(of: place("page_views"), in: index.catalogue, style: style).contains("no foreign keys"))
    }

    @Test func whatIsNotThereHasTheNearestNames() {
        #expect(SchemaText.notFound("ordres", in: index) == "There is no table or view \"ordres\". Did you mean orders?")
        #expect(SchemaText.notFound("a\nb", in: index).contains("search_schema"))
    }

    @Test(arguments: [
        ("orders", "orders"), ("ORDERS", "orders"), ("public.orders", "orders"), ("\"public\".\"orders\"", "orders"),
        ("archive.orders", "archive.orders"), ("`order_items`", "order_items"), ("[Order Log]", "Order Log"),
        ("GRÖSSEN", "Größen"),
        ("public.we\"ird`na]me", "nothing"), ("we\"ird`na]me", "we\"ird`na]me"), ("other.orders", "nothing"), ("", "nothing"),
        (".", "nothing"),
    ]) func namesAreFound(_ name: String, _ found: String) {
        #expect(index.find(name).first.map { index.qualifiedName($0) } ?? "nothing" == found)
    }
}
