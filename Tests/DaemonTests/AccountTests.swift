import Protocol
import TestSupport
import Testing

/// The account itself: `auth.changePassword`, `auth.updateProfile`, `auth.deleteAccount`.
@Suite struct AccountTests {
    /// Security bar A13.
    @Test(arguments: Carrier.sockets) func aNewPasswordEndsEverySession(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        let account = try await client.signUp()
        let other = try daemon.client(carrier.framing)
        try await other.attach(account.token)
        let change: JSONValue = ["currentPassword": .string(account.password), "newPassword": "ten lives of an engine"]
        let token = try await client.call("auth.changePassword", change)["token"].string ?? ""
        #expect(try await other.notification("session/expired")["reason"] == "passwordChanged")
        #expect(try await other.errorCode("auth.whoami") == "unauthenticated")
        // This connection has the new session.
        #expect(try await client.call("auth.sessions")["items"].array?.count == 1)
        #expect(client.wire.frameCount == 0)
        try await daemon.crash()
        let again = try await daemon.startAgain().client(carrier.framing)
        #expect(try await again.errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
        try await again.attach(token)
        let old: JSONValue = ["email": .string(account.email), "password": .string(account.password)]
        #expect(try await again.errorCode("auth.login", old) == "invalid_credentials")
        try await again.call("auth.login", ["email": .string(account.email), "password": "ten lives of an engine"])
    }

    @Test func aBadPasswordChangesNothing() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let account = try await client.signUp()
        let current = JSONValue.string(account.password)
        for (params, code): (JSONValue, String) in [
            (["currentPassword": "not the password", "newPassword": "ten lives of an engine"], "invalid_credentials"),
            (["currentPassword": current, "newPassword": current], "invalid_params"),
            (["currentPassword": current, "newPassword": "short"], "invalid_params"),
            (["currentPassword": current, "newPassword": "password123"], "weak_password"),
        ] {
            #expect(try await client.errorCode("auth.changePassword", params) == code)
        }
        try await client.call("auth.login", ["email": .string(account.email), "password": current])
    }

    /// Security bar C31: guessing through a session that is open is guessing all the same.
    @Test func wrongCurrentPasswordsCount() async throws {
        let daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_LOGIN_FAILURES": "2", "DBASSIST_LIMITS_LOGIN_DELAY_MS": "60000",
        ])
        let client = try daemon.client()
        let account = try await client.signUp()
        let wrong = JSONValue.string("not the password")
        _ = try await client.failure("auth.changePassword", ["currentPassword": wrong, "newPassword": "ten lives of an engine"])
        _ = try await client.failure("auth.deleteAccount", ["currentPassword": wrong])
        _ = try await client.failure("auth.updateProfile", ["email": "new@example.com", "currentPassword": wrong])
        let right: JSONValue = ["currentPassword": .string(account.password)]
        #expect(try await client.errorCode("auth.deleteAccount", right) == "rate_limited")
    }

    @Test func theProfileChanges() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let account = try await client.signUp()
        let taken = try await daemon.client().signUp().email
        #expect(try await client.call("auth.updateProfile", ["name": "Ada King"])["name"] == "Ada King")
        let password = JSONValue.string(account.password)
        let email: JSONValue = ["email": "King@Example.com", "currentPassword": password]
        #expect(try await client.call("auth.updateProfile", email)["email"] == "king@example.com")
        for (params, code): (JSONValue, String) in [
            ([:], "invalid_params"), (["email": "countess@example.com"], "invalid_params"),
            (["email": "countess@example.com", "currentPassword": "not the password"], "invalid_credentials"),
            (["email": .string(taken), "currentPassword": password], "conflict"),
            (["name": ""], "invalid_params"), (["name": .string(String(repeating: "x", count: 101))], "invalid_params"),
            (["email": "no address", "currentPassword": password], "invalid_params"),
        ] {
            #expect(try await client.errorCode("auth.updateProfile", params) == code, "\(params)")
        }
        // Its own address in another case is no change.
        #expect(try await client.call("auth.updateProfile", ["email": "KING@example.com"])["email"] == "king@example.com")
        #expect(try await client.call("auth.whoami")["user"]["name"] == "Ada King")
        try await client.call("auth.login", ["email": "king@example.com", "password": password])
        let old: JSONValue = ["email": .string(account.email), "password": password]
        #expect(try await client.errorCode("auth.login", old) == "invalid_credentials")
    }

    /// Security bar A13.
    @Test func aDeletedAccountIsGone() async throws {
        let daemon = try await DaemonProcess.start()
        let database = try SampleDatabase.make(in: daemon.directory)
        let client = try daemon.client()
        let account = try await client.signUp()
        try await client.call(
            "project.create", ["name": "Books", "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)])
        let other = try daemon.client()
        try await other.attach(account.token)
        #expect(try await client.call("auth.deleteAccount", ["currentPassword": .string(account.password)]) == [:])
        #expect(try await other.notification("session/expired")["reason"] == "accountDeleted")
        #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
        #expect(try await client.errorCode("auth.attach", ["token": .string(account.token)]) == "unauthenticated")
        let login: JSONValue = ["email": .string(account.email), "password": .string(account.password)]
        #expect(try await client.errorCode("auth.login", login) == "invalid_credentials")
        // The address is free again, and what was in the account is not there.
        let again = try await client.signUp(email: account.email)
        #expect(again.userID != account.userID)
        #expect(try await client.call("project.list")["items"] == [])
    }
}
