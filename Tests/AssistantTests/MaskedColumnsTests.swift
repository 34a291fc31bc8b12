import Assistant
import Testing

@Suite struct MaskedColumnsTests {
    private let masked = MaskedColumns(["payments.IBAN", "salary", "hr.people.Birth Day"])

    @Test func columnsAreMaskedByAnyOfTheirNames() {
        #expect(masked.contains(schema: "public", table: "Payments", column: "iban"))
        #expect(!masked.contains(schema: "public", table: "orders", column: "iban"))
        #expect(masked.contains(schema: "x", table: "y", column: "SALARY"))
        #expect(masked.contains(schema: "HR", table: "people", column: "birth day"))
        #expect(!masked.contains(schema: "public", table: "people", column: "birth day"))
        #expect(masked.contains(column: "Iban") && !masked.contains(column: "id"))
        #expect(!MaskedColumns().contains(column: "id") && MaskedColumns().isEmpty)
    }
}
