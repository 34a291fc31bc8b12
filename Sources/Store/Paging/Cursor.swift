/// A place in a list that is sorted newest first: the time and id of the last row shown. Threads go by their latest message. Rows that arrive later sort
/// before it, so pages neither repeat nor lose one. It grants nothing: every list filters by owner as well.
struct Cursor: Equatable {
    /// Which list it belongs to.
    enum List: String { case sessions = "s", projects = "p", queries = "q", threads = "t", messages = "m", examples = "e" }

    var list: List
    var createdAtMs: Int64
    var id: String

    /// Before every row.
    static func start(_ list: List) -> Cursor { Cursor(list: list, createdAtMs: .max, id: "") }

    init(list: List, createdAtMs: Int64, id: String) {
        self.list = list
        self.createdAtMs = createdAtMs
        self.id = id
    }

    /// In the letters of base64url, which is what the wire allows a cursor.
    var text: String { "\(list.rawValue)\(String(createdAtMs, radix: 36))_\(id)" }

    /// Reads a cursor that ``text`` made for the same list.
    init(_ text: String, list: List) throws(StoreError) {
        let parts = text.utf8.count <= 64 ? text.split(separator: "_", omittingEmptySubsequences: false) : []
        guard parts.count == 2, let first = parts[0].first, String(first) == list.rawValue,
            let time = Int64(parts[0].dropFirst(), radix: 36), time >= 0,
            parts[1].utf8.count == 36, parts[1].utf8.allSatisfy(Cursor.isIDByte)
        else { throw Cursor.invalid }
        self.init(list: list, createdAtMs: time, id: String(parts[1]))
        // One spelling only: no sign, no leading zero, no upper case.
        guard self.text.utf8.elementsEqual(text.utf8) else { throw Cursor.invalid }
    }

    /// The place a request names.
    static func of(_ request: PageRequest, list: List) throws(StoreError) -> Cursor {
        guard let text = request.cursor else { return start(list) }
        return try Cursor(text, list: list)
    }

    private static let invalid = StoreError(.invalidCursor, "The cursor is not one that this list gave; start without it.")

    private static func isIDByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension ListPage {
    /// A page of `rows`, of which one more than `limit` was asked for.
    init(_ rows: [Item], limit: Int, cursor: (Item) -> Cursor) {
        let items = Array(rows.prefix(limit))
        self.init(items: items, nextCursor: rows.count > limit ? items.last.map { cursor($0).text } : nil)
    }
}
