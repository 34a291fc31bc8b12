import Protocol
import TestSupport
import Testing

/// `auth.login`, and what slows down whoever guesses.
@Suite struct LoginTests {
    private func login(_ client: TestClient, _ email: String, _ password: String) async throws -> JSONValue {
        try await client.call("auth.login", ["email": .string(email), "password": .string(password)])
    }

    private func failure(_ client: TestClient, _ email: String, _ password: String) async throws -> TestClient.Failure {
        try await client.failure("auth.login", ["email": .string(email), "password": .string(password)])
    }

    @Test(arguments: Carrier.allCases) func bindsANewSession(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        let account = try await client.signUp(email: "ada@example.com")
        let first = try await client.call("auth.whoami")["session"]["id"]
        // The e-mail counts in any case.
        let session = try await login(client, "ADA@Example.COM", account.password)
        #expect(session["user"]["id"].string == account.userID)
        #expect(session["user"]["email"] == "ada@example.com")
        #expect(session["token"].string != account.token)
        #expect(try await client.call("auth.whoami")["session"]["id"] != first)
        // The session before has not ended.
        #expect(try await client.call("auth.sessions")["items"].array?.count == 2)
        #expect(daemon.exitStatus == nil)
    }

    /// Requests written behind a log-in run with its session.
    @Test(arguments: Carrier.sockets) func whatIsWrittenBehindItRunsWithItsSession(carrier: Carrier) async throws {
        let (daemon, other) = try await carrier.start()
        let account = try await other.signUp()
        let client = try daemon.client(carrier.framing)
        let login = client.send("auth.login", ["email": .string(account.email), "password": .string(account.password)])
        let who = client.send("auth.whoami")
        let bad = client.send("project.get", ["projectId": 7])
        #expect(try await client.result(of: login, "auth.login")["user"]["id"].string == account.userID)
        #expect(try await client.result(of: who, "auth.whoami")["user"]["id"].string == account.userID)
        await #expect(throws: TestClient.Failure.self) { try await client.result(of: bad, "project.get") }
    }

    /// Security bar C30.
    @Test(arguments: [Carrier.socketLines, .stdioHeaders]) func everyFailureReadsTheSame(carrier: Carrier) async throws {
        let (_, client) = try await carrier.start()
        let account = try await client.signUp()
        let wrong = try await failure(client, account.email, "not the password")
        let unknown = try await failure(client, TestClient.newEmail(), "not the password")
        let short = try await failure(client, account.email, "x")
        let long = try await failure(client, account.email, String(repeating: "x", count: 1024))
        let longBytes = try await failure(client, account.email, String(repeating: "ü", count: 1024))
        #expect(wrong.code == "invalid_credentials")
        for other in [unknown, short, long, longBytes] { #expect("\(other.withoutRequestID)" == "\(wrong.withoutRequestID)") }
    }

    /// Security bar C30: nor does the time tell. Medians of interleaved tries; a missing hash would be a factor of ten and more.
    @Test func anUnknownAccountTakesAsLong() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_LOGIN_FAILURES": "100000"])
        let client = try daemon.client()
        let account = try await client.signUp()
        var known: [Duration] = []
        var unknown: [Duration] = []
        let clock = ContinuousClock()
        let count = TestScale.count(5, full: 300)
        func time(_ email: String) async throws -> Duration {
            let began = clock.now
            let code = try await failure(client, email, "not the password").code
            #expect(code == "invalid_credentials")
            return clock.now - began
        }
        for number in 0..<count {
            known.append(try await time(account.email))
            unknown.append(try await time(TestClient.newEmail()))
            // An account that fails too often in a row is locked.
            if number % 50 == 49 {
                try await client.call("auth.login", ["email": .string(account.email), "password": .string(account.password)])
            }
        }
        let ratio = known.sorted()[count / 2] / unknown.sorted()[count / 2]
        if TestScale.isFull {
            print("C30: a known account takes \(ratio) of the time of an unknown one (medians of \(count))")
            #expect(abs(ratio - 1) < 0.05)
        } else {
            #expect(ratio > 0.5 && ratio < 2)
        }
    }

    /// Security bar C31: per account and per peer, on any connection, and after a restart.
    @Test func guessingHasToWait() async throws {
        var daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_LOGIN_DELAY_MS": "60000"])
        let first = try daemon.client()
        let account = try await first.signUp()
        let limit = try await first.call("system.limits")["loginFailures"].integer ?? 0
        #expect(limit == 5)
        for _ in 0...limit {
            #expect(try await failure(daemon.client(), account.email, "not the password").code == "invalid_credentials")
        }
        let client = try daemon.client()
        let refused = try await failure(client, account.email, account.password)
        #expect(refused.code == "rate_limited")
        #expect(refused.data["retryable"] == true)
        #expect(refused.data["limit"] == "loginFailures")
        #expect((1...60_000).contains(refused.data["retryAfterMs"].integer ?? 0))
        // The peer has to wait as well, whomever it asks for, and so does a new account.
        #expect(try await failure(client, TestClient.newEmail(), "not the password").code == "rate_limited")
        let signup: JSONValue = [
            "name": "Eve", "email": .string(TestClient.newEmail()), "password": .string(TestClient.password),
        ]
        #expect(try await client.errorCode("auth.signup", signup) == "rate_limited")
        // Sessions that exist go on.
        #expect(try await first.call("auth.whoami")["user"]["id"].string == account.userID)
        try await daemon.crash()
        daemon = try await daemon.startAgain()
        #expect(try await failure(daemon.client(), account.email, account.password).code == "rate_limited")
        try await daemon.client().attach(account.token)
    }

