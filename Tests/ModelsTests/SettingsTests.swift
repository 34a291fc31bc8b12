import Glibc
import TestSupport
import Testing

@testable import Models

@Suite struct ModelURLTests {
    @Test(arguments: [
        ("http://localhost:8080/v1", false, "localhost", 8080, "/v1"),
        ("https://API.example.org/v1/", true, "api.example.org", 443, "/v1"),
        ("http://[::1]:9/v1//", false, "::1", 9, "/v1"), ("HTTP://10.0.0.1", false, "10.0.0.1", 80, ""),
        ("https://h/a/b/v1", true, "h", 443, "/a/b/v1"),
    ])
    func `a URL is taken apart`(text: String, isTLS: Bool, host: String, port: Int, path: String) throws {
        let url = try ModelURL(text)
        #expect(url.isTLS == isTLS && url.host == host && url.port == port && url.path == path)
    }

    @Test(arguments: [
        "", "localhost:8080", "ftp://h/v1", "http://", "http:///v1", "http://a:b@h/v1", "http://h?x=y", "http://h/v1#x",
        "http://h:0/v1",
        "http://h:65536", "http://h:x", "http://h:/v1", "http://[::1/v1", "http://[x]/v1", "http://[::1]x/v1",
        "http://h\u{E4}/v1",
        "http://h /v1", "http://h\n/v1", "http://h\\v1", "http://h\"/v1", "unix:///x",
    ])
    func `what is no URL is refused`(text: String) { #expect(throws: ModelURL.Problem.self) { try ModelURL(text) } }

    @Test func `only this machine is local`() {
        func isLocal(_ host: String, proxy: String? = nil) -> Bool {
            ModelSettings(name: "a", url: "http://\(host):1/v1", model: "m", proxy: proxy.flatMap { try? ModelProxy($0) }).isLocal
        }
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]", "a.localhost"] {
            #expect(isLocal(host), "\(host)")
        }
        for host in [
            "localhost.example.org", "127.0.0.1.example.org", "127.1", "128.0.0.1", "10.0.0.1", "[::2]", "127.0.0.256", "0.0.0.0",
        ] {
            #expect(!isLocal(host), "\(host)")
        }
        #expect(!isLocal("localhost", proxy: "http://proxy:3128"))
        #expect(!ModelSettings(name: "a", url: "nonsense", model: "m").isLocal)
    }

    @Test func `settings are named as the configuration names them`() {
        var settings = ModelSettings(name: "fast", url: "http://h/v1", model: "m")
        #expect(settings.setting(.model) == "model" && settings.setting(.keyFile) == "modelKeyFile" && settings.host == "h")
        settings.isNamed = true
        #expect(settings.setting(.model) == "models.fast.model" && settings.setting(.tlsCaFile) == "models.fast.tlsCaFile")
    }
}

@Suite struct ModelProxyTests {
    @Test(
        arguments: [
            ("http://proxy:3128", "proxy", 3128, nil, ""), ("HTTP://Proxy/", "proxy", 80, nil, ""),
            ("http://[::1]:8080", "::1", 8080, nil, ""), ("http://ada:secret@proxy:3128", "proxy", 3128, "ada", "secret"),
            ("http://ada@proxy", "proxy", 80, "ada", ""), ("http://ada:@proxy", "proxy", 80, "ada", ""),
            ("http://a%20da:p%40ss%3Aw%2Ford%25@proxy:1", "proxy", 1, "a da", "p@ss:w/ord%"),
            ("http://ada:x:y@proxy:1", "proxy", 1, "ada", "x:y"),
            ("http://%C3%A4:%E2%82%AC@proxy:1", "proxy", 1, "\u{E4}", "\u{20AC}"),
        ] as [(String, String, Int, String?, String)])
    func `a proxy is taken apart`(text: String, host: String, port: Int, user: String?, password: String) throws {
        let proxy = try ModelProxy(text)
        #expect(proxy.host == host && proxy.port == port && proxy.user == user && proxy.password == password)
    }

