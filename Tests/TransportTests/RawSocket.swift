import Glibc
import TestSupport

/// A connected socket that is never read.
final class RawSocket: Sendable {
    struct Failed: Error {}
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = connectSocket(path)
        guard descriptor >= 0 else { throw Failed() }
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func close() { _ = Glibc.close(descriptor) }
}
