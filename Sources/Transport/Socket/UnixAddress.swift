import Glibc

/// The address of a Unix socket, as the system's calls take it.
struct UnixAddress: Sendable {
    /// A path has to be shorter than this, in bytes.
    static let pathBytes = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
    private static let pathOffset = MemoryLayout<sockaddr_un>.size - pathBytes

    private var address = sockaddr_un()
    private var bytes = MemoryLayout<sockaddr_un>.size

    /// `path` must be short enough.
    init(path: String) {
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    /// An absolute path, or `@` and an abstract name; nil for anything else. An abstract name has no end but the address's (unix(7)).
    init?(name: String) {
        let count = name.utf8.count
        guard name.hasPrefix("/") || (name.hasPrefix("@") && count > 1), count < Self.pathBytes, !name.utf8.contains(0) else {
            return nil
        }
        self.init(path: name)
        guard name.hasPrefix("@") else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0[0] = 0 }
        bytes = Self.pathOffset + count
    }

    /// Where a socket is bound; nil where it has no path.
    static func path(of descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard status == 0, Int32(address.sun_family) == AF_UNIX, Int(size) > pathOffset else { return nil }
        let bytes = withUnsafeBytes(of: &address.sun_path) { Array($0.prefix(Int(size) - pathOffset).prefix { $0 != 0 }) }
        return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
    }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes)) }
        }
    }
}
