import Foundation
import Protocol
import TestSupport
import Testing

/// Every method of the spec is tested by name, and no other is.
@Suite struct MethodNameTests {
    /// A test beyond the examples of the spec mentions it.
    @Test func everyMethodHasATest() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        var text = ""
        for name in FileManager.default.enumerator(atPath: folder.path())?.compactMap({ $0 as? String }) ?? []
        where name.hasSuffix("Tests.swift") && !name.hasPrefix("MethodName") {
            text += try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        let untested = Specification.shared.methodNames.filter { !text.contains("\"\($0)\"") }
        #expect(untested.isEmpty)
    }

    @Test(arguments: [
        "", " ", "System.health", "system.Health", "system.health ", "system", "rpc.", "auth.login\u{0}", "a\u{301}",
        "constructor",
    ])
    func nothingElseIsAMethod(name: String) async throws {
        let daemon = try await DaemonProcess.start()
        #expect(try await daemon.client().errorCode(name) == "method_not_found")
    }

    /// A name may be written with escapes, which are read.
    @Test func escapesInANameAreRead() async throws {
        let daemon = try await DaemonProcess.start()
        let text = #"{"jsonrpc":"2.0","id":1,"m\u0065thod":"\u0073ystem.health"}"#
        let reply = try await daemon.client().exchange(text, method: "system.health")
        #expect(reply["result"]["status"] == "ok")
    }
}
