import Glibc

/// What the kernel counts of a TCP connection; with TLS it is the only way to see how much a library has read.
enum TCPCounter {
    /// `tcpi_bytes_received` of Linux's `struct tcp_info`, which glibc's own header ends before. Nil where there is none.
    static func bytesReceived(_ descriptor: Int32) -> Int? {
        var info = [UInt8](repeating: 0, count: 256)
        var length = socklen_t(info.count)
        let offset = 128
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0, Int(length) >= offset + 8 else {
            return nil
        }
        return info.withUnsafeBytes { Int(truncatingIfNeeded: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }
}
