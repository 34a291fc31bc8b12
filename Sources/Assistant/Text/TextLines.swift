/// Lines of text that together take at most so many bytes.
struct TextLines {
    private(set) var text = ""
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// Adds a line if it fits and `keeping` bytes are left behind it; says whether it did.
    @discardableResult mutating func add(_ line: String, keeping: Int = 0) -> Bool {
        let separator = text.isEmpty ? 0 : 1
        guard text.utf8.count + separator + line.utf8.count + keeping <= bytesMax else { return false }
        if separator > 0 { text += "\n" }
        text += line
        return true
    }
}
