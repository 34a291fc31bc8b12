import Foundation
import TestSupport
import Testing

/// The tables of types in docs/protocol.md are what the daemon does.
///
/// Each stands between its `<!-- types: postgresql -->` and the next comment: a block of SQL to run first, then rows of type, encoding,
/// expression and cell.
@Suite struct EncodingTableTests {
    struct Table {
        var setUp = ""
        var rows: [(type: String, encoding: String, expression: String, cell: String)] = []
    }

    func table(_ engine: Engine) throws -> Table? {
        let text = try String(contentsOf: Repository.root.appending(path: "docs/protocol.md"), encoding: .utf8)
        guard let start = text.range(of: "<!-- types: \(engine.rawValue) -->") else { return nil }
        let rest = text[start.upperBound...]
        let section = rest[..<(rest.range(of: "<!--")?.lowerBound ?? rest.endIndex)]
        var table = Table()
        var isSQL = false
        for line in section.split(separator: "\n") {
            if line.hasPrefix("```") {
                isSQL = line == "```sql"
            } else if isSQL {
                table.setUp += line + "\n"
            } else if line.hasPrefix("|") {
                let cells = line.split(separator: "|").map { Self.code($0) }
                guard cells.count == 4, let type = cells[0], let encoding = cells[1], let expression = cells[2],
                    let cell = cells[3]
                else {
                    continue
                }
                table.rows.append((type, encoding, expression, cell))
            }
        }
        return table
    }

    /// The text between the backticks of a cell; empty for an empty cell, nil where there are none.
    private static func code(_ cell: Substring) -> String? {
        let text = cell.trimmingCharacters(in: .whitespaces)
        if text.isEmpty { return "" }
        guard text.count >= 2, text.hasPrefix("`"), text.hasSuffix("`") else { return nil }
        return String(text.dropFirst().dropLast())
    }

    /// Security bar D45.
    @Test(arguments: Engine.allCases) func `the table says what happens`(engine: Engine) async throws {
        guard let table = try table(engine) else {
            Issue.record("docs/protocol.md has no table of types for \(engine.rawValue)")
            return
        }
        #expect(table.rows.count >= 10)
        let bench = try await Workbench.start(engines: [engine])
        switch engine {
        case .postgresql:
            try engine.script("DROP TYPE IF EXISTS mood, pair; DROP DOMAIN IF EXISTS small")
            try engine.script("ALTER ROLE plain_role SET timezone = 'UTC'", asAdministrator: true)
        case .mysql: try engine.script("DROP TABLE IF EXISTS cells")
        case .sqlite: break
        }
        if !table.setUp.isEmpty { try engine.script(table.setUp, file: bench.file) }
        for row in table.rows {
            let id = bench.client.send("query.run", bench.query(engine, "SELECT " + row.expression))
            do {
                let result = try await bench.client.result(of: id, "query.run")
                let column = result["columns"][0]
                #expect(column["type"].string == (row.type), "\(row.expression)")
                #expect(column["encoding"].string == row.encoding, "\(row.expression)")
                #expect(result["rows"] == [[try JSONValue(parsing: row.cell)]], "\(row.expression)")
            } catch let failure as TestClient.Failure {
                Issue.record("\(row.expression): \(failure)")
            }
        }
    }
}
