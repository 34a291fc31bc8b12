import Testing

@testable import Databases

@Suite struct SQLiteConnectionStringTests {
    @Test(arguments: [
        ("/srv/app.db", "/srv/app.db"), ("sqlite:///srv/app.db", "/srv/app.db"), ("sqlite:/srv/app.db", "/srv/app.db"),
        ("SQLite:///srv/app.db", "/srv/app.db"), ("sqlite3:///srv/app.db", "/srv/app.db"),
        ("sqlite://localhost/srv/app.db", "/srv/app.db"), ("sqlite:///srv/my%20app%3F.db", "/srv/my app?.db"),
        ("sqlite:///srv/%C3%BC.db", "/srv/ü.db"), ("/srv/100%.db", "/srv/100%.db"), ("/srv/a?b#c", "/srv/a?b#c"),
        ("~/app.db", "~/app.db"), ("sqlite:~/app.db", "~/app.db"), ("sqlite://~/app.db", "~/app.db"),
        ("sqlite:////srv/app.db", "//srv/app.db"), ("/srv/:memory:", "/srv/:memory:"),
    ])
    func accepted(_ text: String, _ path: String) throws {
        let target = try SQLiteConnectionString.parse(text)
        #expect(target.location == .file(path: path))
        #expect(target.databaseType == .sqlite)
        #expect(target.password == nil)
    }

    @Test(arguments: [
        ("", "policy", "empty"), (":memory:", "policy", "in-memory"), ("sqlite::memory:", "policy", "in-memory"),
        ("sqlite:///:memory:", "policy", "in-memory"), ("sqlite://:memory:", "policy", "in-memory"),
        ("sqlite:", "policy", "empty"),
        ("sqlite://", "policy", "empty"), ("sqlite:///", "policy", "empty"),
        ("app.db", "invalid_connection_string", "relative"), ("./app.db", "invalid_connection_string", "relative"),
        ("../app.db", "invalid_connection_string", "relative"), ("sqlite:app.db", "invalid_connection_string", "relative"),
        ("~root/app.db", "invalid_connection_string", "relative"),
        ("sqlite://app.db", "invalid_connection_string", "three slashes"),
        ("sqlite://host/app.db", "invalid_connection_string", "host"),
        ("sqlite://user:pw@host/app.db", "invalid_connection_string", "host"),
        ("file:/srv/app.db", "invalid_connection_string", "file:"),
        ("file:///srv/app.db?mode=rwc", "invalid_connection_string", "file:"),
        ("FILE:x", "invalid_connection_string", "file:"), ("sqlite:file:/srv/app.db", "invalid_connection_string", "relative"),
        ("sqlite:///srv/app.db?mode=rwc", "invalid_connection_string", "Query parameters"),
        ("sqlite:///srv/app.db?", "invalid_connection_string", "Query parameters"),
        ("sqlite:///srv/app.db#x", "invalid_connection_string", "fragment"), ("/srv/", "invalid_connection_string", "slash"),
        ("/srv/a\0b", "invalid_connection_string", "NUL"), ("sqlite:///srv/a%00b", "invalid_connection_string", "NUL"),
        ("sqlite:///srv/a%0", "invalid_connection_string", "hexadecimal"),
        ("sqlite:///a%", "invalid_connection_string", "hexadecimal"),
        ("sqlite:///a%zz", "invalid_connection_string", "hexadecimal"), ("sqlite:///a%ff", "invalid_connection_string", "UTF-8"),
        ("postgresql://h/d", "invalid_connection_string", "not SQLite"),
        ("mysql://h/d", "invalid_connection_string", "not SQLite"),
    ])
    func refused(_ text: String, _ code: String, _ reason: String) throws {
        let error = try databaseError { _ = try SQLiteConnectionString.parse(text) }
        #expect(error.code.description == code)
        #expect(error.phase == (code == "policy" ? .policy : .parse))
        #expect(error.message.lowercased().contains(reason.lowercased()), "\(error.message)")
    }

    @Test func lengthsAreLimited() throws {
        let path = "/" + String(repeating: "a", count: SQLiteConnectionString.pathBytesMax - 1)
        #expect(try SQLiteConnectionString.parse(path).location == .file(path: path))
        #expect(try databaseError { _ = try SQLiteConnectionString.parse(path + "a") }.code == .invalidConnectionString)
        let endless = String(repeating: "%61", count: 1_000_000)
        #expect(try databaseError { _ = try SQLiteConnectionString.parse("sqlite:/" + endless) }.code == .invalidConnectionString)
    }

    @Test func theRedactedFormReadsBack() throws {
        let target = try SQLiteConnectionString.parse("/srv/app.db")
        #expect(target.redacted == "sqlite:///srv/app.db")
        #expect(try SQLiteConnectionString.parse(target.redacted) == target)
    }
}
