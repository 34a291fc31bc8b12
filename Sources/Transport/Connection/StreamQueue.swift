import NIOCore
import Protocol

/// Large notifications of one connection that wait for their turn, and those on their way to the reader.
struct StreamQueue {
    typealias Done = @Sendable (Bool) -> Void

    private var waiting = CircularBuffer<(text: JSONText, done: Done)>()
    private var sending = CircularBuffer<(end: UInt64, done: Done)>()

    var isEmpty: Bool { waiting.isEmpty && sending.isEmpty }

    mutating func append(_ text: JSONText, _ done: @escaping Done) { waiting.append((text, done)) }

    /// Takes the next one, to be put into the output.
    mutating func next() -> (text: JSONText, done: Done)? { waiting.popFirst() }

    /// Says where in the output the one taken ends, and whom to tell when the reader has it.
    mutating func sends(upTo end: UInt64, _ done: @escaping Done) { sending.append((end, done)) }

    /// Takes those out that the reader has whole.
    mutating func take(writtenUpTo position: UInt64) -> [Done] {
        var done: [Done] = []
        while let first = sending.first, first.end <= position {
            done.append(first.done)
            sending.removeFirst()
        }
        return done
    }

    /// Takes all out: the reader has gone.
    mutating func takeAll() -> [Done] {
        defer { self = StreamQueue() }
        return sending.map(\.done) + waiting.map(\.done)
    }
}
