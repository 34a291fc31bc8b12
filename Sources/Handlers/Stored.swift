import Store

// The types of the store whose names the spec uses too: handlers that import both say which they mean by these.

typealias StoredProject = Project
typealias StoredUser = User
typealias StoredQuery = QueryRecord
typealias StoredQueryStatus = QueryStatus
typealias StoredQuerySource = QuerySource

typealias StoredLatency = Latency
typealias StoredProjectActivity = ProjectActivity
typealias StoredProjectFigures = ProjectFigures
typealias StoredQueryFigures = QueryFigures
typealias StoredQueryStatistics = QueryStatistics
