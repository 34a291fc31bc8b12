import Testing

@testable import Databases

@Suite struct MariaDBConnectionStringTests {
    private func parse(_ text: String) throws(DatabaseError) -> ConnectionTarget { try ConnectionTarget.parse(text, as: .mysql) }

    private func target(
        _ location: ConnectionTarget.Location, _ user: String, _ password: String?, _ database: String?,
        _ tls: ConnectionTarget.TLSMode = .prefer
    ) -> ConnectionTarget {
        ConnectionTarget(databaseType: .mysql, location: location, database: database, user: user, password: password, tls: tls)
    }

    @Test func `what people write is understood`() throws {
        let local = ConnectionTarget.Location.tcp(host: "localhost", port: 3306)
        #expect(try parse("mysql://ann:pw@localhost/shop") == target(local, "ann", "pw", "shop"))
        #expect(try parse("mariadb://ann@localhost") == target(local, "ann", nil, nil))
        #expect(try parse("MySQL://ann:@localhost/") == target(local, "ann", "", nil))
        #expect(
            try parse("mysql://ann@db.example.com:3307/shop")
                == target(.tcp(host: "db.example.com", port: 3307), "ann", nil, "shop"))
        #expect(try parse("mysql://ann@[::1]:3307/shop") == target(.tcp(host: "::1", port: 3307), "ann", nil, "shop"))
        #expect(try parse("mysql://ann@[::1]") == target(.tcp(host: "::1", port: 3306), "ann", nil, nil))
        #expect(
            try parse("mysql://a%40b:p%3A%2F%3F%23%5B%5D%40%25%C3%A9@localhost/d%2Fb")
                == target(local, "a@b", "p:/?#[]@%é", "d/b"))
        #expect(try parse("mysql://ann:a:b@localhost/x") == target(local, "ann", "a:b", "x"))
        let socket = ConnectionTarget.Location.unixSocket(path: "/run/mysqld/mysqld.sock", port: 3306)
        for authority in ["", "localhost"] {
            #expect(
                try parse("mysql://ann@\(authority)/shop?socket=/run/mysqld/mysqld.sock") == target(socket, "ann", nil, "shop"))
            #expect(
                try parse("mysql://ann@\(authority)/?socket=%2Frun%2Fmysqld%2Fmysqld.sock") == target(socket, "ann", nil, nil))
        }
        #expect(try parse("mysql://ann@localhost/?charset=utf8mb4").tls == .prefer)
    }

    @Test(arguments: [
        ("sslmode=disable", ConnectionTarget.TLSMode.disable), ("ssl-mode=DISABLED", .disable), ("tls=false", .disable),
        ("ssl-mode=PREFERRED", .prefer), ("sslmode=prefer", .prefer), ("sslmode=require", .require),
        ("ssl-mode=REQUIRED", .require),
        ("ssl=true", .require), ("tls=skip-verify", .require), ("tls=preferred", .prefer), ("tls=true", .verifyFull),
        ("sslmode=verify-ca", .verifyCA), ("ssl-mode=VERIFY_CA", .verifyCA), ("sslmode=verify-full", .verifyFull),
        ("ssl-mode=VERIFY_IDENTITY", .verifyFull),
    ]) func `words for TLS`(query: String, mode: ConnectionTarget.TLSMode) throws {
        #expect(try parse("mysql://ann@localhost/x?\(query)").tls == mode)
    }

    @Test(arguments: [
        ("postgresql://ann@localhost/x", "mysql://"), ("ann:s3cret@localhost", "mysql://"), ("", "mysql://"),
        ("mysql:/ann@localhost", "mysql://"),
        ("mysql://localhost/x", "user"), ("mysql://:s3cret@localhost/x", "user"), ("mysql://ann:s3cret@/x", "host"),
        ("mysql://ann:s3cret@localhost:/x", "port"), ("mysql://ann:s3cret@localhost:0/x", "port"),
        ("mysql://ann:s3cret@localhost:65536/x", "port"), ("mysql://ann:s3cret@localhost:+33/x", "port"),
        ("mysql://ann:s3cret@localhost:33x/x", "port"), ("mysql://ann:s3cret@a,b/x", "Lists"),
        ("mysql://ann:s3cret@a%2Cb/x", "host"),
        ("mysql://ann:s3cret@[::1/x", "IPv6"), ("mysql://ann:s3cret@[localhost]/x", "IPv6"),
        ("mysql://ann:s3cret@%2Ftmp%2Fx/x", "host"),
        ("mysql://ann:s3cret%@localhost/x", "password"), ("mysql://ann:s3cret%4@localhost/x", "password"),
        ("mysql://ann:s3cret%zz@localhost/x", "password"), ("mysql://ann:s3cret%00@localhost/x", "NUL"),
        ("mysql://ann:s3cret%FF@localhost/x", "UTF-8"), ("mysql://ann:s3cret@more@localhost/x", "@"),
        ("mysql://ann:s3cret@localhost/x%00", "NUL"), ("mysql://an%00n:s3cret@localhost/x", "NUL"),
        ("mysql://ann:s3cret@localhost/x y", "space"), ("mysql://ann:s3cret\u{0}@localhost/x", "space"),
        ("mysql://ann:s3cret@lócal/x", "non-ASCII"),
        ("mysql://ann:s3cret@localhost/x#frag", "fragment"), ("mysql://ann:s3cret@localhost/x?host=/tmp", "host"),
        ("mysql://ann:s3cret@localhost/x?sslmode=require&tls=true", "twice"),
        ("mysql://ann:s3cret@localhost/x?socket=/a&socket=/b", "twice"),
        ("mysql://ann:s3cret@localhost/x?sslmode=maybe", "sslmode"), ("mysql://ann:s3cret@localhost/x?charset=latin1", "charset"),
        ("mysql://ann:s3cret@localhost/x?socket=relative", "socket"), ("mysql://ann:s3cret@db.example.com/x?socket=/a", "socket"),
        ("mysql://ann:s3cret@localhost:3306/x?socket=/a", "socket"), ("mysql://ann:s3cret@localhost/x?socket=%00", "NUL"),
        ("mysql://ann:s3cret@localhost/x?SSLMODE=require&sslmode=require", "twice"),
    ]) func `what is not understood is refused with a reason, never with the password`(text: String, reason: String) {
        let error = #expect(throws: DatabaseError.self) { try parse(text) }
        #expect(error?.code == .invalidConnectionString)
        #expect(error?.phase == .parse)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test(arguments: [
        "read_default_file", "read-default-group", "sslca", "ssl-ca", "ssl-cert", "ssl-key", "sslrootcert", "sslkey", "ssl_fp",
        "plugin-dir",
        "default-auth", "init-command", "init_command", "local-infile", "local_infile", "allowLoadLocalInfile",
        "allowMultiQueries",
        "multi-statements", "user", "password", "port", "database", "unix_socket", "connection-handler", "proxy_header",
        "protocol",
        "reconnect", "restricted-auth", "bind-address", "compress", "server-public-key-path", "enable-cleartext-plugin", "foo",
        "so%63ketx",
    ]) func `every other option is refused by name`(key: String) {
        let error = #expect(throws: DatabaseError.self) { try parse("mysql://ann:s3cret@localhost/x?\(key)=s3cret") }
        #expect(error?.message.contains("is not allowed") == true)
        #expect(error?.message.contains("s3cret") == false)
    }
}
