import Protocol

/// Reads rows of a result, which are JSON, as texts.
enum RowCells {
    /// The first cell; nil without rows.
    static func first(_ rows: JSONText) -> String? { all(rows, rowsMax: 1, columnsMax: 1).first?.first ?? nil }

    /// Cells as texts: strings without their quotes, null as nil, all else as it is written.
    static func all(_ rows: JSONText, rowsMax: Int, columnsMax: Int) -> [[String?]] {
        rows.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            var found: [[String?]] = []
            try? reader.enterArray()
            while found.count < rowsMax, reader.nextElement() {
                var row: [String?] = []
                try? reader.enterArray()
                while reader.nextElement() {
                    let text = cell(&reader)
                    if row.count < columnsMax { row.append(text) }
                }
                found.append(row)
            }
            return found
        }
    }

    private static func cell(_ reader: inout JSONReader) -> String? {
        switch reader.kind {
        case .null:
            _ = reader.null()
            return nil
        case .string: return try? reader.string()
        default: return String(decoding: reader.slice().prefix(4_096), as: UTF8.self)
        }
    }
}