    @Test(arguments: [
        "", "proxy:3128", "https://canary@proxy", "socks://canary:canary@proxy", "http://canary@", "http://@proxy",
        "http://:canary@proxy",
        "http://ca:na@ry@proxy", "http://u:canary%@proxy", "http://u:canary%4@proxy", "http://u:canary%4g@proxy",
        "http://u:canary%0d%0a@proxy", "http://u:canary%00@proxy", "http://u:canary%ff@proxy", "http://u%3a:canary@proxy",
        "http://u:canary@proxy/path", "http://u:canary@proxy?q", "http://u:can/ary@proxy", "http://u:can ary@proxy",
        "http://u:canary@proxy:0", "http://u:canary@proxy:99999",
    ])
    func `what is no proxy is refused without a word of it`(text: String) {
        do throws(ModelURL.Problem) {
            let proxy = try ModelProxy(text)
            Issue.record("\(text) is \(proxy)")
        } catch {
            #expect(!error.reason.contains("canary"))
        }
    }

    @Test func `its password is in no description`() throws {
        var settings = ModelSettings(name: "default", url: "http://h/v1", model: "m")
        settings.proxy = try ModelProxy("http://canary-user:canary-word@proxy:3128")
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!"\(dumped)\(settings)\(String(reflecting: settings))".contains("canary"))
        #expect("\(settings)".contains("***@proxy:3128"))
    }
}

@Suite struct ModelKeyTests {
    private let settings = ModelSettings(name: "default", url: "http://h/v1", model: "m")

    private func key(_ bytes: [UInt8], mode: mode_t = 0o600) throws -> String? {
        let directory = try TemporaryDirectory()
        let path = directory.appending("key")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        #expect(descriptor >= 0)
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        fchmod(descriptor, mode)
        close(descriptor)
        return try ModelKey.file(path).read(for: settings)
    }

    @Test func `a file holds one key`() throws {
        #expect(try key(Array("abc-123\n".utf8)) == "abc-123")
        #expect(try key(Array(" abc \r\n".utf8), mode: 0o400) == "abc")
        for bad in ["", "\n", "two words", "line\nline", "k\u{E4}y"] {
            #expect(throws: ModelError.self, "\(bad)") { try key(Array(bad.utf8)) }
        }
        #expect(throws: ModelError.self) { try key([UInt8](repeating: 65, count: 17 << 10)) }
        #expect(try ModelKey.none.read(for: settings) == nil)
        #expect(throws: ModelError.self) { try ModelKey.value("a\r\nb").read(for: settings) }
    }

    @Test func `others may not read it`() throws {
        for mode in [0o640, 0o604, 0o660, 0o620] as [mode_t] {
            do {
                _ = try key(Array("canary".utf8), mode: mode)
                Issue.record("a key of mode \(String(mode, radix: 8)) was read")
            } catch let error as ModelError {
                #expect(
                    error.kind == .notConfigured && error.message.contains("chmod 600") && error.message.contains("modelKeyFile"))
                #expect(!error.message.contains("canary"))
            }
        }
        #expect(throws: ModelError.self) { try ModelKey.file("/").read(for: settings) }
        #expect(throws: ModelError.self) { try ModelKey.file("/dev/zero").read(for: settings) }
    }
}

@Suite struct ModelCatalogueTests {
    @Test func `the first is the default where none is named`() async {
        let models = ["a", "b"].map { ModelSettings(name: $0, url: "http://localhost:1/v1", model: $0) }
        let catalogue = ModelCatalogue(models)
        #expect(
            catalogue.defaultName == "a" && catalogue.client()?.settings.name == "a"
                && catalogue.client(named: "b")?.settings.model == "b")
        #expect(catalogue.client(named: "c") == nil && ModelCatalogue(models, defaultName: "b").client()?.settings.name == "b")
        #expect(ModelCatalogue([]).client() == nil)
        await catalogue.shutdown()
        #expect(await catalogue.client()?.ask().error?.kind == .cancelled)
    }

    @Test func `shutting down ends what is asked`() async throws {
        let server = try ModelServer { _ in .begun("There are", then: .hang) }
        defer { server.stop() }
        let catalogue = ModelCatalogue([ModelSettings(name: "a", url: server.url, model: "m", retries: 0)])
        let client = try #require(catalogue.client())
        let task = Task { await client.ask().error?.kind }
        #expect(await server.hasChats(1))
        await catalogue.shutdown()
        #expect(await task.value != nil)
        #expect(await server.hasDisconnects(1))
    }
}
