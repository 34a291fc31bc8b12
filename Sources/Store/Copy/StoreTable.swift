/// A table of the store and what its rows are told apart by: for what goes through all of them.
struct StoreTable {
    let name: String
    /// The columns of its primary key, in order.
    let key: [String]

    private init(_ name: String, _ key: String...) {
        self.name = name
        self.key = key
    }

    /// Tables of daemons that work with the store now: a copy begins without them.
    static let passing = ["changes", "daemons", "live_queries", "store_lock"]

    /// All tables but the record of migrations, the engine's own index and what daemons tell each other, each after those that its rows
    /// refer to.
    static let all = [
        StoreTable("store_settings", "name"),
        StoreTable("users", "id"), StoreTable("sessions", "id"), StoreTable("throttles", "key"),
        StoreTable("token_days", "user_id", "day"),
        StoreTable("projects", "id"),
        StoreTable("queries", "id"), StoreTable("query_days", "project_id", "day"),
        StoreTable("query_shapes", "project_id", "shape"),
        StoreTable("shape_spans", "user_id", "days", "day", "project_id", "shape"),
        StoreTable("threads", "id"), StoreTable("messages", "id"), StoreTable("message_days", "project_id", "day"),
        StoreTable("approvals", "id"), StoreTable("examples", "id"),
    ]
}
