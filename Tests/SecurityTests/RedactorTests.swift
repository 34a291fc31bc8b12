import TestSupport
import Testing

@testable import Security

struct RedactorTests {
    private static let token =
        "v4.public.eyJkYXRhIjoidGhpcyBpcyBhIHNpZ25lZCBtZXNzYWdlIiwiZXhwIjoiMjAyMi0wMS0wMVQwMDowMDowMCswMDowMCJ9bg_XBBzds8lTZShVlwwKSgeKpLT3yukTw6JUz3W4h_Ex"

    @Test(arguments: [
        // URIs
        ("postgresql://ada:canary@db.example.org:5432/sales", "postgresql://ada:***@db.example.org:5432/sales"),
        ("mysql://ada:can@ary@db/x?y=z, then", "mysql://ada:***@db/x?y=z, then"),
        ("postgres://ada:can/ary@db", "postgres://ada:***@db"), ("postgres://a:can\"ary@db", "postgres://a:***@db"),
        ("postgres://a:canary@h1,b:canary@h2/db", "postgres://a:***@h2/db"), ("POSTGRES://:canary@db", "POSTGRES://:***@db"),
        ("postgresql://db/x?user=a&password=canary", "postgresql://db/x?user=a&password=***"),
        ("postgresql://a:canary@db/x?password=canary", "postgresql://a:***@db/x?password=***"),
        // Keywords
        ("host=db password=canary dbname=x", "host=db password=*** dbname=x"),
        ("host=db PASSWORD = canary dbname=x", "host=db PASSWORD = *** dbname=x"),
        ("password='can ary' dbname=x", "password='***' dbname=x"), ("password='can\\'ary' x", "password='***' x"),
        ("password='can''ary' x", "password='***' x"), ("password=can\\ ary x", "password=*** x"),
        ("password='canary", "password='***"),
        ("sslpassword=canary", "sslpassword=***"), ("PGPASSWORD=canary psql", "PGPASSWORD=*** psql"),
        ("MYSQL_PWD=canary", "MYSQL_PWD=***"),
        ("pwd=canary;server=db", "pwd=***"), ("{\"password\":\"canary\",\"x\":1}", "{\"password\":\"***\",\"x\":1}"),
        ("{\"password\" : \"can\\\"ary\",\"x\":1}", "{\"password\" : \"***\",\"x\":1}"), ("api_key=canary", "api_key=***"),
        // SQL and what libpq quotes
        ("ALTER ROLE a PASSWORD 'canary' VALID", "ALTER ROLE a PASSWORD '***' VALID"),
        ("CREATE USER a IDENTIFIED BY 'canary'", "CREATE USER a IDENTIFIED BY '***'"),
        ("missing \"=\" after \"canary\" in connection info string", "missing \"=\" after \"***\" in connection info string"),
        ("invalid percent-encoded token: \"canary%zz\"", "invalid percent-encoded token: \"***\""),
        (
            "invalid integer value \"canary\" for connection option \"port\"",
            "invalid integer value \"***\" for connection option \"port\""
        ),
        // Tokens and keys
        ("token \(token) refused", "token *** refused"), ("Authorization: Bearer \(token).AAAA", "Authorization: Bearer ***"),
        ("authorization: bearer canary-canary-canary", "authorization: bearer ***"),
        ("Incorrect API key: sk-canary_canary-canary, see", "Incorrect API key: ***, see"),
        ("k4.secret.cHFyc3R1dnd4eXp7fH1-f4CBgoOEhYaHiImKi4yNjo8c5WpIyC_5kWKhS8VEYSZ05dYfuTF-ZdQFV4D9vLTcNQ", "***"),
    ])
    func takesOut(text: String, expected: String) { #expect(Redactor().redact(text) == expected) }

    @Test(arguments: [
        "", "SELECT password FROM users", "password authentication failed for user \"ada\"", "https://example.org:8080/a?b=c",
        "12:30 a@b",
        "Access denied for user 'ada'@'localhost' (using password: YES)", "params.password: must be a string", "v4.public.",
        "nonsense://",
        "mailto:ada@example.org", "postgresql://ada@db/x", "passwords are hashed", "naïve café \u{1F600}", "token expired",
        "syntax error at or near \"FORM\"", "a bearer of bad news", "task-force-of-the-very-long-name", "sk-short",
        "k4.pid.S_XQmeEwHbbvRmiyfXfHYpLGjXGzjTRSDoT1YtTakWFE",
    ])
    func leavesAlone(text: String) { #expect(Redactor().redact(text) == text) }

    @Test func takesOutWhatItWasGiven() {
        let redactor = Redactor(secrets: ["s3cret/word", "s3cret/word-longer", "", "abc", "pässwort"])
        #expect(redactor.redact("a s3cret/word b s3cret/word-longer c") == "a *** b *** c")
        #expect(redactor.redact("x=s3cret%2Fword y") == "x=*** y")
        #expect(redactor.redact("pässwort p%C3%A4sswort") == "*** ***")
        #expect(redactor.redact("abc stays: too short") == "abc stays: too short")
        #expect(redactor.redact("s3cret/wor") == "s3cret/wor")
    }

    /// A quadratic search would take minutes over these.
    @Test(arguments: ["://", "a:b@", "password=", "password '", "v4.public.", "\\", "'", "\" ", ":", "identified by "])
    func longTextsTakeNoTime(piece: String) {
        let text = String(repeating: piece, count: 200_000 / piece.utf8.count)
        let clock = ContinuousClock()
        #expect(clock.measure { _ = Redactor(secrets: ["something"]).redact(text) } < .seconds(10) * TestScale.slack)
    }
}
