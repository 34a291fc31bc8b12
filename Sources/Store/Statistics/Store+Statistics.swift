internal import Databases

extension Store {
    /// Figures of one moment, from the tallies: no row of history is read but the newest of each statement that is listed.
    ///
    /// - Parameters:
    ///   - projectID: only of this project; one that is not the user's has no queries.
    ///   - days: UTC days, at most 366; a longer range is cut at its start.
    ///   - statements: the length of each list of statements, at most 100.
    public func statistics(
        userID: String, projectID: String? = nil, fromMs: Int64, toMs: Int64, statements: Int
    ) async throws(StoreError) -> QueryStatistics {
        await flush()
        let last = Day.of(toMs)
        let range = StatisticsRange(
            userID: userID, projectID: projectID, first: max(min(Day.of(fromMs), last), last - 365), last: last)
        let limit = min(max(statements, 0), 100)
        return try await scanner.read { session throws(StoreError) in
            try session.snapshot { session throws(StoreError) in try Store.statistics(session, range, limit) }
        }
    }

    private static func statistics(
        _ session: StoreSession, _ range: StatisticsRange, _ limit: Int
    ) throws(StoreError) -> QueryStatistics {
        var total = Tally()
        var days: [Int64: Tally] = [:]
        var projects: [String: Tally] = [:]
        for var row in try session.rows(
            "SELECT day, project_id, \(Tally.columns) FROM query_days WHERE \(range.condition)", range.parameters)
        {
            let (day, projectID) = try (row.integer(), row.text())
            let tally = try Tally(&row)
            days[day, default: Tally()].add(tally)
            projects[projectID, default: Tally()].add(tally)
        }
        for tally in projects.values { total.add(tally) }
        let known = try Store.projects(session, projects, range.userID)
        let shapes = limit == 0 ? [] : try counts(session, range)
        var lists: [[ShapeFigures]] = []
        var made: [ShapeKey: ShapeFigures] = [:]
        for order in ShapeOrder.all {
            var list: [ShapeFigures] = []
            for shape in order.first(limit, of: shapes) {
                if made[shape.key] == nil {
                    made[shape.key] = try figures(session, range, shape, known[shape.key.projectID]?.name ?? "")
                }
                if let figures = made[shape.key] { list.append(figures) }
            }
            lists.append(list)
        }
        return QueryStatistics(
            sinceMs: range.sinceMs, untilMs: range.untilMs, total: QueryFigures(total),
            projects: known.values.sorted {
                ($1.figures.counts.total, $0.name, $0.projectID) < ($0.figures.counts.total, $1.name, $1.projectID)
            },
            days: (range.first...range.last).map {
                DayFigures(startMs: $0 * Day.ms, figures: QueryFigures(days[$0] ?? Tally()))
            },
            mostFrequent: lists[0], slowest: lists[1], costliest: lists[2], mostFailing: lists[3])
    }

    private static func projects(
        _ session: StoreSession, _ tallies: [String: Tally], _ userID: String
    ) throws(StoreError) -> [String: ProjectFigures] {
        var projects: [String: ProjectFigures] = [:]
        for (id, tally) in tallies {
            guard let project = try Store.project(session, id: id, userID: userID) else { continue }
            projects[id] = ProjectFigures(
                projectID: id, name: project.name, databaseType: project.databaseType, figures: QueryFigures(tally))
        }
        return projects
    }

    /// What statements are sorted by, for each that ran in the time; added up by the engine.
    private static func counts(_ session: StoreSession, _ range: StatisticsRange) throws(StoreError) -> [ShapeCounts] {
        let sums = ["success + error + cancelled + running", "success", "error", "total_us"]
            .map { "CAST(sum(\($0)) AS BIGINT)" }.joined(separator: ", ")
        let spans = range.spans.map { days, first, end in
            """
            SELECT project_id, shape, success, error, cancelled, running, total_us FROM shape_spans
            WHERE user_id = $1 AND days = \(days) AND day >= \(first) AND day < \(end)
            """ + (range.projectID == nil ? "" : " AND project_id = $2")
        }
        var shapes: [ShapeCounts] = []
        for var row in try session.rows(
            "SELECT project_id, shape, \(sums) FROM (\(spans.joined(separator: " UNION ALL "))) AS s GROUP BY project_id, shape",
            [.text(range.userID)] + (range.projectID.map { [.text($0)] } ?? []))
        {
            shapes.append(
                try ShapeCounts(
                    key: ShapeKey(projectID: row.text(), shape: row.integer()), total: row.integer(), success: row.integer(),
                    error: row.integer(), totalUs: row.integer()))
        }
        return shapes
    }

