import Glibc

/// The address of a Unix socket, as the system's calls take it.
struct UnixAddress {
    /// A path has to be shorter than this, in bytes.
    static let pathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

    private var address = sockaddr_un()

    /// `path` must be short enough.
    init(path: String) {
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
