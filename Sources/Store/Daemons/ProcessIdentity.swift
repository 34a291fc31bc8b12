import Glibc

/// A process in the world: where it runs, its number there, and when it began, for numbers are used again.
struct ProcessIdentity: Equatable {
    /// One run of one kernel, and one namespace of process numbers in it.
    let place: String
    let number: Int64
    /// In ticks since the kernel began.
    let startTicks: Int64

    static let current = ProcessIdentity(
        place: Self.text("/proc/sys/kernel/random/boot_id") + " " + Self.namespace, number: Int64(getpid()),
        startTicks: startTicks(of: Int64(getpid())) ?? 0)

    /// Whether another process of this place has ended; false of those elsewhere, which cannot be seen from here.
    var isKnownToHaveEnded: Bool {
        place == Self.current.place && Self.startTicks(of: number) != startTicks
    }

    /// The 22nd field of `/proc/PID/stat`; the second may hold anything, within parentheses.
    private static func startTicks(of number: Int64) -> Int64? {
        let fields = text("/proc/\(number)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 19 ? Int64(fields[19]) : nil
    }

    private static var namespace: String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/self/ns/pid", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The beginning of a small file of the kernel's; empty where it cannot be read.
    private static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
