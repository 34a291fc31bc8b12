import Foundation
import TestSupport

/// The bytes of everything in a directory, for tests that nothing was written, or nothing secret.
struct StateSnapshot: Equatable {
    let files: [String: Data]

    /// Without SQLite's shared memory, which readers write to.
    init(of directory: String) {
        var files: [String: Data] = [:]
        for name in FileManager.default.enumerator(atPath: directory)?.compactMap({ $0 as? String }) ?? [] {
            guard !name.hasSuffix("-shm"), let bytes = FileManager.default.contents(atPath: directory + "/" + name) else {
                continue
            }
            files[name] = bytes
        }
        self.files = files
    }

    /// The files that contain the text, as UTF-8.
    func files(containing text: String) -> [String] {
        let bytes = Data(text.utf8)
        return files.filter { $0.value.range(of: bytes) != nil }.keys.sorted()
    }
}
