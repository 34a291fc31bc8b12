import Protocol

// The types of the spec whose names the store or the databases use too: handlers that import both say which they mean by these.

typealias WireColumn = Column
typealias WireDatabaseType = DatabaseType
typealias WireDayActivity = DayActivity
typealias WireDayFigures = DayFigures
typealias WireEncoding = Encoding
typealias WireLatency = Latency
typealias WireNotice = Notice
typealias WireProject = Project
typealias WireProjectActivity = ProjectActivity
typealias WireProjectFigures = ProjectFigures
typealias WireQueryFigures = QueryFigures
typealias WireQueryRecord = QueryRecord
typealias WireQuerySource = QuerySource
typealias WireQueryStatus = QueryStatus
typealias WireSession = Session
typealias WireStoreHealth = StoreHealth
typealias WireUser = User
