import Synchronization
import Testing

@testable import Databases

@Suite struct HostResolverTests {
    private static let personal = ConnectionPolicy(mode: .personal)
    private static let shared = ConnectionPolicy(mode: .shared)

    /// Answers from a table; a name that is not in it was not meant to be looked up.
    private static func fake(_ table: [String: [String]]) -> HostResolver {
        HostResolver { name, _ throws(DatabaseError) in
            guard let addresses = table[name] else { throw HostResolver.notFound(name) }
            return addresses.compactMap { IPAddress($0) }
        }
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fe80::1", "febf::1", "ff02::1", "::",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::", "2002:0a00:1::1", "2002:a9fe:a9fe::",
        "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2001:0:1::1", "100::1",
        "fd00:ec2::254", "2001:db8::5efe:10.0.0.1", "2001:db8::200:5efe:192.168.0.1",
    ])
    func neverReached(_ spelling: String) throws {
        let open = ConnectionPolicy(mode: .personal, allowPrivateAddresses: true)
        #expect(throws: DatabaseError.self) { try Self.fake([:]).resolve(spelling, policy: open, timeoutMs: 1) }
        // A name that leads there is no better, even where another address of it is fine.
        let name = Self.fake(["db.example": ["8.8.8.8", spelling]])
        let error = #expect(throws: DatabaseError.self) { try name.resolve("db.example", policy: open, timeoutMs: 1) }
        #expect(error?.code == .policy)
        #expect(error?.phase == .policy)
    }

    @Test(arguments: [
        "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0X7F000001", "127.1", "127.0.1", "017700000001",
        "127.0.0.01", "127.0.0.1.", "256.256.256.256", "1.2.3.4.5", "4294967295", "0", "db.0x10", "localhost.1",
        "127.0.0.1%lo", "fe80::1%eth0", "[::1]", "::1%lo", "１２７.0.0.1", "127。0。0。1", "ho st", "host\t", "a..b", ".",
        "", "-\u{0}", "a/b", "@abstract", "a,b", "user@host", "host:5432",
    ])
    func unusualSpellings(_ spelling: String) {
        let resolver = HostResolver { name, _ throws(DatabaseError) in
            Issue.record("looked up \(name)")
            return []
        }
        let error = #expect(throws: DatabaseError.self) {
            try resolver.resolve(spelling, policy: Self.personal, timeoutMs: 1)
        }
        #expect(error?.code == .policy)
    }

    @Test(arguments: [
        "127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "198.18.0.1", "fc00::1", "fdff::1", "fec0::1", "0:0:0:0:0:0:0:1",
    ])
    func privateByPolicy(_ spelling: String) throws {
        #expect(try Self.fake([:]).resolve(spelling, policy: Self.personal, timeoutMs: 1).count == 1)
        #expect(throws: DatabaseError.self) { try Self.fake([:]).resolve(spelling, policy: Self.shared, timeoutMs: 1) }
        let allowed = ConnectionPolicy(mode: .shared, allowPrivateAddresses: true)
        #expect(try Self.fake([:]).resolve(spelling, policy: allowed, timeoutMs: 1).count == 1)
    }

    @Test(arguments: ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"])
    func global(_ spelling: String) throws {
        let found = try Self.fake([:]).resolve(spelling, policy: Self.shared, timeoutMs: 1)
        #expect(found.first?.address.reach == .global)
        #expect(found.first?.numeric == spelling)
    }

    @Test func aNameIsLookedUpOnce() throws {
        let calls = Mutex(0)
        let resolver = HostResolver { _, _ throws(DatabaseError) in
            let call = calls.withLock { count -> Int in
                count += 1
                return count
            }
            return [IPAddress(call == 1 ? "8.8.8.8" : "169.254.169.254")].compactMap { $0 }
        }
        let found = try resolver.resolve("rebind.example", policy: Self.shared, timeoutMs: 1)
        #expect(found.map(\.numeric) == ["8.8.8.8"])
        #expect(found.first?.host == "rebind.example")
        #expect(calls.withLock { $0 } == 1)
    }

    @Test func theMachinesOwnResolver() throws {
        let found = try HostResolver.system.resolve("localhost", policy: Self.personal, timeoutMs: 10_000)
        #expect(found.allSatisfy { $0.address.reach == .loopback })
        let error = #expect(throws: DatabaseError.self) {
            try HostResolver.system.resolve("no-such-host.invalid", policy: Self.personal, timeoutMs: 10_000)
        }
        #expect(error?.phase == .resolve)
    }

    @Test func tlsForRemoteServers() throws {
        let remote = CheckedAddress(host: "h", address: try #require(IPAddress("8.8.8.8")))
        let local = CheckedAddress(host: "h", address: try #require(IPAddress("127.0.0.1")))
        #expect(try Self.personal.tlsMode(.prefer, to: remote) == .require)
        #expect(try Self.personal.tlsMode(.verifyFull, to: remote) == .verifyFull)
        #expect(throws: DatabaseError.self) { try Self.personal.tlsMode(.disable, to: remote) }
        #expect(try Self.personal.tlsMode(.disable, to: local) == .disable)
        #expect(try ConnectionPolicy(requireTLSForRemote: false).tlsMode(.disable, to: remote) == .disable)
    }

    @Test func socketPaths() throws {
        #expect(try Self.personal.checkedSocketPath("/anything/at/all") == "/anything/at/all")
        for bad in ["relative", "", "@abstract", "/nul\u{0}byte"] {
            #expect(throws: DatabaseError.self) { try Self.personal.checkedSocketPath(bad) }
        }
        let listed = ConnectionPolicy(mode: .shared, socketDirectories: ["/usr"])
        #expect(try listed.checkedSocketPath("/usr/share") == "/usr/share")
        for bad in ["/usr/../etc", "/etc", "/usr/no-such-directory", "/usrx", "/proc/self/root/etc"] {
            #expect(throws: DatabaseError.self) { try listed.checkedSocketPath(bad) }
        }
        #expect(throws: DatabaseError.self) { try Self.shared.checkedSocketPath("/usr") }
    }
}
