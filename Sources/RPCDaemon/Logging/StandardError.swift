import Glibc
import Synchronization

/// Standard error, line by line. A pipe that is nearly full takes a part of a line and says so.
enum StandardError {
    private static let turn = Mutex(())

    /// Writes all of it, before anything that other threads write here; what nobody takes is lost.
    static func write(_ bytes: UnsafeRawBufferPointer) {
        turn.withLock { _ in _ = writeAll(bytes, to: STDERR_FILENO) }
    }

    static func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
}

/// Writes all of `bytes`, also where a call takes a part of them. False, and `errno`, where the rest is not taken.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
        let count = write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
    }
    return true
}
