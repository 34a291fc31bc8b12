import Protocol
import TestSupport
import Testing

/// Without a session nothing of a session's methods happens, and nothing can be learnt.
@Suite struct AccessTests {
    /// A reason not to be let in.
    enum Token: String, CaseIterable, CustomTestStringConvertible {
        case none, malformed, tooLong, expired, revoked, otherDaemon
        var testDescription: String { rawValue }
    }

    static var sessionMethods: [String] {
        Specification.shared.methods.filter { $0["x-access"] == "session" }.compactMap { $0["name"].string }
    }

    /// Security bar C36.
    @Test(arguments: Token.allCases, [Carrier.socketLines, .stdioHeaders])
    func everySessionMethodAnswersTheSame(kind: Token, carrier: Carrier) async throws {
        let directory = try TemporaryDirectory()
        let token = try await Self.token(kind, in: directory)
        let (daemon, client) = try await carrier.start(in: directory)
        let before = StateSnapshot(of: daemon.stateDirectory)
        var answers: Set<String> = []
        if let token {
            answers.insert("\(try await client.failure("auth.attach", ["token": .string(token)]).withoutRequestID)")
        }
        #expect(Self.sessionMethods.count > 15)
        for method in Self.sessionMethods {
            for params in Self.params {
                let failure = try await client.failure(method, params)
                #expect(failure.code == "unauthenticated", "\(method) \(String(describing: params))")
                answers.insert("\(failure.withoutRequestID)")
            }
        }
        #expect(answers.count == 1, "\(answers)")
        #expect(StateSnapshot(of: daemon.stateDirectory) == before)
    }

    /// With params, too: they are not looked at.
    private static let params: [JSONValue?] = [
        nil, [:], ["noSuchMember": 1], [1, 2, 3], ["projectId": "019ab0c4-0000-7000-8000-00000000dead", "sql": "SELECT 1"],
    ]

    /// A token of the kind, for the daemon that will run in the directory.
    static func token(_ kind: Token, in directory: TemporaryDirectory) async throws -> String? {
        switch kind {
        case .none: return nil
        case .malformed: return "v4.public.no-such-token"
        case .tooLong: return "v4.public." + String(repeating: "A", count: 5000)
        case .expired:
            let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_TOKEN_LIFETIME_MS": "1"], in: directory)
            let token = try await daemon.client().signUp().token
            try await daemon.stop()
            return token
        case .revoked:
            let daemon = try await DaemonProcess.start(in: directory)
            let client = try daemon.client()
            let token = try await client.signUp().token
            try await client.call("auth.logout")
            try await daemon.stop()
            return token
        case .otherDaemon:
            let daemon = try await DaemonProcess.start()
            let token = try await daemon.client().signUp().token
            try await daemon.stop()
            return token
        }
    }

    /// Security bar C36. Public methods are what the spec says and no more.
    @Test func onlyDocumentedMethodsArePublic() {
        let open = Specification.shared.methods.filter { $0["x-access"] == "public" }.compactMap { $0["name"].string }
        #expect(
            Set(open) == [
                "initialize", "initialized", "shutdown", "exit", "$/cancelRequest", "rpc.discover", "system.health",
                "system.limits", "auth.signup", "auth.login", "auth.attach",
            ])
    }

    /// What `system.health` adds with a session is not told without.
    @Test func healthTellsStrangersLittle() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let stranger = try await client.call("system.health")
        #expect(Set(stranger.names) == ["status", "version", "uptimeMs"])
        _ = try await client.signUp()
        #expect(Set(try await client.call("system.health").names).isSuperset(of: ["store", "connections", "queries"]))
    }

    /// A refused token leaves a connection without a session, even if it had one.
    @Test(arguments: Carrier.allCases) func aRefusedTokenUnbindsTheSession(carrier: Carrier) async throws {
        let (_, client) = try await carrier.start()
        _ = try await client.signUp()
        #expect(try await client.errorCode("auth.attach", ["token": "v4.public.no-such-token"]) == "unauthenticated")
        #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
    }
}
