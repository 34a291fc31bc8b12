import NIOCore
import Protocol

/// Large notifications of one connection that wait for their turn, and those on their way to the reader.
struct StreamQueue {
    private var waiting = CircularBuffer<(text: JSONText, done: @Sendable (Bool) -> Void)>()
    /// The one that was taken last; its place in the output is told next.
    private var taken: (@Sendable (Bool) -> Void)?
    private var sending = CircularBuffer<(end: UInt64, done: @Sendable (Bool) -> Void)>()

    var isEmpty: Bool { waiting.isEmpty && sending.isEmpty }

    mutating func append(_ text: JSONText, _ done: @escaping @Sendable (Bool) -> Void) { waiting.append((text, done)) }

    /// Takes the next one, to be put into the output.
    mutating func next() -> JSONText? {
        guard let (text, done) = waiting.popFirst() else { return nil }
        taken = done
        return text
    }

    /// Says where in the output the one just taken ends.
    mutating func began(endingAt end: UInt64) {
        guard let done = taken else { return }
        taken = nil
        sending.append((end, done))
    }

    /// Takes those out that the reader has whole.
    mutating func take(writtenUpTo position: UInt64) -> [@Sendable (Bool) -> Void] {
        var done: [@Sendable (Bool) -> Void] = []
        while let first = sending.first, first.end <= position {
            done.append(first.done)
            sending.removeFirst()
        }
        return done
    }

    /// Takes all out: the reader has gone.
    mutating func takeAll() -> [@Sendable (Bool) -> Void] {
        defer { self = StreamQueue() }
        return sending.map(\.done) + waiting.map(\.done)
    }
}
