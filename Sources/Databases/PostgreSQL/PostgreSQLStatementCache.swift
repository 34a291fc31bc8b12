/// The statements a connection has prepared and found good, by their text: bounded, the least recently used goes first.
struct PostgreSQLStatementCache {
    struct Entry {
        /// The name on the server.
        var name: String
        var columns: [Column]
        var parameterCount: Int
        fileprivate var lastUse: UInt64
    }

    static let countMax = 128
    /// Longer texts are not kept: they are made by programs, once.
    static let sqlBytesMax = 16_384

    /// A text by its bytes: to `String`, `é` in one scalar and in two are equal, to a database they are not.
    private struct Key: Hashable {
        let sql: String

        static func == (left: Key, right: Key) -> Bool { left.sql.utf8.elementsEqual(right.sql.utf8) }

        func hash(into hasher: inout Hasher) {
            var copy = sql
            copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0

    mutating func find(_ sql: String) -> Entry? {
        guard let index = entries.index(forKey: Key(sql: sql)) else { return nil }
        clock += 1
        entries.values[index].lastUse = clock
        return entries.values[index]
    }

    /// Keeps a statement; answers the names of those that had to go, to be deallocated.
    mutating func insert(_ sql: String, name: String, columns: [Column], parameterCount: Int) -> [String] {
        var gone: [String] = []
        if let replaced = entries[Key(sql: sql)] { gone.append(replaced.name) }
        clock += 1
        entries[Key(sql: sql)] = Entry(name: name, columns: columns, parameterCount: parameterCount, lastUse: clock)
        while entries.count > Self.countMax, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            gone.append(oldest.value.name)
            entries[oldest.key] = nil
        }
        return gone
    }

    mutating func remove(_ sql: String) -> String? { entries.removeValue(forKey: Key(sql: sql))?.name }

    mutating func removeAll() { entries = [:] }
}
