import Protocol
import TestSupport
import Testing

/// Which passwords `auth.signup` and `auth.changePassword` take. Security bar C33.
@Suite struct PasswordRulesTests {
    /// Security bar C33.
    @Test(arguments: [
        ("1234567", "invalid_params"), ("password123", "weak_password"), ("PASSWORD123", "weak_password"),
        ("qwertyuiop", "weak_password"),
        ("Ada Lovelace", "weak_password"), ("adalovelace1!", "weak_password"), ("countess@example.com", "weak_password"),
        ("countess", "weak_password"), ("dbassistd", "weak_password"), ("dbassistd2026", "weak_password"), ("", "invalid_params"),
        (String(repeating: "x", count: 1025), "invalid_params"), (String(repeating: "ü", count: 513), "invalid_params"),
        (String(repeating: "x", count: 40_000), "invalid_params"),
    ])
    func weakOnesAreRefused(password: String, code: String) async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let refused = try await client.failure(
            "auth.signup", ["name": "Ada Lovelace", "email": "countess@example.com", "password": .string(password)])
        #expect(refused.code == code)
        #expect(refused.data["path"] == "params.password")
        #expect(password.isEmpty || !"\(refused.error)".contains("\"" + password))
    }

    /// Security bar C33: exactly as sent. Each of these is one of its own, not the one before it.
    @Test func everyByteCounts() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_LOGIN_FAILURES": "1000"])
        let long = String(repeating: "correct horse ", count: 74).prefix(1024)
        let cases: [(password: String, others: [String])] = [
            (" leading and trailing ", ["leading and trailing", " leading and trailing"]),
            ("nul\u{0}inside it", ["nul", "nul\u{0}inside it "]),
            ("caf\u{e9} au lait noir", ["cafe\u{301} au lait noir"]),
            (String(long), [String(long.dropLast()), String(long.prefix(72)), String(long.dropLast() + "X")]),
            ("\u{1F511}\u{1F511}\u{1F511}", ["\u{1F511}\u{1F511}\u{1F510}"]),
        ]
        for (password, others) in cases {
            let client = try daemon.client()
            let account = try await client.signUp(password: password)
            for other in others {
                let params: JSONValue = ["email": .string(account.email), "password": .string(other)]
                #expect(try await client.errorCode("auth.login", params) == "invalid_credentials")
            }
            try await client.call("auth.login", ["email": .string(account.email), "password": .string(password)])
        }
    }

    /// A higher minimum is configuration.
    @Test func theMinimumIsConfigured() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_PASSWORD_MIN_BYTES": "15"])
        let refused = try await daemon.client().failure(
            "auth.signup", ["name": "Ada", "email": "ada@example.com", "password": "fourteen bytes"])
        #expect(refused.code == "invalid_params")
        #expect(refused.data["limit"] == "passwordMinBytes")
        _ = try await daemon.client().signUp(password: "fifteen  bytes!")
    }
}
