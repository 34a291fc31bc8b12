import Databases
import Protocol

/// query.summarize: figures about the columns of a kept result.
extension QueryHandlers {
    func summarize(_ params: QuerySummarizeParams, _ context: RequestContext) async throws -> QuerySummarizeResult {
        let result = try kept(params.resultId, context)
        _ = try result.spool()
        return try await services.resultWork.run(result.userID) {
            let columns = try await result.columns()
            let wanted = try params.columns.map { names throws(RPCError) in try Self.indexes(of: names, in: columns) }
            let summary = ResultSummary(columns: columns) { wanted?.contains($0) ?? true }
            var index = 0
            while let page = try await result.page(index) {
                try await summary.add(page)
                guard page.hasMore else { break }
                index += 1
            }
            let end = try await result.end()
            let figures = try await summary.finish(topValues: params.topValues)
            return QuerySummarizeResult(
                rowCount: summary.rowCount, truncated: end.truncated != nil, columns: figures.map(Self.wire))
        }
    }

    private static func indexes(of names: [String], in columns: [Databases.Column]) throws(RPCError) -> Set<Int> {
        var places: [String: [Int]] = [:]
        for (index, column) in columns.enumerated() { places[column.name, default: []].append(index) }
        var wanted: Set<Int> = []
        for (index, name) in names.enumerated() {
            guard let found = places[name] else {
                throw .invalid("columns[\(index)]", "is not the name of a column of this result.")
            }
            wanted.formUnion(found)
        }
        return wanted
    }

    private static func wire(_ figures: ColumnFigures) -> ColumnSummary {
        let column = wire(figures.column)
        return ColumnSummary(
            name: column.name, type: column.type, encoding: column.encoding, count: figures.count, nulls: figures.nulls,
            truncatedCells: figures.cutCells > 0 ? figures.cutCells : nil, distinct: figures.distinct,
            distinctIsEstimate: figures.distinctIsEstimate, order: figures.order.map(wire), min: figures.min, max: figures.max,
            sum: figures.sum, mean: figures.mean, stddev: figures.deviation,
            notFinite: figures.notFinite > 0 ? figures.notFinite : nil, trueCount: figures.trueCount,
            falseCount: figures.falseCount, minLength: figures.minLength, maxLength: figures.maxLength,
            meanLength: figures.meanLength,
            topValues: figures.topValues.map { TopValue(value: $0.value, count: $0.count, overcount: $0.overcount) })
    }

    private static func wire(_ order: FiguresOrder) -> SummaryOrder {
        switch order {
        case .number: .number
        case .time: .time
        case .text: .text
        case .mixed: .mixed
        }
    }
}