    /// All figures of one statement.
    private static func tally(
        _ session: StoreSession, _ range: StatisticsRange, _ key: ShapeKey
    ) throws(StoreError) -> Tally {
        var tally = Tally()
        for (days, first, end) in range.spans {
            for var row in try session.rows(
                spansOfShape,
                [
                    .text(key.projectID), .integer(key.shape), .integer(days), .integer(first), .integer(end),
                    .text(range.userID),
                ])
            {
                tally.add(try Tally(&row))
            }
        }
        return tally
    }

    // An expression keeps SQLite from the index that begins with the column.

    /// By the index of shapes: those that begin with the user have every statement of the time.
    static let spansOfShape = """
        SELECT \(Tally.columns) FROM shape_spans
        WHERE project_id = $1 AND shape = $2 AND days = $3 AND day >= $4 AND day < $5 AND user_id || '' = $6
        """

    /// By the index of shapes: in that of projects a statement that ran once would be looked for among all of the time.
    static let lastOfShape = """
        SELECT id, created_at, mode FROM queries
        WHERE project_id || '' = $1 AND shape = $2 AND created_at >= $3 AND created_at < $4 AND user_id = $5
        ORDER BY created_at DESC, id DESC LIMIT 1
        """

    private static func figures(
        _ session: StoreSession, _ range: StatisticsRange, _ shape: ShapeCounts, _ projectName: String
    ) throws(StoreError) -> ShapeFigures? {
        let key: [Parameter] = [.text(shape.key.projectID), .integer(shape.key.shape)]
        guard var text = try session.first("SELECT sql FROM query_shapes WHERE project_id = $1 AND shape = $2", key),
            var last = try session.first(
                lastOfShape, key + [.integer(range.sinceMs), .integer(range.untilMs), .text(range.userID)])
        else { return nil }
        return try ShapeFigures(
            projectID: shape.key.projectID, projectName: projectName, shape: UInt64(bitPattern: shape.key.shape),
            sql: text.text(),
            figures: QueryFigures(tally(session, range, shape.key)), lastQueryID: last.text(), lastUsedAtMs: last.integer(),
            lastMode: last.word(AccessMode.self))
    }
}

private struct StatisticsRange: Sendable {
    var userID: String
    var projectID: String?
    var first: Int64
    var last: Int64

    var sinceMs: Int64 { first * Day.ms }
    var untilMs: Int64 { (last + 1) * Day.ms }
    /// The time as whole weeks and the days before and after them.
    var spans: [(days: Int64, first: Int64, end: Int64)] {
        let (start, end) = (first, last + 1)
        let weeks = Day.startOfWeek(start + Day.ofWeek - 1)..<max(Day.startOfWeek(end), Day.startOfWeek(start + Day.ofWeek - 1))
        guard !weeks.isEmpty else { return [(1, start, end)] }
        let all: [(days: Int64, first: Int64, end: Int64)] = [
            (Day.ofWeek, weeks.lowerBound, weeks.upperBound), (1, start, weeks.lowerBound), (1, weeks.upperBound, end),
        ]
        return all.filter { $0.first < $0.end }
    }
    var condition: String {
        "user_id = $1 AND day >= $2 AND day <= $3" + (projectID == nil ? "" : " AND project_id = $4")
    }
    var parameters: [Parameter] {
        [.text(userID), .integer(first), .integer(last)] + (projectID.map { [.text($0)] } ?? [])
    }
}

private struct ShapeKey: Hashable {
    var projectID: String
    var shape: Int64
}

private struct ShapeCounts {
    var key: ShapeKey
    var total: Int64
    var success: Int64
    var error: Int64
    var totalUs: Int64
}

/// What a list of statements is sorted by; those of which it is 0 are not in the list.
private struct ShapeOrder: Sendable {
    var measure: @Sendable (ShapeCounts) -> Double

    static let all = [
        ShapeOrder { Double($0.total) }, ShapeOrder { $0.success == 0 ? 0 : Double($0.totalUs) / Double($0.success) },
        ShapeOrder { Double($0.totalUs) }, ShapeOrder { Double($0.error) },
    ]

    func first(_ limit: Int, of shapes: [ShapeCounts]) -> [ShapeCounts] {
        let measured = shapes.map { (shape: $0, measure: measure($0)) }.filter { $0.measure > 0 }
        // Equal ones in an order that stays the same.
        return measured.sorted {
            ($1.measure, $0.shape.key.projectID, $0.shape.key.shape) < ($0.measure, $1.shape.key.projectID, $1.shape.key.shape)
        }.prefix(limit).map(\.shape)
    }
}
