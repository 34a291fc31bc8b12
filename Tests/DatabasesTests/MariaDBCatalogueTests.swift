import Testing

@testable import Databases

@Suite struct MariaDBCatalogueTests {
    @Test(arguments: [
        ("enum('a','b')", ["a", "b"]), ("enum('it''s','''','')", ["it's", "'", ""]), ("set('a,b','c)')", ["a,b", "c)"]),
        ("enum('ä','📚')", ["ä", "📚"]), ("enum()", []), ("enum('open", []),
    ]) func labelsOfATypeAreUnquoted(type: String, labels: [String]) {
        #expect(MariaDBCatalogue.labels(type) == labels)
    }

    @Test(arguments: [
        (DatabaseType.postgresql, "a\"b`c", "\"a\"\"b`c\""), (.sqlite, "", "\"\""), (.mysql, "a\"b`c", "`a\"b``c`"),
    ]) func namesAreQuoted(engine: DatabaseType, name: String, quoted: String) {
        #expect(engine.quoted(name) == quoted)
    }
}
