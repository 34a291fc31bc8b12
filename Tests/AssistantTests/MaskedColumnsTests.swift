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

    @Test(arguments: [
        "SELECT iban FROM payments", "SELECT p.IBAN FROM payments p", "SELECT \"iban\" x FROM payments", "SELECT `iban`",
        "SELECT [iban]", "SELECT 'it''s', md5(iban)", "SELECT 1 ORDER BY iban", "SELECT U&\"\\0069ban\" FROM payments",
        "SELECT \"Birth Day\" FROM hr.people", "SELECT/**/iban/**/FROM x",
        "SELECT " + String(repeating: "a,", count: 5_000) + "salary",
    ]) func mentionsAreFound(_ sql: String) {
        #expect(!masked.mentioned(in: sql).isEmpty)
    }

    @Test func otherStatementsMentionNone() {
        #expect(masked.mentioned(in: "SELECT id, iban_country FROM payments WHERE id = 3").isEmpty)
        #expect(MaskedColumns().mentioned(in: "SELECT U&\"x\"").isEmpty)
    }
}
