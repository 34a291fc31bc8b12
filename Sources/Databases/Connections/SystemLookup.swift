import Glibc
import Synchronization

/// `getaddrinfo` with a deadline. At most ``threadsMax`` lookups run at once, so that a dead name server cannot pile
/// threads up.
enum SystemLookup {
    static let threadsMax = 64
    private static let running = Mutex(0)

    @Sendable static func addresses(of name: String, timeoutMs: Int) throws(DatabaseError) -> [IPAddress] {
        let admitted = running.withLock { count in
            guard count < threadsMax else { return false }
            count += 1
            return true
        }
        guard admitted else {
            throw DatabaseError(.busy, phase: .resolve, "Too many host names are being looked up; try again.", retryable: true)
        }
        let answer = DeadlineCall.run(timeoutMs: timeoutMs) {
            defer { running.withLock { $0 -= 1 } }
            return lookUp(name)
        }
        guard let found = answer else {
            throw DatabaseError(
                .connectTimeout, phase: .resolve, "Looking up the host \"\(HostName.shown(name))\" took too long.",
                retryable: true)
        }
        guard !found.isEmpty else { throw HostResolver.notFound(name) }
        return found
    }

    private static func lookUp(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var entry = list
        while let current = entry {
            entry = current.pointee.ai_next
            if let address = address(current.pointee), !found.contains(address) { found.append(address) }
        }
        return found
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let socketAddress = entry.ai_addr else { return nil }
        switch entry.ai_family {
        case AF_INET:
            return socketAddress.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                IPAddress(bytes: withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) })
            }
        case AF_INET6:
            return socketAddress.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                IPAddress(bytes: withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) })
            }
        default: return nil
        }
    }
}
