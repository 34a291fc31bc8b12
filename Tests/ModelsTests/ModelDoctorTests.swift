import TestSupport
import Testing

@testable import Models

@Suite struct ModelDoctorTests {
    private func check(
        models: [String]? = ["test"], key: String? = nil, givenKey: String? = nil,
        _ change: (inout ModelSettings) -> Void = { _ in },
        answer: @escaping @Sendable (ModelServer.Request) -> ModelReply
    ) async throws -> [ModelCheck] {
        let server = try ModelServer(models: models, key: key, answer)
        defer { server.stop() }
        var checks: [ModelCheck] = []
        try await Fixture.with(server.url, key: givenKey, change) { checks = await ModelDoctor.check($0) }
        #expect(checks.map(\.step) == ModelCheck.Step.allCases)
        for check in checks { #expect(!check.message.isEmpty && (check.outcome != .failed || check.hint != nil), "\(check)") }
        return checks
    }

    private static func good(_ request: ModelServer.Request) -> ModelReply {
        request.body["tools"].isNull ? .text("one two three") : .calls([("add", #"{"a":2,"b":3}"#)])
    }

    private func outcomes(_ checks: [ModelCheck]) -> [String] {
        checks.map { ["passed": "+", "failed": "-", "skipped": "o"][$0.outcome.rawValue] ?? "" }
    }

    @Test func `all is well`() async throws {
        let checks = try await check(key: "k", givenKey: "k", answer: Self.good)
        #expect(outcomes(checks).joined() == "+++++++" && checks.allSatisfy { $0.hint == nil })
    }

    @Test func `each step says what to set`() async throws {
        let wrongKey = try await check(key: "k", givenKey: "canary-key", answer: Self.good)
        #expect(outcomes(wrongKey).joined() == "++-oooo" && wrongKey[2].hint?.contains("modelKeyFile") == true)
        #expect(!"\(wrongKey)".contains("canary-key"))
        let noList = try await check(models: nil, answer: Self.good)
        #expect(outcomes(noList).joined() == "++oo+++")
        let otherModel = try await check(models: ["a", "b"], answer: Self.good)
        #expect(otherModel[3].hint?.contains("set model to one of a, b") == true)
        let noModel = try await check(models: ["a"], answer: { _ in .noSuchModel })
        #expect(outcomes(noModel).joined() == "++++-oo" && noModel[4].message.contains("set model to a"))
        let noTools = try await check { $0.body["tools"].isNull ? .text("ok") : .status(400, message: "no tools") }
        #expect(outcomes(noTools).joined() == "+++++-+" && noTools[5].hint == "Set modelToolStyle to json.")
        let textOnly = try await check { _ in .text("ok") }
        #expect(outcomes(textOnly).joined() == "+++++-+" && textOnly[5].hint == "Set modelToolStyle to json.")
        let json = try await check({ $0.toolStyle = .json }, answer: { _ in .text("ok") })
        #expect(outcomes(json).joined() == "+++++o+")
        let plain = try await check { $0.body["tools"].isNull ? .plain("ok") : .plain("", calls: [("add", "{}")]) }
        #expect(outcomes(plain).joined() == "++++++-")
    }

    @Test func `nobody there`() async throws {
        let port = try Loopback.freePort()
        try await Fixture.with("http://127.0.0.1:\(port)/v1") { client in
            let checks = await ModelDoctor.check(client)
            #expect(outcomes(checks).joined() == "+-ooooo" && checks[1].hint?.contains("modelUrl") == true)
        }
        try await Fixture.with("http://no-such-host.invalid/v1") { client in
            let checks = await ModelDoctor.check(client)
            #expect(outcomes(checks).joined() == "-oooooo" && checks[0].hint?.contains("modelUrl") == true)
        }
        try await Fixture.with("http://127.0.0.1:\(port)/v1", { $0.keyFile = "/nowhere" }) { client in
            #expect(outcomes(await ModelDoctor.check(client)).joined() == "+o-oooo")
        }
        let server = try ModelServer { _ in .text("ok") }
        defer { server.stop() }
        try await Fixture.with("https://127.0.0.1:\(server.port)/v1") { client in
            let checks = await ModelDoctor.check(client)
            #expect(outcomes(checks).joined() == "+-ooooo" && checks[1].hint?.contains("modelTlsCaFile") == true)
        }
    }
}
