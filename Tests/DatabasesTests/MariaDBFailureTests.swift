import Glibc
import TestSupport
import Testing

@testable import Databases

extension MariaDBServerTests {
    /// Each way of not connecting has its code and phase; none repeats a password.
    @Suite struct MariaDBFailureTests {
        private func failure(_ uri: String, policy: ConnectionPolicy = ConnectionPolicy(), timeoutMs: Int = 3000)
            -> DatabaseError?
        {
            let error = #expect(throws: DatabaseError.self) { try MariaDBHarness.open(uri, policy: policy, timeoutMs: timeoutMs) }
            #expect(error?.message.contains("secret") == false)
            return error
        }

        @Test func `connecting`() throws {
            let server = try MariaDBServer.shared.get()
            let plain = MariaDBServer.plain
            let wrong = failure(server.uri((plain.user, "wrong-secret")))
            #expect(wrong?.code == .authenticationFailed)
            #expect(wrong?.phase == .login)
            #expect(wrong?.nativeCode == 1045)
            let missing = failure(server.uri(MariaDBServer.root, database: "nowhere"))
            #expect(missing?.code == .unknownDatabase)
            #expect(missing?.phase == .database)
            #expect(failure(server.uri(plain, database: "mysql"))?.phase == .database)
            let refused = failure("mysql://a:secret@127.0.0.1:1/x")
            #expect(refused?.code == .connectionRefused)
            #expect(refused?.phase == .connect)
            #expect(failure("mysql://a:secret@no-such-host.invalid/x")?.code == .hostNotFound)
            #expect(failure("mysql://a:secret@169.254.169.254/x")?.code == .policy)
            #expect(failure("mysql://a:secret@0.0.0.0/x")?.code == .policy)
            #expect(failure(server.uri(plain), policy: ConnectionPolicy(mode: .shared))?.code == .policy)
            let socket = failure("mysql://a:secret@/x?socket=/nonexistent/mysqld.sock")
            #expect(socket?.code == .connectionRefused)
            #expect(failure("mysql://a:secret@/x?socket=/tmp/x.sock", policy: ConnectionPolicy(mode: .shared))?.code == .policy)
        }

        @Test func `TLS modes`() throws {
            let server = try MariaDBServer.shared.get()
            func cipher(_ query: String) throws -> String {
                let database = try MariaDBHarness(query: query)
                return try database.run("SHOW STATUS LIKE 'Ssl_cipher'").rows
            }
            #expect(try cipher("?sslmode=disable") == #"[["Ssl_cipher",""]]"#)
            #expect(try cipher("?sslmode=require").contains("TLS"))
            #expect(try cipher("").contains("TLS"))
            for mode in ["verify-ca", "verify-full"] {
                let error = failure(server.uri(MariaDBServer.plain, query: "?sslmode=\(mode)"))
                #expect(error?.code == .tlsFailed, "\(mode)")
                #expect(error?.phase == .tls)
            }
        }

        @Test func `over a Unix socket`() throws {
            let server = try MariaDBServer.shared.get()
            let driver = try MariaDBHarness.open("mysql://plain:plain-secret@localhost/app?socket=\(server.socketPath)")
            defer { driver.close() }
            #expect(try driver.metadata().currentUser == "plain@localhost")
            let sockets = ConnectionPolicy(mode: .shared, socketDirectories: [server.directory])
            try MariaDBHarness.open("mysql://plain:plain-secret@/app?socket=\(server.socketPath)", policy: sockets).close()
        }

        @Test func `a server without TLS is refused where TLS is required`() throws {
            for mode in ["require", "verify-ca", "verify-full"] {
                let server = try FakeMySQLServer { _ in [0, 0, 0, 2, 0, 0, 0] }
                let error = failure("mysql://a:secret@127.0.0.1:\(server.port)/x?sslmode=\(mode)")
                #expect(error?.code == .tlsRequired, "\(mode)")
                #expect(error?.phase == .tls)
            }
        }

        @Test(arguments: [
            "mysql_clear_password", "dialog", "mysql_old_password", "auth_gssapi_client", "../../evil", "sha256_password",
        ])
        func `a server that asks for another way to log in gets nothing`(plugin: String) throws {
            let server = try FakeMySQLServer { _ in [0xFE] + Array(plugin.utf8) + [0] + Array("[sudo] password: ".utf8) + [0] }
            let error = failure("mysql://ann:clear-secret@127.0.0.1:\(server.port)/x?sslmode=disable")
            #expect(error?.phase == .login, "\(error.debugDescription)")
            #expect(error?.code == .authenticationFailed)
            #expect(server.received.count == 1)
            for packet in server.received { #expect(!String(decoding: packet, as: UTF8.self).contains("clear-secret")) }
        }

        @Test func `a server that asks for files gets none, and is told that we have none`() throws {
            let server = try FakeMySQLServer { packet in
                packet.first == 3 ? [0xFB] + Array("/etc/hostname".utf8) : [0, 0, 0, 2, 0, 0, 0]
            }
            _ = failure("mysql://ann:secret@127.0.0.1:\(server.port)/x?sslmode=disable")
            let packets = server.received
            let login = try #require(packets.first)
            let capabilities = UInt32(login[0]) | UInt32(login[1]) << 8 | UInt32(login[2]) << 16 | UInt32(login[3]) << 24
            #expect(capabilities & (1 << 7) == 0, "local files")
            #expect(capabilities & (1 << 16) == 0, "several statements")
            var hostname = [CChar](repeating: 0, count: 256)
            gethostname(&hostname, 255)
            let name = String(decoding: hostname.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            for packet in packets.dropFirst() { #expect(!String(decoding: packet, as: UTF8.self).contains(name)) }
        }

        @Test func `servers that say nothing or nonsense fail in time`() throws {
            let started = ContinuousClock.now
            let silent = try FakeMySQLServer(greeting: []) { _ in nil }
            #expect(failure("mysql://a:secret@127.0.0.1:\(silent.port)/x", timeoutMs: 1000)?.code == .connectTimeout)
            let garbage: [[UInt8]] = [
                Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [0xFF, 0xFF, 0xFF, 0],
                [1, 0, 0, 0, 10], [5, 0, 0, 0, 0xFF, 0x15, 0x04, 0x41, 0x42], [0, 0, 0, 0], [UInt8](repeating: 0x0A, count: 64),
            ]
            for greeting in garbage {
                let server = try FakeMySQLServer(greeting: greeting) { _ in nil }
                _ = failure("mysql://a:secret@127.0.0.1:\(server.port)/x", timeoutMs: 1000)
            }
            #expect(ContinuousClock.now - started < .promptly)
        }

        @Test func `errors of statements carry state, number and position`() throws {
            let database = try MariaDBHarness()
            let missing = #expect(throws: DatabaseError.self) { try database.run("SELECT * FROM absent") }
            #expect(missing?.code == .queryFailed)
            #expect(missing?.phase == .prepare)
            #expect(missing?.nativeCode == 1146)
            #expect(missing?.sqlState == "42S02")
            let syntax = #expect(throws: DatabaseError.self) { try database.run("SELECT 'é'\nFROM WHERE 1") }
            #expect(syntax?.position == 17)
            let end = #expect(throws: DatabaseError.self) { try database.run("SELECT (1") }
            #expect(end?.position == 10)
            let readOnly = #expect(throws: DatabaseError.self) { try database.run("SELECT NEXTVAL(counter)") }
            #expect(readOnly?.code == .readOnly)
            #expect(readOnly?.nativeCode == 1792)
        }
    }
}
