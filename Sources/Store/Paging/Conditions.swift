internal import Databases

/// The WHERE of a list whose filters vary: conditions joined by AND, with a number for every `#`.
///
/// Conditions are texts of ours; values only ever go into `parameters`.
struct Conditions {
    private(set) var sql = ""
    private(set) var parameters: [Parameter] = []

    /// Every list belongs to somebody.
    init(userID: String) { add("user_id = #", .text(userID)) }

    /// Adds a condition with one `#` for each of `values`, in order.
    mutating func add(_ condition: String, _ values: Parameter...) {
        if !sql.isEmpty { sql += " AND " }
        var values = values[...]
        for character in condition {
            if character == "#", let value = values.popFirst() {
                parameters.append(value)
                sql += "$\(parameters.count)"
            } else {
                sql.append(character)
            }
        }
    }

    /// Adds that a column has one of these values.
    mutating func add(_ column: String, among values: [Parameter]) {
        guard !values.isEmpty else { return add("1 = 0") }
        if !sql.isEmpty { sql += " AND " }
        let first = parameters.count + 1
        parameters += values
        sql += "\(column) IN (\((first...parameters.count).map { "$\($0)" }.joined(separator: ", ")))"
    }

    /// The placeholder after those used here.
    var next: String { "$\(parameters.count + 1)" }
}
