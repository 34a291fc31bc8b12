import Assistant
import Databases
import Testing

@Suite struct ToolFailureTextTests {
    private let index = SchemaIndex(.shop)

    @Test func aMissingTableHasTheNearestNames() {
        let error = DatabaseError(
            .queryFailed, phase: .prepare, "relation \"custmers\" does not exist", sqlState: "42P01", position: 15,
            hint: "Look again.")
        let text = ToolFailureText.text(error, sql: "SELECT * FROM custmers", index: index, attempt: (1, 3))
        #expect(text.contains("SQLSTATE 42P01"))
        #expect(text.contains("SELECT * FROM >>>custmers"))
        #expect(text.contains("Hint: Look again."))
        #expect(text.contains("Tables with a name like \"custmers\": customers"))
        #expect(text.hasSuffix("2 more attempts are left."))
    }

    @Test(arguments: [
        ("column \"customer\" does not exist", "orders.customer_id"), ("Unknown column 'total_' in 'field list'", "orders.total"),
        ("no such column: staus", "orders.status"), ("column o.placed does not exist", "orders.placed_at"),
    ]) func aMissingColumnHasTheNearestNames(_ message: String, _ name: String) {
        let error = DatabaseError(.queryFailed, phase: .prepare, message)
        let text = ToolFailureText.text(error, sql: "SELECT x FROM orders o", index: index)
        #expect(text.contains(name), "\(text)")
    }

    @Test func aRefusalSaysWhatToDo() {
        let error = DatabaseError(.readOnly, phase: .gate, "The statement writes.")
        #expect(
            ToolFailureText.text(error, sql: "DELETE FROM t", index: nil, attempt: (3, 3)).contains(
                "propose_statement"))
        #expect(
            ToolFailureText.text(error, sql: "DELETE FROM t", index: nil, attempt: (3, 3)).hasSuffix(
                "say what failed."))
    }

    @Test(arguments: [-1, 0, 1, 9, 10, 1_000_000]) func anyPositionWillDo(_ position: Int) {
        let error = DatabaseError(.queryFailed, phase: .prepare, "bad\nsyntax", position: position)
        let text = ToolFailureText.text(error, sql: "SÉLECT 1\n;", index: index)
        #expect(text.contains(">>>") == (1...11).contains(position))
        #expect(text.contains("bad syntax"))
    }
}
