import Protocol
import TestSupport
import Testing

/// Sessions over their lives: `auth.attach`, `auth.sessions`, `auth.revoke`, `auth.refresh`, `auth.logout`, `auth.whoami`.
@Suite struct SessionsTests {
    private func ended(_ client: TestClient, _ reason: String) async throws {
        #expect(try await client.notification("session/expired")["reason"].string == reason)
        #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
    }

    /// Security bar A13: on every open connection at once, and after a crash.
    @Test(arguments: Carrier.sockets) func logoutEndsTheSessionEverywhere(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        let account = try await client.signUp()
        let others = try (0..<3).map { _ in try daemon.client(carrier.framing) }
        for other in others { try await other.attach(account.token) }
        #expect(try await client.call("auth.logout") == [:])
        #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
        for other in others { try await ended(other, "loggedOut") }
        #expect(try await client.errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
        #expect(client.wire.frameCount == 0)
        // Durable before the reply: a crash right behind it changes nothing.
        try await daemon.crash()
        let again = try await daemon.startAgain()
        #expect(try await again.client().errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
    }

    /// Security bar A13: kill -9 at the moment the reply is read.
    @Test func logoutSurvivesACrash() async throws {
        var daemon = try await DaemonProcess.start()
        var tokens: [String] = []
        for _ in 0..<5 {
            let client = try daemon.client()
            let token = try await client.signUp().token
            try await client.call("auth.logout")
            try await daemon.crash()
            tokens.append(token)
            daemon = try await daemon.startAgain()
        }
        for token in tokens {
            #expect(try await daemon.client().errorCode("auth.attach", ["token": .string(token)]) == "unauthenticated")
        }
    }

    /// Security bar C37.
    @Test func listsAndEndsOthers() async throws {
        let daemon = try await DaemonProcess.start()
        let first = try daemon.client()
        let account = try await first.signUp()
        let login: JSONValue = ["email": .string(account.email), "password": .string(account.password)]
        let second = try daemon.client()
        try await second.initialize()
        try await second.call("auth.login", login)
        let third = try daemon.client()
        let thirdToken = try await third.call("auth.login", login)["token"].string ?? ""
        let items = try await first.call("auth.sessions")["items"].array ?? []
        #expect(items.count == 3)
        #expect(items.filter { $0["current"] == true }.count == 1)
        #expect(items.compactMap { $0["client"].string } == ["test-client/1"])
        let page = try await first.call("auth.sessions", ["limit": 2])
        let rest = try await first.call("auth.sessions", ["limit": 2, "cursor": page["nextCursor"]])
        #expect((page["items"].array ?? []) + (rest["items"].array ?? []) == items)
        #expect(rest.member("nextCursor") == nil)
        let secondID = try await second.call("auth.whoami")["session"]["id"]
        for _ in 0..<2 { #expect(try await first.call("auth.revoke", ["sessionId": secondID]) == [:]) }
        try await ended(second, "revoked")
        #expect(try await first.call("auth.revoke", ["others": true]) == [:])
        try await ended(third, "revoked")
        #expect(try await third.errorCode("auth.attach", ["token": .string(thirdToken)]) == "unauthenticated")
        #expect(try await first.call("auth.sessions")["items"].array?.count == 1)
        for params: JSONValue in [[:], ["others": false], ["others": true, "sessionId": secondID]] {
            #expect(try await first.errorCode("auth.revoke", params) == "invalid_params")
        }
    }

    /// Naming the session of this connection ends it as `auth.logout` does.
    @Test func revokesItself() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        _ = try await client.signUp()
        let id = try await client.call("auth.whoami")["session"]["id"]
        try await client.call("auth.revoke", ["sessionId": id])
        #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
        #expect(client.wire.frameCount == 0)
    }

    @Test(arguments: Carrier.sockets) func refreshReplacesTheSession(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        let account = try await client.signUp()
        let other = try daemon.client(carrier.framing)
        try await other.attach(account.token)
        let before = try await client.call("auth.whoami")["session"]["id"]
        let token = try await client.call("auth.refresh")["token"].string ?? ""
        #expect(try await client.call("auth.whoami")["session"]["id"] != before)
        try await ended(other, "refreshed")
        #expect(try await other.errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
        try await other.attach(token)
        #expect(try await other.call("auth.whoami")["user"]["id"].string == account.userID)
    }

    /// Security bar C37: the daemon's own clock ends a session, and says so.
    @Test func aSessionExpires() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_TOKEN_LIFETIME_MS": "400"])
        let client = try daemon.client()
        let account = try await client.signUp()
        var code: String?
        // What is answered on the spot does not see the session any longer either.
        let healthDeadline = ContinuousClock.now + .seconds(10)
        while try await client.call("system.health").member("store") != nil, ContinuousClock.now < healthDeadline {}
        #expect(try await client.call("system.health").member("store") == nil)
        let deadline = ContinuousClock.now + .seconds(10)
        while code == nil, ContinuousClock.now < deadline {
            do { try await client.call("auth.sessions") } catch let failure as TestClient.Failure { code = failure.code }
        }
        #expect(code == "unauthenticated")
        #expect(try await client.notification("session/expired")["reason"] == "expired")
        #expect(try await client.errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
    }

    /// Security bar C37: nor is a session that nobody uses kept alive; one that is used is.
    @Test func anIdleSessionEnds() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_SESSION_IDLE_MS": "1"])
        let client = try daemon.client()
        let account = try await client.signUp()
        // The health of the daemon can be asked for without using the session; a round trip takes more than nothing.
        let before = ContinuousClock.now
        while ContinuousClock.now - before < .milliseconds(5) { try await daemon.client().call("system.health") }
        #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
        #expect(try await client.errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
    }

    /// Sessions outlive the daemon.
    @Test func aSessionSurvivesARestart() async throws {
        let daemon = try await DaemonProcess.start()
        let account = try await daemon.client().signUp()
        #expect(try await daemon.stop() == 0)
        let client = try await daemon.startAgain().client()
        try await client.attach(account.token)
        #expect(try await client.call("auth.whoami")["user"]["id"].string == account.userID)
    }
}
