import Foundation

@testable import Security

/// What several suites share.
enum Fixtures {
    /// A directory of its own, `0700`, removed by `removeDirectory`.
    static func makeDirectory() throws -> String {
        let path = NSTemporaryDirectory() + "/dbassist-security-\(Identifier.make())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return path
    }

    static func removeFile(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Makes a file that only its owner can use.
    static func write(_ text: String, to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
    }

    static func removeDirectory(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    static func bytes(hex: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Substring(hex)
        while rest.count >= 2 {
            if let byte = UInt8(rest.prefix(2), radix: 16) { bytes.append(byte) }
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    static func signingKey(_ fill: UInt8 = 7) throws -> SigningKey {
        try SigningKey(seed: SecretBytes(copying: [UInt8](repeating: fill, count: 32)))
    }

    /// The file of the official vectors (paseto-standard/test-vectors `v4.json`): in the folder that
    /// `DBASSIST_SHARED` names, or in `shared` in or above the package; `nil` where there is none.
    static let vectors: String? = {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var folders = [
            package, package.deletingLastPathComponent(), package.deletingLastPathComponent().deletingLastPathComponent(),
        ]
        .map { $0.appendingPathComponent("shared").path }
        if let named = ProcessInfo.processInfo.environment["DBASSIST_SHARED"] { folders.insert(named, at: 0) }
        return folders.map { $0 + "/paseto-v4.json" }.first { FileManager.default.fileExists(atPath: $0) }
    }()
}
