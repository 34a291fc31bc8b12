public import Foundation

/// The repository's files, as far as SpecGen writes them.
public struct OutputTree: Sendable {
    public var root: URL

    public init(root: URL) { self.root = root }

    /// The folder that holds generated files only.
    private static let generatedFolder = SwiftTranslator.folder

    public func text(_ path: String) -> String? { try? String(contentsOf: root.appending(path: path), encoding: .utf8) }

    /// Files that are missing, different, or generated no longer; in the order of their paths.
    public func stale(_ files: [OutputFile]) -> [String] {
        (files.filter { text($0.path) != $0.text }.map(\.path) + orphans(files)).sorted()
    }

    /// Writes what is stale and removes what is generated no longer. Files that are right keep their times.
    public func apply(_ files: [OutputFile]) throws {
        for file in files where text(file.path) != file.text {
            let url = root.appending(path: file.path)
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.text.utf8).write(to: url, options: .atomic)
        }
        for path in orphans(files) { try FileManager.default.removeItem(at: root.appending(path: path)) }
    }

    private func orphans(_ files: [OutputFile]) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: Self.generatedFolder).path)) ?? []
        let written = Set(files.map(\.path))
        return names.map { Self.generatedFolder + $0 }.filter { !written.contains($0) }
    }
}
