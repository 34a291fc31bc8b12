import Glibc

/// The last lines of a log.
struct LogTail {
    private static let lineCount = 500
    private static let byteCount = 512 << 10

    let lines: [Substring]

    /// - Parameter path: a file, or `-` for standard input, of which everything is read and the end kept.
    init(_ path: String) throws(Failure) {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        // Not to be had of a pipe, and then not needed.
        let end = lseek(descriptor, 0, SEEK_END)
        if end > 0 { lseek(descriptor, max(0, end - off_t(2 * Self.byteCount)), SEEK_SET) }
        var kept: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Self.failure(path) }
            if count == 0 { break }
            kept += chunk[..<count]
            if kept.count > 4 * Self.byteCount { kept.removeFirst(kept.count - Self.byteCount) }
        }
        let whole = kept.count <= Self.byteCount ? kept[...] : kept.suffix(Self.byteCount).drop { $0 != UInt8(ascii: "\n") }
        lines = String(decoding: whole, as: UTF8.self).split(separator: "\n").suffix(Self.lineCount).map { $0 }
    }

    private static func failure(_ path: String) -> Failure {
        Failure("The log \(path) cannot be read: \(String(cString: strerror(errno))).", status: 1)
    }
}
