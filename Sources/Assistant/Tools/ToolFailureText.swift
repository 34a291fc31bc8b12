public import Databases
import Protocol

/// A statement's failure, written so that a model can correct it. The message is the database's: wrap it in a ``Boundary``.
public enum ToolFailureText {
    private static let aroundScalars = 80
    private static let messageBytesMax = 1_000

    /// - Parameters:
    ///   - index: the schema, for the nearest real names; without it none are given.
    ///   - attempt: which attempt failed, from 1, and how many there are, to say how many are left.
    public static func text(
        _ error: DatabaseError, sql: String, index: SchemaIndex?, attempt: (number: Int, of: Int)? = nil
    ) -> String {
        var lines: [String] = []
        var head = "The statement failed"
        if let state = error.sqlState { head += " (SQLSTATE \(SafeLine.text(state, bytesMax: 10)))" }
        lines.append("\(head): \(SafeLine.text(error.message, bytesMax: messageBytesMax))")
        if let position = error.position, let spot = spot(sql, position) { lines.append("At the mark >>>: \(spot)") }
        if let hint = error.hint { lines.append("Hint: \(SafeLine.text(hint, bytesMax: messageBytesMax))") }
        if let index { lines += suggestions(error, sql, index) }
        lines.append(advice(error))
        if let attempt {
            let left = max(attempt.of - attempt.number, 0)
            lines.append(
                left == 0
                    ? "No attempts are left: say what failed." : "\(left) more \(left == 1 ? "attempt is" : "attempts are") left."
            )
        }
        return lines.joined(separator: "\n")
    }

    /// The statement around a position in Unicode scalars from 1, with a mark there; nil where it is outside.
    static func spot(_ sql: String, _ position: Int) -> String? {
        let scalars = sql.unicodeScalars
        guard position >= 1, let place = scalars.index(scalars.startIndex, offsetBy: position - 1, limitedBy: scalars.endIndex)
        else {
            return nil
        }
        let start = scalars.index(place, offsetBy: -aroundScalars, limitedBy: scalars.startIndex) ?? scalars.startIndex
        let end = scalars.index(place, offsetBy: aroundScalars, limitedBy: scalars.endIndex) ?? scalars.endIndex
        let before = SafeLine.text(String(scalars[start..<place]) + "|", bytesMax: 400).dropLast()
        let after = SafeLine.text(String(scalars[place..<end]), bytesMax: 400)
        return "\(start > scalars.startIndex ? "…" : "")\(before)>>>\(after)\(end < scalars.endIndex ? "…" : "")"
    }

    private static func advice(_ error: DatabaseError) -> String {
        switch error.code {
        case .readOnly, .policy: "Only statements that read may run here. For a change, call propose_statement."
        case .timeout: "It took too long: narrow it with WHERE, or look at explain."
        case .queryFailed, .invalidParameters: "Correct the statement and try again."
        default: error.retryable ? "The same statement may succeed later." : "Another statement will not help; tell the user."
        }
    }

    // MARK: Names

    private static func suggestions(_ error: DatabaseError, _ sql: String, _ index: SchemaIndex) -> [String] {
        var lines: [String] = []
        let used = tables(of: sql, index)
        for name in FailedNames.of(error.message).prefix(3) {
            let shown = ToolArguments.shown(name)
            if index.find(name).isEmpty {
                let near = index.nearest(name).map { SafeLine.text($0, bytesMax: 120) }
                if !near.isEmpty { lines.append("Tables with a name like \(shown): \(near.joined(separator: ", ")).") }
            }
            let columns = index.nearestColumns(name, of: used).map { SafeLine.text($0, bytesMax: 160) }
            if !columns.isEmpty { lines.append("Columns with a name like \(shown): \(columns.joined(separator: ", ")).") }
        }
        return lines
    }

    /// Real names, of tables and columns, that are much like those that an error complains of.
    static func nearest(_ error: DatabaseError, _ sql: String, _ index: SchemaIndex) -> [String] {
        let used = tables(of: sql, index)
        var found: [String] = []
        for name in FailedNames.of(error.message).prefix(2) {
            if index.find(name).isEmpty { found += index.nearest(name) }
            found += index.nearestColumns(name, of: used)
        }
        return Array(found.prefix(4))
    }

    /// The relations that a statement names.
    static func tables(of sql: String, _ index: SchemaIndex) -> [Int] {
        var found: [Int] = []
        for name in SpeltNames.of(String(sql.utf8Prefix(64 * 1024))) where !SQLName.isReserved(name.text) {
            for place in index.find(name.text).prefix(1) where !found.contains(place) { found.append(place) }
            if found.count >= 20 { break }
        }
        return found
    }
}
