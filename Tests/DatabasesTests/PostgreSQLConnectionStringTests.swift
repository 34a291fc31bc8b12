import Testing

@testable import Databases

@Suite struct PostgreSQLConnectionStringTests {
    private func parse(_ text: String) throws(DatabaseError) -> ConnectionTarget {
        try PostgreSQLConnectionString.parse(text)
    }

    private func refusal(_ text: String, _ location: SourceLocation = #_sourceLocation) -> DatabaseError? {
        do throws(DatabaseError) {
            let target = try parse(text)
            Issue.record("accepted: \(target.redacted)", sourceLocation: location)
            return nil
        } catch {
            return error
        }
    }

    @Test func allPartsOfAURI() throws {
        let target = try parse(
            "postgresql://al%40ice:p%3Aw%2Fd@db.example:6543/my%20db?sslmode=verify-full&application_name=x%20y")
        #expect(target.location == .tcp(host: "db.example", port: 6543))
        #expect(target.user == "al@ice")
        #expect(target.password == "p:w/d")
        #expect(target.database == "my db")
        #expect(target.tls == .verifyFull)
        #expect(target.options == ["application_name": "x y"])
        #expect(!target.redacted.contains("p:w/d"))
    }

    @Test(arguments: [
        ("postgres://u@h", "h", 5432, "u"), ("postgresql://u@h/", "h", 5432, "u"), ("  postgresql://u@h/d\n", "h", 5432, "d"),
        ("postgresql://u@[::1]:5433/d", "::1", 5433, "d"), ("postgresql://u@/d?host=h&port=1", "h", 1, "d"),
        ("postgresql:///d?host=h&user=u", "h", 5432, "d"), ("host=h user=u", "h", 5432, "u"),
        ("host = 'h' user\t= u dbname='a b' port=65535", "h", 65535, "a b"), ("user=u host=h dbname=it\\'s", "h", 5432, "it's"),
        ("user=u host=h dbname='it\\'s' password='with spaces = fine'", "h", 5432, "it's"),
        ("postgresql://u@h/d?ssl=true", "h", 5432, "d"), ("postgresql://u@h:/d", "h", 5432, "d"),
    ])
    func forms(_ text: String, _ host: String, _ port: Int, _ database: String) throws {
        let target = try parse(text)
        #expect(target.location == .tcp(host: host, port: port))
        #expect(target.database == database)
        #expect(target.user == "u")
    }

    @Test(arguments: [
        "postgresql://u@/d?host=/var/run/postgresql", "postgresql://u@%2Fvar%2Frun%2Fpostgresql/d",
        "host=/var/run/postgresql user=u dbname=d", "postgresql:///d?host=%2Fvar%2Frun%2Fpostgresql&user=u",
    ])
    func unixSockets(_ text: String) throws {
        #expect(try parse(text).location == .unixSocket(path: "/var/run/postgresql", port: 5432))
    }

    /// The 36 keywords of libpq 15 and ten newer or neighbouring ones.
    private static let allKeywords = [
        "service", "user", "password", "passfile", "channel_binding", "connect_timeout", "dbname", "host", "hostaddr", "port",
        "client_encoding", "options", "application_name", "fallback_application_name", "keepalives", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "tcp_user_timeout", "sslmode", "sslcompression", "sslcert", "sslkey",
        "sslpassword", "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version",
        "ssl_max_protocol_version", "gssencmode", "krbsrvname", "gsslib", "replication", "target_session_attrs",
        "servicefile", "sslkeylogfile", "oauth_issuer", "oauth_client_id", "require_auth", "sslcertmode", "sslnegotiation",
        "load_balance_hosts", "min_protocol_version", "scram_client_key", "nonsense",
    ]

    @Test(arguments: allKeywords)
    func everyKeywordInEveryForm(_ keyword: String) throws {
        let allowed = PostgreSQLKeyword(rawValue: keyword) != nil
        let first = String(keyword.utf8.first.map { "%" + String($0, radix: 16) } ?? "") + keyword.dropFirst()
        let upper = keyword.uppercased()
        for text in [
            "host=h user=u dbname=d \(keyword)=/canary", "postgresql://u@h/d?\(keyword)=/canary",
            "postgresql://u@h/d?\(first)=/canary",
        ]
        where !allowed {
            let error = refusal(text)
            #expect(error?.code == .invalidConnectionString)
            #expect(error?.message.contains("\"\(keyword)\"") == true, "\(text): \(error?.message ?? "")")
        }
        for text in ["host=h user=u \(upper)=1", "postgresql://u@h/d?\(upper)=1"] {
            #expect(refusal(text)?.message.contains("\"\(upper)\"") == true)
        }
        if allowed {
            for text in ["\(keyword)=1 host=h user=u \(keyword)=1", "postgresql://u:p@h:1/d?\(keyword)=1&\(keyword)=1"] {
                #expect(refusal(text)?.message.contains("given twice") == true, "\(text)")
            }
        }
    }

