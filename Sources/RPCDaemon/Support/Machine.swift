import Glibc
import Security

/// The machine as the kernel and the distribution describe it.
enum Machine {
    /// Names and values, in order.
    static func facts(stateDirectory: String?) -> [(String, String)] {
        var facts = [
            ("kernel", kernel), ("distribution", distribution), ("processors", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"),
        ]
        facts.append(("memory", memory))
        if let limit = file("/sys/fs/cgroup/memory.max")?.split(separator: "\n").first {
            facts.append(("cgroup limit", String(limit)))
        }
        facts.append(("open files", openFiles))
        facts.append(("systemd", access("/run/systemd/system", F_OK) == 0 ? "yes" : "no"))
        let isContained = ["/.dockerenv", "/run/.containerenv"].contains { (mark: String) in access(mark, F_OK) == 0 }
        facts.append(("container", isContained ? "yes" : "not that it shows"))
        facts.append(("time", "\(Timestamp.format(Timestamp.now())), \(uptime)"))
        if let stateDirectory { facts.append(("free for state", free(stateDirectory))) }
        return facts
    }

    /// A process, as far as others may look at it; nil where it is none of ours.
    static func process(_ pid: Int32) -> [(String, String)]? {
        guard file("/proc/\(pid)/comm") == "dbassistd\n", let status = file("/proc/\(pid)/status") else { return nil }
        let wanted = ["VmHWM", "VmRSS", "RssAnon", "Threads", "FDSize", "Seccomp", "NoNewPrivs", "voluntary_ctxt_switches"]
        let facts = status.split(separator: "\n").compactMap { line -> (String, String)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, wanted.contains(String(parts[0])) else { return nil }
            return (String(parts[0]), String(parts[1].drop { $0.isWhitespace }))
        }
        return [("process", "\(pid)")] + facts
    }

    /// The names in a directory, with mode, size and time of change.
    static func listing(_ directory: String) -> [String] {
        guard let handle = opendir(directory) else { return ["cannot be read: \(String(cString: strerror(errno)))"] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".." { names.append(name) }
        }
        return names.sorted().prefix(200).map { name in
            var status = stat()
            guard lstat("\(directory)/\(name)", &status) == 0 else { return "?  \(name)" }
            let changed = Timestamp.format(Int64(status.st_mtim.tv_sec) * 1000)
            let owner = status.st_uid == geteuid() ? "own" : "uid \(status.st_uid)"
            let mode = String(status.st_mode & 0o170_777, radix: 8)
            return "\(mode.padded(to: 6))  \(owner)  \(changed)  \("\(status.st_size)".padded(to: 10))  \(name)"
        }
    }

    private static var kernel: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "?" }
        func text<Field>(_ field: Field) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return "\(text(name.sysname)) \(text(name.release)) \(text(name.machine))"
    }

    private static var distribution: String {
        let line = file("/etc/os-release")?.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
        return line.map { $0.dropFirst(12).filter { $0 != "\"" } } ?? "?"
    }

    private static var memory: String {
        let lines = file("/proc/meminfo")?.split(separator: "\n") ?? []
        return ["MemTotal", "MemAvailable", "SwapFree"].compactMap { name in
            lines.first { $0.hasPrefix(name + ":") }.map { $0.split(separator: " ").joined(separator: " ") }
        }.joined(separator: ", ")
    }

    private static var openFiles: String {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return "?" }
        return "\(limit.rlim_cur), at most \(limit.rlim_max)"
    }

    private static var uptime: String {
        let seconds = file("/proc/uptime")?.split(separator: ".").first.flatMap { Int($0) } ?? 0
        return "up for \(seconds / 3600) h"
    }

    private static func free(_ directory: String) -> String {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return "?" }
        let mebibyte = UInt(1 << 20)
        let isReadOnly = status.f_flag & UInt(ST_RDONLY) != 0
        return "\(status.f_bavail * status.f_frsize / mebibyte) MiB of \(status.f_blocks * status.f_frsize / mebibyte) MiB, "
            + "\(status.f_favail) inodes" + (isReadOnly ? ", read-only" : "")
    }

    /// A small file of the kernel's or the system's.
    private static func file(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
