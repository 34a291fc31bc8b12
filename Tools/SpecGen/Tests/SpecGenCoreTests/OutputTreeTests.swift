import Foundation
import SpecGenCore
import Testing

@Suite struct OutputTreeTests {
    @Test func namesMissingChangedAndOrphanedFilesAndMendsThem() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "specgen-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let tree = OutputTree(root: root)
        let files = try SpecFixture().generate()
        #expect(tree.stale(files) == files.map(\.path).sorted())

        try tree.apply(files)
        #expect(tree.stale(files) == [])

        let types = root.appending(path: "Sources/Protocol/Generated/Types.swift")
        let orphan = root.appending(path: "Sources/Protocol/Generated/Gone.swift")
        try Data("changed".utf8).write(to: types)
        try Data("gone".utf8).write(to: orphan)
        #expect(tree.stale(files) == ["Sources/Protocol/Generated/Gone.swift", "Sources/Protocol/Generated/Types.swift"])

        try tree.apply(files)
        #expect(tree.stale(files) == [])
        #expect(!FileManager.default.fileExists(atPath: orphan.path))
    }
}
