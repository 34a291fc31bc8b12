import Databases
import Protocol
import Security

/// query.export: a kept result as CSV and the like, to the client or to a file.
extension QueryHandlers {
    func export(_ params: QueryExportParams, _ context: RequestContext) async throws -> QueryExportResult {
        let identity = try context.identity()
        guard params.path == nil || !identity.scope.isReadOnly else { throw RPCError.tokenReadsOnly }
        let result = try kept(params.resultId, context)
        let engine = try result.spool().engine
        let options = try ResultFormatOptions(params)
        if let token = params.partialResultToken, !token.isProgressToken {
            throw RPCError.invalid("partialResultToken", "must be a string or an integer.")
        }
        guard params.path == nil || params.partialResultToken == nil else {
            throw RPCError.invalid("partialResultToken", "cannot go with a path; leave one of them out.")
        }
        let isText = params.path == nil && params.partialResultToken == nil
        guard params.cursor == nil || isText else {
            throw RPCError.invalid("cursor", "is for texts in the reply; leave it out with a path or a token.")
        }
        let cursor = try params.cursor.map { text throws(RPCError) in
            guard let cursor = ExportCursor(text) else {
                throw .invalid("cursor", "is not a cursor of this export; begin again without one.")
            }
            return cursor
        }
        return try await services.resultWork.run(result.userID) {
            // A path that may not be written is refused before anything is waited for.
            let file = try await file(params)
            let columns = try await result.columns()
            let export = ResultExport(ResultFormat(params.format), options, columns: columns, engine: engine)
            let run = ExportRun(result: result, export: export, textBytes: limits.pageBytes)
            if let file { return try await run.write(to: file) }
            if let token = params.partialResultToken {
                return try await run.push(to: PartStream(channel: context.client.channel, token: token))
            }
            return try await run.text(from: cursor?.place)
        }
    }

    private func file(_ params: QueryExportParams) async throws(RPCError) -> ExportFile? {
        guard let path = params.path else { return nil }
        do throws(DatabaseError) {
            return try await ExportFile.begin(path, overwrite: params.overwrite, policy: services.policy)
        } catch {
            var shown = RPCError(error)
            shown.details.path = "params.path"
            throw shown
        }
    }
}

extension ResultFormat {
    init(_ format: ExportFormat) {
        self =
            switch format {
            case .csv: .csv
            case .json: .json
            case .jsonl: .jsonl
            case .markdown: .markdown
            case .sql: .sql
            }
    }
}

extension ResultFormatOptions {
    /// Checks what the schema cannot say.
    init(_ params: QueryExportParams) throws(RPCError) {
        self.init()
        guard let given = params.options else {
            if params.format == .sql { throw Self.tableMissing }
            return
        }
        hasHeader = given.header
        guard let delimiter = given.delimiter.utf8.first, given.delimiter.utf8.count == 1, Self.canSeparate(delimiter) else {
            throw .invalid(
                "options.delimiter", "must be one ASCII character that is no quote, line break, letter, digit or backslash.")
        }
        self.delimiter = delimiter
        endsLinesWithCRLF = given.lineEnd == .crlf
        hasByteOrderMark = given.byteOrderMark
        guardsFormulas = given.formulaGuard
        nullText = given.nullText
        writesHex = given.binary == .hex
        allowsCutCells = given.allowTruncated
        if params.format == .csv, let nullText, nullText.utf8.contains(where: { $0 == delimiter || $0 < 0x20 || $0 == 0x22 }) {
            throw .invalid("options.nullText", "must not need quotes: no delimiter, quote or control character.")
        }
        guard params.format == .sql else { return }
        guard let table = given.table else { throw Self.tableMissing }
        try Self.checkName(table, "options.table")
        if let schema = given.schema { try Self.checkName(schema, "options.schema") }
        self.table = table
        schema = given.schema
    }

    private static var tableMissing: RPCError {
        .invalid("options.table", "is missing: name the table that the rows are to be inserted into.")
    }

    private static func canSeparate(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\t"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "\""), UInt8(ascii: "\\"):
            false
        default: (0x20..<0x7F).contains(byte)
        }
    }

    private static func checkName(_ name: String, _ member: String) throws(RPCError) {
        guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw .invalid(member, "must not contain control characters.")
        }
    }
}
