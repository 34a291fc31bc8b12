import Glibc

/// Sends one request after the other without waiting for an answer, and counts the answers by id.
public struct RequestFlood {
    /// How often each id, from 0, was answered.
    public private(set) var answers: [UInt8]
    /// Answers that were errors, and bytes that were no answer to a request of ours.
    public private(set) var errors = 0
    public private(set) var strays = 0

    /// `line` makes a request of its id. Blocks until every request has been answered, or the daemon hangs up.
    public init(socket path: String, count: Int, before: [String] = [], line: @escaping @Sendable (Int) -> String) throws {
        let descriptor = connectSocket(path)
        guard descriptor >= 0 else { throw WireConnection.Closed() }
        defer { close(descriptor) }
        answers = [UInt8](repeating: 0, count: count)
        let sender = BackgroundThread {
            var chunk: [UInt8] = before.flatMap { Array($0.utf8) + [10] }
            for id in 0..<count {
                chunk += Array(line(id).utf8) + [10]
                guard chunk.count > 32_768 || id == count - 1 else { continue }
                var sent = 0
                while sent < chunk.count {
                    let step = chunk.withUnsafeBytes {
                        send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
                    }
                    guard step > 0 else { return }
                    sent += step
                }
                chunk.removeAll(keepingCapacity: true)
            }
        }
        receive(descriptor, count)
        sender.join()
    }

    private mutating func receive(_ descriptor: Int32, _ count: Int) {
        var unread: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        var missing = count
        while missing > 0 {
            let got = read(descriptor, &chunk, chunk.count)
            guard got > 0 else { return }
            unread += chunk[0..<got]
            var start = 0
            while let end = unread[start...].firstIndex(of: 10) {
                if let id = Self.id(of: unread[start..<end]), answers.indices.contains(id) {
                    answers[id] &+= 1
                    if unread[start..<end].firstRange(of: Array(#""error":"#.utf8)) != nil { errors += 1 }
                    missing -= 1
                } else {
                    strays += 1
                }
                start = end + 1
            }
            unread.removeFirst(start)
        }
    }

    private static func id(of line: ArraySlice<UInt8>) -> Int? {
        guard let range = line.firstRange(of: Array(#""id":"#.utf8)) else { return nil }
        let digits = line[range.upperBound...].prefix { (0x30...0x39).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