    /// Security bar C31: a refused attempt is not counted, and the right password clears the count.
    @Test func theRightPasswordClearsTheCount() async throws {
        let daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_LOGIN_FAILURES": "2", "DBASSIST_LIMITS_LOGIN_DELAY_MS": "60000",
        ])
        let client = try daemon.client()
        let account = try await client.signUp()
        for _ in 0..<2 {
            for _ in 0..<2 {
                #expect(try await failure(client, account.email, "not the password").code == "invalid_credentials")
            }
            _ = try await login(client, account.email, account.password)
        }
    }

    /// Security bar C31: so many failures in a row and the password is not looked at, whatever it is; who has a session goes on,
    /// and opens log-in again with a new password.
    @Test func afterTooManyFailuresThePasswordIsNotLookedAt() async throws {
        var daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_LOGIN_FAILURES": "100", "DBASSIST_LIMITS_LOGIN_FAILURES_MAX": "4",
        ])
        let owner = try daemon.client()
        let account = try await owner.signUp()
        let neighbour = try await daemon.client().signUp()
        let unknown = TestClient.newEmail()
        let client = try daemon.client()
        for _ in 0..<4 {
            for email in [account.email, unknown] {
                #expect(try await failure(client, email, "not the password").code == "invalid_credentials")
            }
        }
        let stopped = try await failure(client, account.email, account.password)
        #expect(stopped.code == "rate_limited" && stopped.data["limit"] == "loginFailuresMax")
        #expect((86_000_000...86_400_000).contains(stopped.data["retryAfterMs"].integer ?? 0))
        #expect(stopped.message.contains("24 h") && stopped.message.contains("change the password"))
        // Nothing tells whether there is such an account, and no other is stopped.
        let other = try await failure(client, unknown, account.password)
        #expect(other.message == stopped.message && other.data["limit"] == stopped.data["limit"])
        _ = try await login(client, neighbour.email, neighbour.password)
        // A restart forgets nothing.
        try await daemon.crash()
        daemon = try await daemon.startAgain()
        let next = try daemon.client()
        #expect(try await failure(next, account.email, account.password).data["limit"] == "loginFailuresMax")
        // Guesses of the owner's own sessions count by themselves.
        try await next.attach(account.token)
        let new = "ten lives of an engine"
        let wrong: JSONValue = ["currentPassword": "not the password", "newPassword": .string(new)]
        #expect(try await next.errorCode("auth.changePassword", wrong) == "invalid_credentials")
        try await next.call("auth.changePassword", ["currentPassword": .string(account.password), "newPassword": .string(new)])
        _ = try await login(daemon.client(), account.email, new)
    }

    /// Security bar C31: having an account is no way to guess at another's without waiting.
    @Test func anAccountOfOnesOwnDoesNotClearThePeersCount() async throws {
        let daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_LOGIN_FAILURES": "3", "DBASSIST_LIMITS_LOGIN_DELAY_MS": "60000",
        ])
        let client = try daemon.client()
        let own = try await client.signUp()
        // One guess at each: no account has to wait, the peer has.
        for _ in 0..<3 {
            #expect(try await failure(client, TestClient.newEmail(), "not the password").code == "invalid_credentials")
        }
        for _ in 0..<2 { _ = try await login(client, own.email, own.password) }
        #expect(try await failure(client, TestClient.newEmail(), "not the password").code == "invalid_credentials")
        #expect(try await failure(client, TestClient.newEmail(), "not the password").code == "rate_limited")
    }

    /// The wait ends: nobody is locked out for good.
    @Test func theWaitEnds() async throws {
        let daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_LOGIN_FAILURES": "1", "DBASSIST_LIMITS_LOGIN_DELAY_MS": "300",
            "DBASSIST_LIMITS_LOGIN_DELAY_MAX_MS": "300",
        ])
        let client = try daemon.client()
        let account = try await client.signUp()
        for _ in 0..<2 { _ = try? await login(client, account.email, "not the password") }
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            do {
                _ = try await login(client, account.email, account.password)
                return
            } catch let refused as TestClient.Failure { #expect(refused.code == "rate_limited") }
        }
        Issue.record("still refused after ten seconds")
    }
}
