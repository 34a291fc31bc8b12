import Glibc
import TestSupport

/// A client that reads only when it is told to.
final class SilentClient: Sendable {
    private let descriptor: Int32

    init(socket path: String) throws {
        descriptor = connectSocket(path)
        guard descriptor >= 0 else { throw ChildProcess.Failure("cannot connect") }
    }

    /// Without an `id` it is a notification.
    func send(_ method: String, _ params: JSONValue, id: Int? = nil) {
        var members: [(name: String, value: JSONValue)] = [
            ("jsonrpc", "2.0"), ("method", .string(method)), ("params", params),
        ]
        if let id { members.append(("id", .number(String(id)))) }
        let message = JSONValue.object(members)
        let bytes = Array("\(message)\n".utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Every message but pages, until all of these ids have been answered, by id; and how many pages came before.
    func replies(to ids: Set<Int>) -> (byID: [Int: JSONValue], pages: Int) {
        var replies: [Int: JSONValue] = [:]
        var pages = 0
        read { line in
            if line.prefix(64).firstRange(of: Array(#""method":"$/progress""#.utf8)) != nil {
                pages += 1
            } else if let message = try? JSONValue(parsing: line), let id = message["id"].integer {
                replies[id] = message
            }
            return ids.isSubset(of: replies.keys)
        }
        return (replies, pages)
    }

    /// The params of each `query/event`, until `isLast` says so.
    func readEvents(until isLast: (JSONValue) -> Bool) {
        read { line in
            guard let message = try? JSONValue(parsing: line), message["method"] == "query/event" else { return false }
            return isLast(message["params"])
        }
    }

    /// Line by line, until `isLast` says so or the connection ends.
    private func read(until isLast: ([UInt8]) -> Bool) {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return }
            for byte in chunk[0..<count] {
                guard byte == 10 else {
                    line.append(byte)
                    continue
                }
                if isLast(line) { return }
                line.removeAll(keepingCapacity: true)
            }
        }
    }

    func close() { _ = Glibc.close(descriptor) }
}
