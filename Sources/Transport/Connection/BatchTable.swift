import Protocol

/// The batches of one connection whose replies are not all there yet.
struct BatchTable {
    private struct Batch {
        /// Messages still to be answered or found to need no answer.
        var outstanding: Int
        var replies: JSONWriterBox
        var replyCount = 0
    }

    /// Collects the replies of one batch.
    private final class JSONWriterBox {
        var writer = JSONWriter(capacity: 1024)
    }

    private var batches: [UInt64: Batch] = [:]
    private var last: UInt64 = 0

    var isEmpty: Bool { batches.isEmpty }

    mutating func open(messages: Int) -> UInt64 {
        last &+= 1
        batches[last] = Batch(outstanding: messages, replies: JSONWriterBox())
        return last
    }

    /// One message of the batch is done, with its reply or without one.
    /// Answers the whole array once the last is; an empty text if no message of the batch wanted an answer.
    mutating func add(_ reply: UnsafeRawBufferPointer?, to number: UInt64) -> JSONText? {
        guard var batch = batches[number] else { return nil }
        if let reply {
            batch.replies.writer.byte(batch.replyCount == 0 ? UInt8(ascii: "[") : UInt8(ascii: ","))
            batch.replies.writer.raw(reply)
            batch.replyCount += 1
        }
        batch.outstanding -= 1
        guard batch.outstanding == 0 else {
            batches[number] = batch
            return nil
        }
        batches[number] = nil
        if batch.replyCount > 0 { batch.replies.writer.byte(UInt8(ascii: "]")) }
        return batch.replies.writer.take()
    }
}
