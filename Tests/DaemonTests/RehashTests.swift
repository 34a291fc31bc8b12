import Glibc
import TestSupport
import Testing

/// Hashes that an older or a stricter daemon made. Security bar C29.
@Suite struct RehashTests {
    /// Of ``TestClient/password``: two passes over 19 MiB, and four over 96 MiB.
    private static let weaker =
        "$argon2id$v=19$m=19456,t=2,p=1$tEPEinfLQqoHb09qHSox7w$ZHRHA+82QLrW2NrbLMFOy8P4q+i3rWkbiZFUa7W3NF4"
    private static let stronger =
        "$argon2id$v=19$m=98304,t=4,p=1$/Cdsm6KuP5yI84W8vq7APQ$LyX8gKT7M6WlelxhHzRRpffcnkMw3pCbHmtiQjwk85U"

    /// Puts a hash into the store of a daemon that has been stopped.
    private func put(_ hash: String, _ store: String) throws {
        try Engine.sqlite.script("UPDATE users SET password = '\(hash)'", file: store)
    }

    private func stored(_ store: String) throws -> String {
        try Engine.sqlite.script("SELECT password FROM users", file: store).split(separator: "\n").first.map(String.init) ?? ""
    }

    private func login(_ daemon: DaemonProcess, _ email: String, _ password: String = TestClient.password) async throws {
        try await daemon.client().call("auth.login", ["email": .string(email), "password": .string(password)])
    }

    @Test func aWeakerHashIsReplacedByALogInAndAStrongerOneIsNot() async throws {
        let first = try await DaemonProcess.start()
        let store = first.stateDirectory + "/store.sqlite"
        let account = try await first.client().signUp()
        let usual = try stored(store)
        try await first.stop()
        try put(Self.weaker, store)
        let second = try await first.startAgain()
        // A wrong password changes nothing.
        await #expect(throws: TestClient.Failure.self) { try await login(second, account.email, "not the password") }
        #expect(try stored(store) == Self.weaker)
        try await login(second, account.email)
        let replaced = try stored(store)
        #expect(replaced.hasPrefix("$argon2id$v=19$m=65536,t=3,p=1$") && replaced != usual)
        try await login(second, account.email)
        #expect(try stored(store) == replaced)
        try await second.stop()
        try put(Self.stronger, store)
        let third = try await first.startAgain()
        try await login(third, account.email)
        #expect(try stored(store) == Self.stronger)
        try await third.stop()
    }

    /// Killed at each of its first commits, of which one replaces the hash.
    @Test(.timeLimit(.minutes(5)), .enabled(if: Trace.isUsable, Trace.reason)) func aLogInThatIsKilledLocksNobodyOut()
        async throws
    {
        let settings = ["DBASSIST_LIMITS_LOGIN_FAILURES": "1000"]
        let first = try await DaemonProcess.start(settings)
        let store = first.stateDirectory + "/store.sqlite"
        let account = try await first.client().signUp()
        try await first.stop()
        var outcomes: [Bool] = []
        for number in 1...4 {
            try put(Self.weaker, store)
            let killer = [
                "strace", "-D", "-f", "-qq", "-e", "trace=fdatasync", "-e", "signal=none", "-e",
                "inject=fdatasync:signal=KILL:when=\(number)", "-o", "/dev/null",
            ]
            if let daemon = try? await DaemonProcess.start(settings, in: first.directory, launcher: killer) {
                try? await login(daemon, account.email)
                daemon.end(SIGKILL)
                try await daemon.waitForExit()
            }
            let after = try await first.startAgain()
            outcomes.append(try stored(store) != Self.weaker)
            try await login(after, account.email)
            #expect(try stored(store) != Self.weaker)
            try await after.stop()
        }
        // Before the hash was replaced, and after.
        #expect(outcomes.contains(true) && outcomes.contains(false), "\(outcomes)")
    }
}
