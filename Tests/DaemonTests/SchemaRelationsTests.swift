import TestSupport
import Testing

/// schema.relations.
@Suite(.serialized) struct SchemaRelationsTests {
    private func relations(_ fixture: SchemaFixture, _ more: JSONValue) async throws -> JSONValue {
        guard case .object(let members) = more else { return .null }
        return try await fixture.call("schema.relations", .object([("schema", .string(fixture.schema))] + members))
    }

    /// `book(author_id) > author(id)` of each.
    private func links(_ result: JSONValue) -> [String] {
        (result["items"].array ?? []).map { key in
            let (from, to) = (key["columns"].strings.joined(separator: ","), key["toColumns"].strings.joined(separator: ","))
            return "\(key["relation"].string ?? "")(\(from)) > \(key["toRelation"].string ?? "")(\(to))"
        }
    }

    @Test(arguments: Engine.allCases) func `foreign keys in and out, near and far`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        let near = try await relations(fixture, ["relation": "book"])
        #expect(links(near) == ["book(author_id) > author(id)", "book(editor_id) > author(id)", "sale(book_id) > book(id)"])
        #expect(near["total"] == 3 && near.member("path") == nil)
        let far = try await relations(fixture, ["relation": "author", "depth": 2])
        #expect(links(far) == ["book(author_id) > author(id)", "book(editor_id) > author(id)", "sale(book_id) > book(id)"])
        let all = try await relations(fixture, ["relation": "author", "depth": 20])
        #expect(
            Set(links(all))
                == Set(
                    links(far) + [
                        "sale(shop_id) > shop(id)", "receipt(book,shop) > sale(book_id,shop_id)", "shop(parent_id) > shop(id)",
                    ]))
        #expect(try await relations(fixture, ["relation": "island"])["items"] == [])
        let every = try await fixture.call("schema.relations", ["limit": 200])
        let own = JSONValue.object([
            ("items", .array((every["items"].array ?? []).filter { $0["schema"].string == fixture.schema }))
        ])
        #expect(links(own).count == 6)
    }

    @Test(arguments: Engine.allCases) func `the shortest way joins`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        for sql in [
            "INSERT INTO author VALUES (1, 'Austen')", "INSERT INTO book (id, author_id, editor_id) VALUES (7, 1, NULL)",
            "INSERT INTO shop VALUES (3, NULL)", "INSERT INTO sale VALUES (7, 3)", "INSERT INTO receipt VALUES (100, 7, 3)",
        ] { try fixture.script(sql) }
        let to: JSONValue = .string(fixture.schema)
        let result = try await relations(fixture, ["relation": "author", "to": "receipt", "toSchema": to])
        let path = result["path"]
        #expect(path["steps"].each("relation") == ["book", "sale", "receipt"])
        #expect(
            links(result) == [
                "book(author_id) > author(id)", "sale(book_id) > book(id)", "receipt(book,shop) > sale(book_id,shop_id)",
            ])
        // The other foreign key means something else, and is named.
        #expect(path["steps"][0]["alternatives"].strings.count == 1)
        #expect(path["steps"][0]["alternatives"].strings.first?.contains("editor_id") == true)
        #expect(path["steps"][1].member("alternatives") == nil)
        let from = try #require(path["from"].string)
        let rows = try await fixture.bench.run(engine, "SELECT count(*) \(from)")
        #expect(rows["rows"] == [[1]], "\(from)")
        let back = try await relations(fixture, ["relation": "receipt", "to": "author", "toSchema": to])
        #expect(back["path"]["steps"].each("relation") == ["sale", "book", "author"])
        // A step is ready for SQL by itself, too.
        let step = path["steps"][0]
        let sql =
            "SELECT count(*) FROM \(fixture.engine == .sqlite ? "" : fixture.schema + ".")author JOIN \(step["identifier"].string ?? "")"
        #expect(try await fixture.bench.run(engine, "\(sql) ON \(step["condition"].string ?? "")")["rows"] == [[1]])
    }

    @Test(arguments: Engine.allCases) func `no way, too long a way, and the way to oneself`(engine: Engine) async throws {
        let fixture = try await SchemaFixture.make(engine)
        let to: JSONValue = .string(fixture.schema)
        let none = try await relations(fixture, ["relation": "author", "to": "island", "toSchema": to])
        #expect(none.member("path") == nil && none["items"] == [] && none["total"] == 0)
        let short = try await relations(fixture, ["relation": "author", "to": "receipt", "toSchema": to, "depth": 2])
        #expect(short.member("path") == nil)
        let exact = try await relations(fixture, ["relation": "author", "to": "receipt", "toSchema": to, "depth": 3])
        #expect(exact["path"]["steps"].array?.count == 3)
        let same = try await relations(fixture, ["relation": "author", "to": "author", "toSchema": to])
        #expect(same["path"]["steps"] == [])
        let own = try await relations(fixture, ["relation": "shop"])["items"].array ?? []
        let join = try #require(own.first { $0["toRelation"] == "shop" && $0["relation"] == "shop" }?["join"].string)
        let shop = engine == .sqlite ? "shop" : "\(fixture.schema).shop"
        let other = engine == .mysql ? "`other`" : "\"other\""
        _ = try await fixture.bench.run(engine, "SELECT count(*) FROM \(shop) JOIN \(shop) AS \(other) ON \(join)")
    }

    @Test func `pages, unknown names and params that do not go together`() async throws {
        let fixture = try await SchemaFixture.make(.sqlite)
        var found: [String] = []
        var cursor: JSONValue?
        repeat {
            let page = try await fixture.call(
                "schema.relations", .object([("limit", 4)] + (cursor.map { [("cursor", $0)] } ?? [])))
            #expect(page["total"] == 6)
            found += links(page)
            cursor = page.member("nextCursor")
        } while cursor != nil
        #expect(found.count == 6 && Set(found).count == 6)
        for params: JSONValue in [
            ["to": "book"], ["relation": "book", "toSchema": "main"], ["depth": 2], ["schema": "main"],
            ["relation": "book", "depth": 0],
            ["relation": "book", "depth": 21], ["cursor": "f0"], ["cursor": "f-1"], ["cursor": "n00"], ["cursor": "f99999999999"],
        ] {
            let code = try await fixture.bench.client.errorCode("schema.relations", fixture.params(params))
            #expect(code == "invalid_params", "\(params)")
        }
        let from = try await fixture.bench.client.failure(
            "schema.relations", fixture.params(["relation": "bok", "to": "author"]))
        #expect(from.code == "not_found" && from.data["path"] == "params.relation")
        let to = try await fixture.bench.client.failure("schema.relations", fixture.params(["relation": "book", "to": "authr"]))
        #expect(to.data["path"] == "params.to" && to.data["hint"].string?.contains("author") == true)
    }
}
