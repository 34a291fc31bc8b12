/// Pre-authentication encoding (PASETO `Common.md`): a list of byte strings as one, so that no two lists look alike.
enum PAE {
    static func encode(_ pieces: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + pieces.reduce(0) { $0 + 8 + $1.count })
        append(pieces.count, to: &bytes)
        for piece in pieces {
            append(piece.count, to: &bytes)
            bytes += piece
        }
        return bytes
    }

    /// 64 bits, little-endian, the top bit clear.
    private static func append(_ count: Int, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: (UInt64(count) & ~(1 << 63)).littleEndian) { bytes += $0 }
    }
}
