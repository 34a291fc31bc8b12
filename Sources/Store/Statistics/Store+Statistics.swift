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
            total.add(tally)
            days[day, default: Tally()].add(tally)
            projects[projectID, default: Tally()].add(tally)
        }
        let known = try Store.projects(session, projects, range.userID)
        let shapes = limit == 0 ? [] : try tallies(session, range)
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

    private static func tallies(_ session: StoreSession, _ range: StatisticsRange) throws(StoreError) -> [ShapeTally] {
        var shapes: [ShapeKey: Tally] = [:]
        for var row in try session.rows(
            "SELECT project_id, shape, \(Tally.columns) FROM shape_days WHERE \(range.condition)", range.parameters)
        {
            let key = ShapeKey(projectID: try row.text(), shape: try row.integer())
            shapes[key, default: Tally()].add(try Tally(&row))
        }
        return shapes.map { ShapeTally(key: $0.key, tally: $0.value, p95Ms: $0.value.p50AndP95.p95Ms) }
    }

    private static func figures(
        _ session: StoreSession, _ range: StatisticsRange, _ shape: ShapeTally, _ projectName: String
    ) throws(StoreError) -> ShapeFigures? {
        let key: [Parameter] = [.text(shape.key.projectID), .integer(shape.key.shape)]
        guard var text = try session.first("SELECT sql FROM query_shapes WHERE project_id = $1 AND shape = $2", key),
            var last = try session.first(
                """
                SELECT id, created_at, mode FROM queries
                WHERE project_id = $1 AND shape = $2 AND created_at >= $3 AND created_at < $4 AND user_id = $5
                ORDER BY created_at DESC, id DESC LIMIT 1
                """, key + [.integer(range.sinceMs), .integer(range.untilMs), .text(range.userID)])
        else { return nil }
        return try ShapeFigures(
            projectID: shape.key.projectID, projectName: projectName, shape: UInt64(bitPattern: shape.key.shape),
            sql: text.text(),
            figures: QueryFigures(shape.tally), lastQueryID: last.text(), lastUsedAtMs: last.integer(),
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

private struct ShapeTally {
    var key: ShapeKey
    var tally: Tally
    var p95Ms: Double?
}

/// What a list of statements is sorted by; those of which it is 0 are not in the list.
private struct ShapeOrder: Sendable {
    var measure: @Sendable (ShapeTally) -> Double

    static let all = [
        ShapeOrder { Double($0.tally.counts.total) }, ShapeOrder { $0.p95Ms ?? 0 }, ShapeOrder { Double($0.tally.totalUs) },
        ShapeOrder { Double($0.tally.counts.error) },
    ]

    func first(_ limit: Int, of shapes: [ShapeTally]) -> [ShapeTally] {
        let measured = shapes.map { (shape: $0, measure: measure($0)) }.filter { $0.measure > 0 }
        // Equal ones in an order that stays the same.
        return measured.sorted {
            ($1.measure, $0.shape.key.projectID, $0.shape.key.shape) < ($0.measure, $1.shape.key.projectID, $1.shape.key.shape)
        }.prefix(limit).map(\.shape)
    }
}