    @Test(arguments: [
        "postgresql://u@ok/db?host=/tmp/x", "postgresql://u@ok/db?%68ost=other", "postgresql://u@ok:1/db?port=2",
        "postgresql://u@ok/db?dbname=other", "postgresql://u@ok/db?user=v", "postgresql://u:p@ok/db?password=q",
        "host=ok host=/tmp/x user=u",
    ])
    func whatOverrides(_ text: String) { #expect(refusal(text)?.message.contains("given twice") == true) }

    @Test(arguments: [
        "host=ok user=u dbname='host=/tmp/x'", "postgresql://u@ok/host%3D%2Ftmp%2Fx",
        "host=ok user=u dbname=postgresql://u@other/d", "host=ok user=u dbname=postgres://u@other/d",
        "postgresql://u@ok/postgresql:%2F%2Fother",
    ])
    func databaseNamesThatAreConnectionStrings(_ text: String) {
        #expect(refusal(text)?.message.contains("itself a connection string") == true)
    }

    @Test(arguments: [
        "postgresql://u@a,b/d", "postgresql://u@a:1,b:2/d", "host=a,b user=u", "host=a port=1,2 user=u",
        "postgresql://u@/d?host=a,b", "postgresql://u@a%2Cb/d",
    ])
    func severalHosts(_ text: String) { #expect(refusal(text)?.message.contains("several hosts") == true) }

    @Test(arguments: ["host=@abstract user=u", "postgresql://u@/d?host=%40abstract", "host='@/tmp/x' user=u"])
    func abstractSockets(_ text: String) { #expect(refusal(text)?.code == .policy) }

    @Test(arguments: [
        "", " \n", "postgresql://", "postgresql://u@", "postgresql:///d", "postgresql://h/d", "host=h", "user=u", "nonsense",
        "host=h user=u port=0", "host=h user=u port=65536", "host=h user=u port=+1", "host=h user=u port=5432x",
        "host=h user=u sslmode=REQUIRE", "host=h user=u connect_timeout=ten", "host=h user=u keepalives=-1",
        "host=h user=u channel_binding=maybe", "host=h user=u target_session_attrs=x", "host=h user='u", "host=h\u{0} user=u",
        "postgresql://u@h/%00", "postgresql://u%ff@h/d", "postgresql://u%zz@h/d", "host=h user='a\nb'", "mysql://u@h/d",
        "jdbc:postgresql://h/d", "postgresql+asyncpg://u@h/d", "sqlite:///x", "POSTGRESQL://u@h/d", "http://u@h/d",
        "postgresql://u@h/d?x", "postgresql://u@h/d?=x", "postgresql://u@[::1/d", "host=h user=u =x",
    ])
    func refused(_ text: String) { #expect(refusal(text)?.code == .invalidConnectionString) }

    @Test func tooLong() { #expect(refusal("host=h user=" + String(repeating: "u", count: 9000)) != nil) }

    @Test(arguments: [
        "postgresql://u:hunt%zzer2@h/d", "postgresql://u:hunter2/x@h/d", "postgresql://u:hunter2/x?y@h/d",
        "postgresql://u:hunter2/hunter2?hunter2=hunter2", "postgresql://u:hunter2#@[h/d", "host=h user=u password='hunter2",
        "host=h user=u password=a hunter2", "host=h user=u password=a hunter2=x", "host=h user=u password=a x=1 hunter2=x",
        "postgresql://u:hunter2@h,i/d", "postgresql://u:hunter2@h:hunter2/d", "host=h password=hunter2 port=hunter2",
        "host=h user=u password=hunter2 sslmode=hunter2", "hunter2",
    ])
    func messagesNeverRepeatValues(_ text: String) {
        let error = refusal(text)
        #expect(error.map { "\($0)" }?.contains("hunter2") == false)
    }

    @Test func ranges() throws {
        #expect(try parse("host=h user=u connect_timeout=0").options["connect_timeout"] == "1")
        #expect(try parse("host=h user=u connect_timeout=99999").options["connect_timeout"] == "3600")
        #expect(try parse("host=h user=u sslmode=allow").tls == .prefer)
        #expect(try parse("host=h user=u sslmode=disable").tls == .disable)
    }
}
