public import Foundation

/// Where things are, for tests that run from the repository.
public enum Repository {
    /// The folder of Package.swift.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A data file that is used from outside the repository where it is present: named by `DBASSIST_SHARED`, else beside the
    /// repository. nil where it is absent; the test then says so and skips.
    public static func shared(_ name: String) -> URL? {
        let folder =
            ProcessInfo.processInfo.environment["DBASSIST_SHARED"].map { URL(filePath: $0) }
            ?? root.deletingLastPathComponent().appending(path: "shared")
        let file = folder.appending(path: name)
        return FileManager.default.fileExists(atPath: file.path()) ? file : nil
    }

    /// The daemon's binary, beside the tests' own.
    public static var daemon: URL {
        if let path = ProcessInfo.processInfo.environment["DBASSIST_TEST_DAEMON"] { return URL(filePath: path) }
        return URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "dbassistd")
    }

    static var daemonPath: String { daemon.path() }
}

/// A directory of its own, mode 0700, short enough for a socket path; removed with the value.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("/tmp/dbassist-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw CocoaError(.fileWriteUnknown) }
        path = String(cString: made)
    }

    public func appending(_ name: String) -> String { path + "/" + name }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
