import Testing

@testable import Security

struct PasswordRulesTests {
    private func check(_ password: String, bytesMin: Int = 8) -> PasswordProblem? {
        PasswordRules.check(password, name: "Ada Lovelace", email: "countess.ada@example.org", bytesMin: bytesMin)
    }

    @Test(arguments: [
        "correct horse battery staple", "eight by", "日本語のことば", "\u{1F600}\u{1F600}", " leading and trailing ", "nul\0inside\0it",
        "password-of-ada-lovelace", "lovelace ada the countess", "dbassist is what I log in to", "zzzzzzzzzq", "ééééééé",
        String(repeating: "long ", count: 204), "countess.ada@example.com",
    ])
    func accepts(password: String) { #expect(check(password) == nil) }

    @Test func lengthIsCountedInBytes() {
        #expect(check("") == .tooShort(bytesMin: 8))
        #expect(check("seven b") == .tooShort(bytesMin: 8))
        #expect(check("eight b!") == nil)
        #expect(check("fourteen bytes", bytesMin: 15) == .tooShort(bytesMin: 15))
        #expect(check("fifteen bytes !", bytesMin: 15) == nil)
        #expect(check("short", bytesMin: 1) == .tooShort(bytesMin: 8))
        #expect(check(String(repeating: "x", count: 1024)) == nil)
        #expect(check(String(repeating: "x", count: 1025)) == .tooLong(bytesMax: 1024))
        #expect(check(String(repeating: "é", count: 513)) == .tooLong(bytesMax: 1024))
    }

    @Test(arguments: ["password", "PASSWORD", "12345678", "qwertyuiop", "1qaz2wsx", "Trustno1", "greyhoun"])
    func refusesCommonPasswords(password: String) { #expect(check(password) == .common) }

    @Test func theListIsWhole() {
        #expect(CommonPasswords.count == 3000)
        #expect(!CommonPasswords.contains(""))
    }

    @Test(arguments: [
        "dbassist", "DBAssist", "dbassistd", "dbassist1", "dbassist2026!", "db-assist", "database assistant",
        "Database Assistant 1",
    ])
    func refusesTheProductsName(password: String) { #expect(check(password) == .productName) }

    @Test(arguments: [
        "Ada Lovelace", "ada lovelace", "adalovelace", "ada.lovelace", "AdaLovelace1", "ada lovelace 2026", "adalovelace!!",
        "countess.ada",
        "countessada", "countess.ada99", "countess.ada@example.org", "COUNTESS.ADA@EXAMPLE.ORG", "countess.ada@example.org1",
    ])
    func refusesTheAccountsOwnName(password: String) { #expect(check(password) == .ownName) }

    @Test func shortAndOddNamesRefuseNothingElse() {
        #expect(PasswordRules.check("a good long one", name: "a", email: "a@b.c") == nil)
        #expect(PasswordRules.check("99999999998", name: "1234", email: "7@example.org") == nil)
        #expect(PasswordRules.check("!!!!!!!!!!!!", name: "...", email: "") == nil)
        #expect(PasswordRules.check("a good long one", name: "", email: "@") == nil)
        #expect(PasswordRules.check("bob123456", name: "Bob", email: "x@example.org") == .ownName)
        #expect(PasswordRules.check("bob1970", name: "", email: "bob1969@example.org", bytesMin: 8) == .tooShort(bytesMin: 8))
        #expect(PasswordRules.check("bobby1970", name: "", email: "bobby1969@example.org") == .ownName)
    }
}
