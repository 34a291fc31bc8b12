import Databases
import Protocol
import Synchronization

/// Keeps the columns and the first page of a statement that gives few rows.
final class FirstPage: RowSink, Sendable {
    private let kept = Mutex<(columns: [Databases.Column], rows: JSONText?)>(([], nil))

    /// The rows as they came, an array of arrays.
    var rows: JSONText { kept.withLock { $0.rows } ?? JSONText("[]") }

    var columns: [Databases.Column] { kept.withLock { $0.columns } }

    func columns(_ columns: [Databases.Column]) { kept.withLock { $0.columns = columns } }

    func page(_ page: Page) -> Demand {
        kept.withLock { if $0.rows == nil { $0.rows = page.rows } }
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
