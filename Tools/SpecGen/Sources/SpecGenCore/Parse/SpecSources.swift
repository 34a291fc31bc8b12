public import Foundation

/// The spec's files as text: paths relative to the repository (`spec/types.yaml`).
public struct SpecSources: Sendable {
    public var files: [String: String]

    public init(files: [String: String]) { self.files = files }

    /// Reads every YAML file below `root`/spec.
    public init(root: URL) throws {
        files = [:]
        let base = root.appending(path: "spec", directoryHint: .isDirectory)
        let names = try FileManager.default.subpathsOfDirectory(atPath: base.path)
        for name in names where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            files["spec/" + name] = try String(contentsOf: base.appending(path: name), encoding: .utf8)
        }
    }
}
