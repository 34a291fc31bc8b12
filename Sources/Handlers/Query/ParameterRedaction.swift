import Databases

extension [Parameter] {
    /// What stands in place of a value.
    private static var mark: [UInt8] { [UInt8]("***".utf8) }
    /// Shorter values occur everywhere, and tell little.
    private static var bytesMin: Int { 4 }
    /// Engines cut the values they quote, but not before this many bytes.
    private static var cutBytesMin: Int { 64 }

    /// A database's message without the values of these parameters: engines quote them (`Duplicate entry '…'`), and history,
    /// which keeps messages in the clear, keeps no parameter.
    func redacted(from message: String) -> String {
        let text = Array<UInt8>(message.utf8)
        var isSecret = [Bool](repeating: false, count: text.count)
        var isClean = true
        for value in Set(compactMap(\.quotable)) where value.count >= Self.bytesMin {
            let beginning = Swift.min(value.count, Self.cutBytesMin)
            var start = 0
            while start + beginning <= text.count {
                var length = 0
                while length < value.count, start + length < text.count, text[start + length] == value[length] { length += 1 }
                if length >= beginning {
                    // Whole characters: what is kept stays UTF-8.
                    var first = start
                    var end = start + length
                    while first > 0, text[first] & 0xC0 == 0x80 { first -= 1 }
                    while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
                    for index in first..<end { isSecret[index] = true }
                    isClean = false
                }
                start += Swift.max(1, length >= beginning ? length : 1)
            }
        }
        guard !isClean else { return message }
        var kept: [UInt8] = []
        for (index, byte) in text.enumerated() {
            if !isSecret[index] {
                kept.append(byte)
            } else if index == 0 || !isSecret[index - 1] {
                kept += Self.mark
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }
}

extension Parameter {
    /// As an engine would quote it.
    fileprivate var quotable: [UInt8]? {
        switch self {
        case .text(let text): Array(text.utf8)
        case .integer(let value): Array(String(value).utf8)
        case .double(let value): Array(String(value).utf8)
        case .bytes(let bytes): bytes
        case .null, .bool: nil
        }
    }
}
