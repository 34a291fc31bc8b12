import Databases
import Protocol
import Synchronization

/// Keeps the first page of a statement that gives few rows.
final class FirstPage: RowSink, Sendable {
    private let first = Mutex<JSONText?>(nil)

    /// The rows as they came, an array of arrays.
    var rows: JSONText { first.withLock { $0 } ?? JSONText("[]") }

    func columns(_ columns: [Databases.Column]) {}

    func page(_ page: Page) -> Demand {
        first.withLock { if $0 == nil { $0 = page.rows } }
        return .more
    }
}

/// Rows of a page as texts.
enum RowTexts {
    /// The strings of the first column; other values are left out.
    static func firstColumn(_ rows: JSONText) throws(JSONMismatch) -> [String] {
        try rows.withUnsafeBytes { (bytes) throws(JSONMismatch) in
            var reader = JSONReader(bytes)
            var texts: [String] = []
            try reader.enterArray()
            while reader.nextElement() {
                try reader.enterArray()
                var isFirst = true
                while reader.nextElement() {
                    if isFirst, reader.kind == .string { texts.append(try reader.string()) } else { reader.slice() }
                    isFirst = false
                }
            }
            return texts
        }
    }
}
