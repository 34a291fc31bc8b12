/// One page of a list, and where the next one starts.
public struct ListPage<Item: Sendable>: Sendable {
    public var items: [Item]
    /// Opaque; nil on the last page.
    public var nextCursor: String?

    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }
}

extension ListPage: Equatable where Item: Equatable {}

/// Which page: at most `limit` items (1 to 1000; others are brought into that range), after `cursor`.
public struct PageRequest: Sendable, Equatable {
    public var limit: Int
    public var cursor: String?

    public init(limit: Int = 50, cursor: String? = nil) {
        self.limit = min(max(limit, 1), 1000)
        self.cursor = cursor
    }
}
