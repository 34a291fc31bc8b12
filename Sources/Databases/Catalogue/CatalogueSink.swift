import Protocol
import Synchronization

/// A cell of a row about the catalogue.
enum CatalogueCell: Sendable {
    case null
    case text(String)
    case integer(Int)
    case bool(Bool)
    case list([String])

    var text: String? {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }

    /// A text that says something.
    var comment: String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// An integer, also one past 2^53, which is written as a string.
    var integer: Int? {
        switch self {
        case .integer(let number): number
        case .text(let text): Int(text)
        default: nil
        }
    }

    var bool: Bool { if case .bool(true) = self { true } else { (integer ?? 0) != 0 } }
    var list: [String]? { if case .list(let texts) = self { texts } else { nil } }

    /// Numbers with blanks between them.
    var numbers: [Int] { (text ?? "").split(separator: " ").compactMap { Int($0) } }
}

/// One statement about the catalogue, and what becomes of its rows.
struct CatalogueStep: Sendable {
    var sql: String
    var parameters: [Parameter] = []
    /// Servers that do not know the statement are asked nothing.
    var mayFail = false
    /// Whether it is to run after those before it.
    var isWanted: @Sendable (CatalogueBuilder) -> Bool = { _ in true }
    var take: @Sendable (inout CatalogueBuilder, [CatalogueCell]) -> Void
    /// After the last row.
    var end: @Sendable (inout CatalogueBuilder) -> Void = { _ in }
}

/// Reads rows as they come, on the connection's thread, into a catalogue.
final class CatalogueSink: RowSink, Sendable {
    private struct State {
        var builder: CatalogueBuilder
        var step: CatalogueStep?
    }

    private let state: Mutex<State>

    init(_ request: CatalogueRequest) {
        state = Mutex(State(builder: CatalogueBuilder(request)))
    }

    /// Makes the rows of a step the next that come; answers whether it is wanted.
    func begin(_ step: CatalogueStep) -> Bool {
        state.withLock { state in
            guard step.isWanted(state.builder), !state.builder.isFull else { return false }
            state.step = step
            return true
        }
    }

    func endStep() {
        state.withLock { state in
            if let step = state.step { step.end(&state.builder) }
            state.step = nil
        }
    }

    /// The catalogue; to be asked for once.
    func finish() -> Catalogue {
        // Taken out, so that what is built is not copied.
        let builder = state.withLock { state in
            let builder = state.builder
            state.builder = CatalogueBuilder(builder.request)
            return builder
        }
        return builder.finish()
    }

    func columns(_ columns: [Column]) {}

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        do throws(JSONMismatch) {
            return try state.withLock { (state) throws(JSONMismatch) -> Demand in
                guard let step = state.step else { return .enough }
                return try page.rows.withUnsafeBytes { (bytes) throws(JSONMismatch) -> Demand in
                    var reader = JSONReader(bytes)
                    var cells: [CatalogueCell] = []
                    try reader.enterArray()
                    while reader.nextElement() {
                        cells.removeAll(keepingCapacity: true)
                        try reader.enterArray()
                        while reader.nextElement() { cells.append(try CatalogueCell(&reader)) }
                        step.take(&state.builder, cells)
                        if state.builder.isFull { return .enough }
                    }
                    return .more
                }
            }
        } catch {
            throw DatabaseError(.internal, phase: .fetch, "A row of the catalogue is not as it should be.")
        }
    }
}

extension CatalogueCell {
    init(_ reader: inout JSONReader) throws(JSONMismatch) {
        switch reader.kind {
        case .null:
            _ = reader.null()
            self = .null
        case .string: self = .text(try reader.string())
        case .bool: self = .bool(try reader.bool())
        case .number: self = .integer(Int(exactly: try reader.double().rounded()) ?? 0)
        case .array:
            var texts: [String] = []
            try reader.enterArray()
            while reader.nextElement() { if reader.kind == .string { texts.append(try reader.string()) } else { reader.slice() } }
            self = .list(texts)
        // A cell that was too long: its beginning.
        case .object:
            var prefix = ""
            try reader.enterObject()
            while reader.nextMember() != nil {
                guard reader.kind == .object else {
                    reader.slice()
                    continue
                }
                try reader.enterObject()
                while let name = reader.nextMember() {
                    if name.text == "prefix", reader.kind == .string { prefix = try reader.string() } else { reader.slice() }
                }
            }
            self = .text(prefix + "…")
        }
    }
}
