import Protocol

/// The first byte says in what pieces the rest arrives; the frames must be the same as when all arrives at once.
enum FramingTarget {
    private struct Found: Equatable {
        var bodies: [[UInt8]] = []
        var error: FramingError?
    }

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let whole = frames(stream, step: max(stream.count, 1))
        let pieces = frames(stream, step: Int(first % 16) + 1)
        precondition(whole == pieces, "frames depend on how their bytes arrive")
        for body in whole.bodies { precondition(body.count <= bodyMax, "a body is larger than bodies may be") }
    }

    private static let bodyMax = 64

    private static func frames(_ stream: [UInt8], step: Int) -> Found {
        var decoder = FrameDecoder(headerBytesMax: 128, bodyBytesMax: bodyMax)
        var held: [UInt8] = []
        var found = Found()
        var position = 0
        while position < stream.count {
            held += stream[position..<min(position + step, stream.count)]
            position += step
            decoding: while true {
                switch held.withUnsafeBytes({ decoder.next($0) }) {
                case .needMore: break decoding
                case .skip(let consumed):
                    precondition(consumed > 0 && consumed <= held.count)
                    held.removeFirst(consumed)
                case .frame(let body, let consumed):
                    precondition(body.upperBound <= consumed && consumed <= held.count)
                    found.bodies.append(Array(held[body]))
                    held.removeFirst(consumed)
                case .failed(let error):
                    found.error = error
                    return found
                }
            }
        }
        return found
    }
}
