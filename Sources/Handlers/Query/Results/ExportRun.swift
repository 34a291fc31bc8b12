import Databases
import Protocol

/// One export from a place in a kept result on: text by text.
struct ExportRun: Sendable {
    /// The next row: in which page, and which of it.
    struct Place: Sendable {
        var page = 0
        var row = 0
    }

    /// What one text has.
    struct Step: Sendable {
        var firstRow: Int
        var rowCount: Int
        /// Where the next one begins; nil if this is the last.
        var next: Place?
        var isTruncated: Bool
    }

    let result: KeptResult
    let export: ResultExport
    let textBytes: Int

    /// Writes the next text into ``export``: up to the row that reaches `textBytes`, or to the end. If the statement still runs,
    /// waits for its rows.
    func step(from start: Place, isFirst: Bool) async throws -> Step {
        if isFirst { export.begin() }
        var place = start
        var firstRow: Int?
        var rowCount = 0
        while let page = try await result.page(place.page) {
            let (next, isFull) = try await export.add(page, from: place.row, bytesMax: textBytes)
            firstRow = firstRow ?? page.firstRow + min(place.row, page.rowCount)
            rowCount += max(next - place.row, 0)
            place = next < page.rowCount ? Place(page: place.page, row: next) : Place(page: place.page + 1)
            if place.row == 0, !page.hasMore { break }
            guard isFull else { continue }
            export.pause()
            return Step(firstRow: firstRow ?? 0, rowCount: rowCount, next: place, isTruncated: try await isTruncatedSoFar())
        }
        let end = try await result.end()
        export.end(isTruncated: end.truncated != nil)
        return Step(firstRow: firstRow ?? end.rowCount, rowCount: rowCount, next: nil, isTruncated: end.truncated != nil)
    }

    private func isTruncatedSoFar() async throws -> Bool { try await result.endIfOver()?.truncated != nil }

    // MARK: Where the texts go

    /// One text for the reply.
    func text(from place: Place?) async throws -> QueryExportResult {
        let step = try await step(from: place ?? Place(), isFirst: place == nil)
        let text = try await export.takeText()
        return QueryExportResult(
            text: text.json, nextCursor: step.next.map { ExportCursor(place: $0).text }, rowCount: step.rowCount,
            bytes: text.bytes,
            truncated: step.isTruncated, truncatedCells: text.cutCells)
    }

    /// All of them as `$/progress`.
    func push(to stream: PartStream) async throws -> QueryExportResult {
        var total = QueryExportResult(rowCount: 0, bytes: 0, truncated: false, truncatedCells: 0)
        var place: Place? = Place()
        var isFirst = true
        while let start = place {
            let step = try await step(from: start, isFirst: isFirst)
            let text = try await export.takeText()
            let part = ExportPart(resultId: result.id, text: text.json, firstRow: step.firstRow, rowCount: step.rowCount)
            try await stream.send(part, capacity: text.json.count + 256)
            total.add(step, text.bytes, text.cutCells)
            place = step.next
            isFirst = false
        }
        try await stream.waitUntilSent()
        return total
    }

    /// All of them into a file, which is there only if this does not throw.
    func write(to file: ExportFile) async throws -> QueryExportResult {
        var total = QueryExportResult(rowCount: 0, bytes: 0, truncated: false, truncatedCells: 0, path: file.path)
        do {
            var place: Place? = Place()
            var isFirst = true
            while let start = place {
                let step = try await step(from: start, isFirst: isFirst)
                let (bytes, cutCells) = try await file.write(export)
                total.add(step, bytes, cutCells)
                place = step.next
                isFirst = false
            }
            if Task.isCancelled { throw KeptResult.cancelled }
            try await file.publish()
        } catch {
            await file.discard()
            throw error
        }
        return total
    }
}

extension QueryExportResult {
    fileprivate mutating func add(_ step: ExportRun.Step, _ bytes: Int, _ cutCells: Int) {
        rowCount += step.rowCount
        self.bytes += bytes
        truncated = step.isTruncated
        truncatedCells += cutCells
    }
}

/// Where a text of an export begins, as clients hold it.
struct ExportCursor {
    var place: ExportRun.Place

    init(place: ExportRun.Place) { self.place = place }

    init?(_ text: String) {
        let parts = text.dropFirst().split(separator: "r", omittingEmptySubsequences: false)
        guard text.hasPrefix("p"), parts.count == 2, let page = Int(parts[0]), let row = Int(parts[1]), page >= 0, row >= 0 else {
            return nil
        }
        place = ExportRun.Place(page: page, row: row)
    }

    var text: String { "p\(place.page)r\(place.row)" }
}
