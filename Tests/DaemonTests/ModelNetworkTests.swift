import Foundation
import Glibc
import TestSupport
import Testing

/// The way to a model's server: TLS with an authority of one's own, and proxies.
@Suite(.serialized) struct ModelNetworkTests {
    /// A daemon whose model may see everything, wherever it is.
    private func bench(_ settings: [String: String]) async throws -> Workbench {
        let own = ["DBASSIST_MODEL": "test", "DBASSIST_MODEL_RETRIES": "0", "DBASSIST_LOG_LEVEL": "trace"]
        let bench = try await Workbench.start(own.merging(settings) { $1 }, engines: [.sqlite])
        try await bench.client.call(
            "project.update",
            ["projectId": .string(bench.project(.sqlite)), "assistant": ["shareSchema": true, "shareRows": true]])
        return bench
    }

    private func ask(_ bench: Workbench) async throws -> JSONValue {
        try await bench.client.call(
            "chat.send", ["projectId": .string(bench.project(.sqlite)), "content": "Are you there?"])
    }

    /// The step of the doctor's that failed.
    private func failedStep(_ bench: Workbench) async throws -> JSONValue {
        let result = try await bench.client.call("chat.doctor")
        #expect(result["ok"] == false)
        return result["steps"].array?.first { $0["status"] == "failed" } ?? .null
    }

    @Test func `TLS is checked against the authority that is named`() async throws {
        let model = try ModelServer { $0.body["tools"].array == nil ? .text("Yes.") : .calls([("add", #"{"a":2,"b":3}"#)]) }
        let front = try await TLSFront(to: model.port)
        defer { front.stop() }
        for host in ["127.0.0.1", "localhost"] {
            let url = ["DBASSIST_MODEL_URL": "https://\(host):\(front.port)/v1"]
            let trusting = try await bench(url.merging(["DBASSIST_MODEL_TLS_CA_FILE": front.authorityPath]) { $1 })
            let doctor = try await trusting.client.call("chat.doctor")
            #expect(doctor["ok"] == true, "\(host): \(doctor)")

            let wary = try await bench(url)
            let step = try await failedStep(wary)
            #expect(step["step"] == "connect" && step["hint"].string?.contains("modelTlsCaFile") == true, "\(host): \(step)")
            let failure = try await wary.client.failure(
                "chat.send", ["projectId": .string(wary.project(.sqlite)), "content": "Are you there?"])
            #expect(failure.code == "model_failed" && failure.message.contains("modelTlsCaFile"), "\(host): \(failure)")
        }
        // The certificate of an authority that is trusted, for another host.
        let elsewhere = try await TLSFront(to: model.port)
        defer { elsewhere.stop() }
        let misled = try await bench([
            "DBASSIST_MODEL_URL": "https://localhost:\(front.port)/v1", "DBASSIST_MODEL_TLS_CA_FILE": elsewhere.authorityPath,
        ])
        #expect(try await failedStep(misled)["step"] == "connect")
    }

    /// Through a proxy that wants a log-in: with TLS to the server behind it and without.
    @Test func `a proxy is logged in to`() async throws {
        let model = try ModelServer { _ in .text("Yes.") }
        let front = try await TLSFront(to: model.port)
        defer { front.stop() }
        // ada:p@ss:w/ord%
        let proxy = try ForwardProxy(authorization: "Basic YWRhOnBAc3M6dy9vcmQl")
        defer { proxy.stop() }
        let (right, wrong) = ("ada:p%40ss%3Aw%2Ford%25", "ada:canary-wrong")
        for url in ["http://model.test:\(model.port)/v1", "https://model.test:\(front.port)/v1"] {
            func settings(_ login: String) -> [String: String] {
                [
                    "DBASSIST_MODEL_URL": url, "DBASSIST_MODEL_PROXY": "http://\(login)@127.0.0.1:\(proxy.port)",
                    "DBASSIST_MODEL_TLS_CA_FILE": front.authorityPath,
                ]
            }
            let known = try await bench(settings(right))
            #expect(try await ask(known)["text"] == "Yes.", "\(url)")
            #expect(proxy.targets.last == "model.test:\(url.hasPrefix("https") ? front.port : model.port)")
            let unknown = try await bench(settings(wrong))
            let failure = try await unknown.client.failure(
                "chat.send", ["projectId": .string(unknown.project(.sqlite)), "content": "Are you there?"])
            #expect(failure.code == "model_failed" && failure.message.contains("modelProxy"), "\(url): \(failure)")
            let step = try await failedStep(unknown)
            #expect(step["step"] == "connect" && "\(step)".contains("modelProxy"), "\(url): \(step)")
            for (daemon, reply) in [(known.daemon, ""), (unknown.daemon, "\(failure)\(step)")] {
                for secret in ["p@ss", "p%40ss", "YWRhOnBA", "canary-wrong"] {
                    #expect(!daemon.log.contains(secret) && !reply.contains(secret), "\(secret)")
                }
            }
        }
        #expect(proxy.refusals >= 4)
    }

    @Test func `the configuration shows no password of a proxy`() throws {
        let directory = try TemporaryDirectory()
        let own = ["DBASSIST_MODEL_URL": "https://h/v1", "DBASSIST_MODEL": "m"]
        for (proxy, status) in [
            ("http://ada:canary@proxy:3128", 0), ("http://canary@proxy:3128", 0), ("http://canary:@proxy:3128", 0),
            ("http://ada:can@ary@proxy:3128", 78), ("https://ada:canary@proxy", 78),
            ("http://ada:canary%0a@proxy", 78),
        ] as [(String, Int32)] {
            let run = try Command(["config"], in: directory, own.merging(["DBASSIST_MODEL_PROXY": proxy]) { $1 })
            #expect(run.status == status, "\(proxy): \(run.output)")
            #expect(!run.output.contains("canary") && !run.output.contains("can@ary"), "\(proxy): \(run.output)")
            #expect(run.output.contains(status == 0 ? "http://***@proxy:3128" : "modelProxy"))
        }
    }

    @Test func `a new proxy is told of without its password`() async throws {
        let directory = try TemporaryDirectory()
        let folder = directory.appending("config/dbassist")
        try ChildProcess.run(["mkdir", "-p", folder])
        let model = "modelUrl: https://h/v1\nmodel: m\n"
        try model.write(toFile: folder + "/config.yaml", atomically: false, encoding: .utf8)
        let daemon = try await DaemonProcess.start(in: directory)
        let proxies =
            "modelProxy: http://ada:canary-one@proxy:3128\nmodels: {b: {url: 'https://h/v1', model: m, proxy: 'http://canary-two@p'}}\n"
        try (model + proxies).write(toFile: folder + "/config.yaml", atomically: false, encoding: .utf8)
        daemon.end(SIGHUP)
        try await daemon.waitForLog(containing: "models.b.proxy")
        #expect(daemon.log.contains("http://***@proxy:3128") && !daemon.log.contains("canary"), "\(daemon.log)")
        try await daemon.stop()
    }
}
