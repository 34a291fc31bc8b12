import Protocol
import TestSupport
import Testing

/// `auth.signup`.
@Suite struct SignupTests {
    @Test func bindsTheNewSession() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let account = try await client.signUp(name: "Ada")
        let who = try await client.call("auth.whoami")
        #expect(who["user"]["id"].string == account.userID)
        #expect(who["user"]["name"] == "Ada")
        #expect(who["session"]["current"] == true)
        #expect(try await daemon.stop() == 0)
    }
}
