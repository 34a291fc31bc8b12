import Foundation
import TestSupport
import Testing

/// The settings of models, from the environment and the file, as `dbassistd config` shows them.
@Suite struct ModelSettingsTests {
    private func config(_ yaml: String = "", _ environment: [String: String] = [:]) throws -> Command {
        let directory = try TemporaryDirectory()
        let file = directory.appending("config.yaml")
        try yaml.write(toFile: file, atomically: false, encoding: .utf8)
        return try Command(["config", "--config", file], in: directory, environment)
    }

    /// The value and the origin of a setting.
    private func line(_ name: String, _ run: Command) -> String? {
        run.output.split(separator: "\n").first { $0.hasPrefix(name + " ") }?.split(separator: " ").dropFirst().joined(
            separator: " ")
    }

    @Test func `one model from the environment`() throws {
        let run = try config(
            "",
            [
                "DBASSIST_MODEL_URL": "http://localhost:11434/v1", "DBASSIST_MODEL": "qwen", "DBASSIST_MODEL_KEY_FILE": "/keys/a",
                "DBASSIST_MODEL_TOOL_STYLE": "json", "DBASSIST_MODEL_TEMPERATURE": "0.5",
                "DBASSIST_MODEL_FIRST_BYTE_TIMEOUT_MS": "5000", "DBASSIST_MODEL_TLS_CA_FILE": "/ca.pem",
                "DBASSIST_MODEL_PROXY": "http://proxy:3128", "DBASSIST_MODEL_RETRIES": "0",
            ])
        #expect(run.status == 0, "\(run.output)")
        #expect(line("modelUrl", run) == "http://localhost:11434/v1 (DBASSIST_MODEL_URL)")
        #expect(line("model", run) == "qwen (DBASSIST_MODEL)")
        #expect(line("modelKeyFile", run) == "/keys/a (DBASSIST_MODEL_KEY_FILE)")
        #expect(line("modelTlsCaFile", run)?.hasPrefix("/ca.pem") == true && line("modelRetries", run)?.hasPrefix("0") == true)
        #expect(line("modelContextTokens", run) == "8192 (default)")
    }

    @Test func `several models in the file`() throws {
        let run = try config(
            """
            modelTotalTimeoutMs: 60000
            modelDefault: big
            models:
              fast: {url: 'http://localhost:8080/v1', model: small, toolStyle: json}
              big: {url: 'https://api.example.org/v1', model: large, keyFile: /keys/big, contextTokens: 128000}
            """)
        #expect(run.status == 0, "\(run.output)")
        #expect(line("models.fast.url", run)?.hasPrefix("http://localhost:8080/v1 (/") == true)
        #expect(line("models.big.contextTokens", run)?.hasPrefix("128000 (/") == true)
        #expect(line("models.fast.contextTokens", run) == nil && line("modelDefault", run)?.hasPrefix("big") == true)
    }

    @Test(arguments: [
        ("modelUrl: http://localhost/v1", "model is not"), ("model: qwen", "set modelUrl"), ("modelKeyFile: /a", "set modelUrl"),
        ("{modelUrl: 'ftp://h', model: m}", "http:// or https://"), ("{modelUrl: 'http://h/v1?a=b', model: m}", "no query"),
        ("{modelUrl: 'http://h/v1', model: m, modelToolStyle: tools}", "one of auto, native, json"),
        ("{modelUrl: 'http://h/v1', model: m, modelTemperature: 3}", "from 0 to 2"),
        ("{modelUrl: 'http://h/v1', model: m, modelTemperature: warm}", "from 0 to 2"),
        ("{modelUrl: 'http://h/v1', model: m, modelRetries: -1}", "at least 0"),
        ("{modelUrl: 'http://h/v1', model: m, modelIdleTimeoutMs: 5}", "at least 100"),
        ("{modelUrl: 'http://h/v1', model: m, modelMaxReplyTokens: 8192}", "less than modelContextTokens"),
        ("{modelUrl: 'http://h/v1', model: m, modelProxy: 'https://p'}", "http://host:port"),
        ("{modelUrl: 'http://h/v1', model: m, modelDefault: x}", "one of default"), ("modelDefault: x", "there is no model"),
        ("{modelUrl: 'http://h/v1', model: m, models: {default: {url: 'http://h/v1', model: m}}}", "another name"),
        ("models: {a: {model: m}}", "models.a.url is missing"), ("models: {a: {url: 'http://h/v1'}}", "models.a.model is not"),
        ("models: {a: {url: 'http://h/v1', model: m, keyfile: /a}}", "models.a.keyFile"),
        ("models: {a: {url: 'http://h/v1', model: m, key: canary}}", "not a setting"),
        ("models: {a: {url: 'http://h/v1', model: m, contextTokens: many}}", "models.a.contextTokens"),
        ("models: {'a b': {url: 'http://h/v1', model: m}}", "letters, digits"), ("models: {a: b}", "models.a is not a setting"),
        ("models: {a: {url: {b: c}}}", "not a setting"), ("models: &x {a: {b: *x}}", "not a setting"),
    ])
    func `what cannot be used is told with the setting's name`(yaml: String, words: String) throws {
        let run = try config(yaml + "\n")
        #expect(run.status == 78 && run.output.contains(words), "\(yaml): \(run.output)")
        #expect(!run.output.contains("canary"))
    }

    @Test func `a key is never shown`() throws {
        let environment = [
            "DBASSIST_MODEL_KEY": "canary-key", "DBASSIST_MODEL_URL": "http://localhost/v1", "DBASSIST_MODEL": "m",
        ]
        let run = try config("", environment)
        #expect(run.status == 0 && line("modelKey", run) == "*** (DBASSIST_MODEL_KEY)" && !run.output.contains("canary"))
        let inURL = try config("{modelUrl: 'http://me:canary@h/v1', model: m}\n")
        #expect(inURL.status == 78 && !inURL.output.contains("canary") && inURL.output.contains("key file"), "\(inURL.output)")
    }

    @Test func `the key leaves the environment at the start`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(
            ["DBASSIST_MODEL_KEY": "canary-key", "DBASSIST_MODEL_URL": "http://localhost/v1", "DBASSIST_MODEL": "m"],
            in: directory)
        // Only root may look at it at all.
        let environment = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(daemon.pid)/environ"))
        #expect(environment?.range(of: Data("canary".utf8)) == nil)
        #expect(environment?.isEmpty != true)
        try await daemon.stop()
    }
}
