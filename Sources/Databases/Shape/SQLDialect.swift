/// Where the engines' lexical rules differ, as far as a statement's shape depends on it: where strings, names and comments end.
///
/// Servers can be told other rules (`ANSI_QUOTES`, `standard_conforming_strings = off`); these are the ones they start with. A
/// shape under the wrong rules groups statements worse, and does no harm.
struct SQLDialect: Sendable {
    /// `#` begins a comment, and `--` only does before white space.
    var hasMySQLComments = false
    /// `/* /* */ */` is one comment.
    var nestsComments = false
    /// A backslash escapes in every string.
    var hasBackslashes = false
    /// Letters that belong to a string right after them, lower case.
    var stringPrefixes: [UInt8] = []
    /// Of these, the one whose string has backslash escapes.
    var escapePrefix: UInt8?
    /// `U&'…'` and `U&"…"`.
    var hasUnicodePrefix = false
    /// `"…"` is a string, not a name.
    var doubleQuotesAreStrings = false
    /// `` `…` `` is a name.
    var hasBackticks = false
    /// `[…]` is a name, not a subscript.
    var hasBracketNames = false
    /// `$tag$…$tag$` is a string.
    var hasDollarQuotes = false
    /// `:name`, `@name` and `$name` are placeholders.
    var hasNamedPlaceholders = false
    /// Names that are not quoted mean the same in any case.
    var foldsNames = true

    static let postgreSQL = SQLDialect(
        nestsComments: true, stringPrefixes: [UInt8](("ebxn").utf8), escapePrefix: UInt8(ascii: "e"), hasUnicodePrefix: true,
        hasDollarQuotes: true)
    static let mariaDB = SQLDialect(
        hasMySQLComments: true, hasBackslashes: true, stringPrefixes: [UInt8](("bxn").utf8), doubleQuotesAreStrings: true,
        hasBackticks: true, foldsNames: false)
    static let sqlite = SQLDialect(
        stringPrefixes: [UInt8](("x").utf8), hasBackticks: true, hasBracketNames: true, hasNamedPlaceholders: true)

    static func of(_ type: DatabaseType) -> SQLDialect {
        switch type {
        case .postgresql: postgreSQL
        case .mysql: mariaDB
        case .sqlite: sqlite
        }
    }
}
