import Databases
import Protocol

/// Answers from rows, statistics and failures.
extension PlainAnswer {
    private static let cellBytesMax = 100
    private static let columnsShown = 30

    func count(_ place: Int, _ outcome: PlainOutcome) -> String {
        let relation = index.catalogue.relations[place]
        guard case .rows(_, let rows, _) = outcome, let count = RowCells.first(rows) else {
            guard let estimate = relation.rowEstimate else { return "How many rows \(name(place)) has was not counted." }
            return "\(name(place)) has about \(Markdown.count(estimate, "row")), by the database's own estimate."
        }
        let number = Int(count).map { Markdown.count($0, "row") } ?? "\(Markdown.plain(count)) rows"
        return "\(name(place)) has \(number).\n\n\(Markdown.sql(PlainSQL.count(relation, engine)))"
    }

    func sample(_ place: Int, _ outcome: PlainOutcome) -> String {
        guard case .rows(let columns, let rows, let hasMore) = outcome else { return "No rows of \(name(place)) were read." }
        let cells = RowCells.all(rows, rowsMax: PlainSQL.sampleMax, columnsMax: Self.columnsShown)
        guard !cells.isEmpty else { return "\(name(place)) has no rows." }
        let heading = columns.prefix(Self.columnsShown).map { Markdown.cellCode($0.name) }
        let body = cells.map { row in row.map { $0.map { Markdown.plain($0, bytesMax: Self.cellBytesMax) } ?? "null" } }
        var text =
            "\(hasMore ? "The first " : "")\(Markdown.count(cells.count, "row")) of \(name(place)):\n\n"
            + Markdown.table(heading, body)
        let hidden = columns.count - Self.columnsShown
        if hidden > 0 { text += "\n\n\(hidden) more columns are not shown." }
        return text
    }

    func statements(_ outcome: PlainOutcome, _ limit: Int, _ which: String, _ how: String) -> String {
        guard case .statements(let figures) = outcome, !figures.isEmpty else {
            return "No statements of this project are in the history yet, so none can be said to \(how)."
        }
        let rows = figures.prefix(limit).map { figure in
            [
                Markdown.grouped(figure.count), figure.meanMs.map(Self.tenths) ?? "", figure.p95Ms.map(Self.tenths) ?? "",
                figure.totalMs.map(Self.tenths) ?? "", Markdown.cellCode(figure.sql, bytesMax: 300),
            ]
        }
        let title = rows.count == 1 ? "The \(which) statement" : "The \(rows.count) \(which) statements"
        return "\(title) of this project:\n\n" + Markdown.table(["runs", "mean ms", "p95 ms", "total ms", "statement"], rows)
    }

    func failures(_ outcome: PlainOutcome, _ limit: Int) -> String {
        guard case .failures(let failures) = outcome, !failures.isEmpty else {
            return "No statement of this project has failed lately."
        }
        let rows = failures.prefix(limit).map { failure in
            [
                Markdown.plain(failure.time, bytesMax: 40), Markdown.plain(failure.error.message, bytesMax: 200),
                Markdown.cellCode(failure.sql, bytesMax: 200),
            ]
        }
        return "\(Markdown.count(rows.count, "statement")) failed lately:\n\n"
            + Markdown.table(["when", "why", "statement"], rows)
    }

    func lastFailure(_ outcome: PlainOutcome) -> String {
        guard case .failures(let failures) = outcome, let failure = failures.first else {
            return "No statement of this project has failed lately."
        }
        let error = failure.error
        var text =
            "The last statement that failed, at \(Markdown.plain(failure.time, bytesMax: 40)):\n\n\(Markdown.sql(failure.sql))\n\n"
        text += Markdown.plain(error.message, bytesMax: 1_000)
        if let state = error.sqlState { text += " (SQLSTATE \(Markdown.plain(state, bytesMax: 10)))" }
        if let position = error.position, let spot = ToolFailureText.spot(failure.sql, position) {
            text += "\n\nAt the mark `>>>`: \(Markdown.code(spot, bytesMax: 500))"
        }
        if let hint = error.hint { text += "\n\nHint: \(Markdown.plain(hint, bytesMax: 1_000))" }
        let near = ToolFailureText.nearest(error, failure.sql, index)
        if !near.isEmpty { text += "\n\nDid you mean \(Markdown.names(near))?" }
        return text
    }

    func explain(_ sql: String, _ outcome: PlainOutcome) -> String {
        guard case .plan(let plan, let remarks) = outcome else {
            return "The plan of this statement was not read.\n\n\(Markdown.sql(sql))"
        }
        var text = "This is how the database would run it:\n\n\(Markdown.block(plan))"
        if !remarks.isEmpty { text += "\n\n" + remarks.map { "- \(Markdown.plain($0, bytesMax: 500))" }.joined(separator: "\n") }
        return text
    }
}

extension Markdown {
    /// A code block of no language.
    static func block(_ text: String) -> String {
        let block = sql(text)
        return block.replacing("`sql\n", with: "`\n", maxReplacements: 1)
    }
}
