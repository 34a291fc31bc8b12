import TestSupport
import Testing

/// schema.search.
@Suite(.serialized) struct SchemaSearchTests {
    private static let tables = [
        "CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(100), zip_code VARCHAR(10))",
        "CREATE TABLE customer_order (id INTEGER PRIMARY KEY, total NUMERIC(10,2), customer_id INTEGER)",
        "CREATE TABLE old_customer (id INTEGER PRIMARY KEY, note VARCHAR(10))",
        "CREATE TABLE Unzipped (id INTEGER PRIMARY KEY)",
        "CREATE TABLE invoice (id INTEGER PRIMARY KEY, straße VARCHAR(10), étage INTEGER)",
    ]

    private func search(_ fixture: SchemaFixture, _ words: String, _ more: JSONValue = [:]) async throws -> JSONValue {
        guard case .object(let members) = more else { return .null }
        return try await fixture.call("schema.search", .object([("query", .string(words))] + members))
    }

    /// `relation`, or `relation.column`, in lower case, and how it was found.
    private func hits(_ fixture: SchemaFixture, _ words: String) async throws -> [String] {
        try await search(fixture, words, ["limit": 200])["items"].array?.filter { $0["schema"].string == fixture.schema }.map {
            hit in
            let name = [hit["relation"].string, hit["column"].string].compactMap(\.self).joined(separator: ".")
            return "\(name.lowercased()) \(hit["match"].string ?? "")"
        } ?? []
    }

    @Test(arguments: Engine.allCases) func `the best comes first`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine, tables: Self.tables)
        #expect(
            try await hits(fixture, "customer") == [
                "customer exact", "customer_order prefix", "customer_order.customer_id prefix", "old_customer word",
            ])
        #expect(try await hits(fixture, "ZIP") == ["customer.zip_code prefix", "unzipped substring"])
        #expect(try await hits(fixture, "zipcode") == ["customer.zip_code exact"])
        #expect(try await hits(fixture, "zip code") == ["customer.zip_code exact"])
        #expect(try await hits(fixture, "CustomerOrder").first == "customer_order exact")
        // One word is the table's, the other the column's.
        #expect(try await hits(fixture, "order total") == ["customer_order.total word"])
        #expect(try await hits(fixture, "total nothing") == [])
        #expect(try await hits(fixture, "Étage") == ["invoice.étage exact"])
    }

    @Test(arguments: Engine.allCases) func `slips are forgiven when nothing else is found`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine, tables: Self.tables)
        let found = try await hits(fixture, "custmoer")
        #expect(found.first == "customer fuzzy" && found.allSatisfy { $0.hasSuffix("fuzzy") }, "\(found)")
        #expect(try await hits(fixture, "emial") == ["customer.email fuzzy"])
        #expect(try await hits(fixture, "qqqqqqqq") == [])
    }

    @Test(arguments: [Engine.postgresql, .mysql]) func `comments count, after names`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine, tables: Self.tables)
        switch engine {
        case .postgresql:
            try fixture.script(
                "COMMENT ON TABLE invoice IS 'what a Customer owes'; COMMENT ON COLUMN invoice.id IS 'Running\nnumber, never reused'"
            )
        default:
            try fixture.script(
                """
                ALTER TABLE invoice COMMENT 'what a Customer owes';
                ALTER TABLE invoice MODIFY id INTEGER COMMENT 'Running\nnumber, never reused'
                """)
        }
        let found = try await hits(fixture, "customer")
        #expect(found.last == "invoice word" && found.count == 5, "\(found)")
        let hit = try await search(fixture, "number reused")["items"][0]
        #expect(hit["relation"] == "invoice" && hit["column"] == "id" && hit["matchedIn"] == "comment" && hit["match"] == "word")
        #expect(hit["comment"].string == "Running\nnumber, never reused")
        #expect(hit["type"].string?.hasPrefix("int") == true)
    }

    @Test func `limits and bad queries`() async throws {
        let fixture = try await SchemaFixture.make(.sqlite, tables: Self.tables)
        let one = try await search(fixture, "id", ["limit": 1])
        #expect(one["items"].array?.count == 1 && (one["total"].integer ?? 0) >= 5)
        for query in ["", "  ", "_-.", "*", String(repeating: "x", count: 201)] {
            let code = try await fixture.bench.client.errorCode("schema.search", fixture.params(["query": .string(query)]))
            #expect(code == "invalid_params", "\(query)")
        }
        #expect(try await search(fixture, String(repeating: "a ", count: 100))["total"].integer != nil)
        #expect(try await search(fixture, String(repeating: "x", count: 200))["total"] == 0)
    }
}
