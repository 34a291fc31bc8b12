@testable import Databases

/// Catalogues made by hand.
struct CatalogueMaker {
    private var builder = CatalogueBuilder(CatalogueRequest(isDetailed: true, bytesMax: 1 << 30))
    private var number = 0

    init(path: [String] = ["public"]) {
        for (position, name) in path.enumerated() {
            builder.add(CatalogueSchema(name: name, comment: nil, pathPosition: position))
        }
    }

    mutating func schema(_ name: String) { builder.add(CatalogueSchema(name: name, comment: nil, pathPosition: nil)) }

    /// Adds a relation. A column is `name type`, then `pk`, `null`, or `>table.column` for a foreign key; `=a|b` for labels.
    mutating func table(
        _ name: String, _ columns: [String], schema: String = "public", kind: CatalogueRelation.Kind = .table,
        comment: String? = nil,
        rows: Int? = nil, comments: [String: String] = [:], isSystem: Bool = false
    ) {
        let key = CatalogueName(schema, name)
        var relation = CatalogueRelation(schema: schema, name: name, kind: kind)
        relation.isOnPath = schema == "public"
        relation.comment = comment
        relation.rowEstimate = rows
        relation.sizeBytes = rows.map { $0 * 100 }
        relation.isSystem = isSystem
        builder.add(relation, key)
        var primary: [String] = []
        for (offset, text) in columns.enumerated() {
            let parts = text.split(separator: " ").map(String.init)
            var column = CatalogueColumn(
                name: parts[0].replacing("~", with: " "), type: parts[1], isNullable: false, number: offset + 1)
            for part in parts.dropFirst(2) {
                if part == "pk" { primary.append(column.name) }
                if part == "null" { column.isNullable = true }
                if part.hasPrefix("=") { column.labels = part.dropFirst().split(separator: "|").map(String.init) }
                if part.hasPrefix(">") { link(key, column.name, part.dropFirst(), schema) }
            }
            column.comment = comments[column.name]
            builder.add(column, to: key)
        }
        builder.change(key) { relation in
            if !primary.isEmpty { relation.primaryKey = CatalogueKey(name: nil, columns: primary) }
        }
    }

    private mutating func link(_ key: CatalogueName, _ column: String, _ target: Substring, _ schema: String) {
        let parts = target.split(separator: ".").map(String.init)
        builder.add(
            CatalogueBuilder.Link(
                name: nil, from: key, columns: [column], to: CatalogueName(schema, parts[0]), toColumns: [parts[1]],
                onUpdate: .noAction, onDelete: .noAction, number: number))
        number += 1
    }

    mutating func add(check: String, to name: String) {
        builder.add(CatalogueCheck(name: nil, expression: check), to: CatalogueName("public", name))
    }

    consuming func finish() -> Catalogue { builder.finish() }
}

extension Catalogue {
    func place(_ name: String) -> Int { relations.firstIndex { $0.name == name } ?? -1 }

    /// A web shop, with names that need care.
    static let shop: Catalogue = {
        var maker = CatalogueMaker()
        maker.schema("archive")
        maker.table(
            "customers", ["id int8 pk", "email text", "full_name text", "city text null", "created_at timestamptz"],
            comment: "People who have bought something", rows: 1_200, comments: ["email": "Where receipts are sent"])
        maker.table(
            "orders",
            [
                "id int8 pk", "customer_id int8 >customers.id", "status order_status =new|paid|shipped|cancelled",
                "total numeric", "placed_at timestamptz",
            ],
            rows: 54_000)
        maker.table(
            "order_items",
            ["order_id int8 pk >orders.id", "product_id int8 pk >products.id", "quantity int4", "unit_price numeric"],
            rows: 160_000)
        maker.table("products", ["id int8 pk", "name text", "price numeric", "supplier_id int8 null >suppliers.id"], rows: 300)
        maker.table("suppliers", ["id int8 pk", "name text", "country text"], rows: 12)
        maker.table("product_categories", ["product_id int8 pk >products.id", "category_id int8 pk >categories.id"], rows: 500)
        maker.table("categories", ["id int8 pk", "name text"], rows: 20)
        maker.table("payments", ["id int8 pk", "order_id int8 >orders.id", "amount numeric", "iban text"], rows: 50_000)
        maker.table("page_views", ["id int8 pk", "url text", "seen_at timestamptz"], comment: "Website traffic", rows: 9_000_000)
        maker.table("active_customers", ["id int8", "email text"], kind: .view)
        maker.table("Order Log", ["id int8 pk", "Entry~Text text"], rows: 10)
        maker.table("we\"ird`na]me", ["a\"b int4 pk"])
        maker.table("Größen", ["id int4 pk", "Länge int4"])
        maker.table("顧客", ["番号 int4 pk", "名前 text"])
        maker.table("orders", ["id int8 pk"], schema: "archive", rows: 1)
        maker.table("pg_secret", ["id int8 pk"], schema: "pg_catalog", isSystem: true)
        return maker.finish()
    }()

    /// ``large(_:)`` as it is, made once.
    static let thousands = large()

    /// 5,000 tables of 10 columns, linked, of which some are about something.
    static func large(_ tables: Int = 5_000) -> Catalogue {
        let subjects = [
            "invoice", "shipment", "ledger", "ticket", "sensor", "campaign", "contract", "vehicle", "patient", "course",
        ]
        let parts = ["header", "line", "history", "status", "archive", "detail", "link", "note", "audit", "snapshot"]
        let columns = ["created_at", "updated_at", "name", "amount", "code", "owner_id", "state", "remark"]
        var maker = CatalogueMaker()
        for number in 0..<tables {
            let name = "\(subjects[number % 10])_\(parts[number / 10 % 10])_\(number)"
            var list = ["id int8 pk"]
            if number >= 10 {
                let parent = number / 10
                list.append("parent_id int8 >\(subjects[parent % 10])_\(parts[parent / 10 % 10])_\(parent).id")
            } else {
                list.append("root_id int8")
            }
            list += columns.map { "\($0) text" }
            maker.table(
                name, list, comment: number % 7 == 0 ? "Holds the \(subjects[number % 10]) of region \(number % 97)" : nil,
                rows: number)
        }
        maker.table("customers", ["id int8 pk", "email text", "city text"], rows: 100)
        maker.table("orders", ["id int8 pk", "customer_id int8 >customers.id", "total numeric"], rows: 100)
        return maker.finish()
    }
}
