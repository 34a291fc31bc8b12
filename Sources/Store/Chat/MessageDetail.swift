internal import Protocol

/// What the store itself knows of the `detail` of a message: whether it says how the turn ended.
enum MessageDetail {
    static func hasOutcome(_ detail: String?) -> Bool { members(of: detail ?? "").contains("outcome") }

    /// The same detail of a turn that a crash cut off.
    static func failed(_ detail: String?) -> String {
        let names = members(of: detail ?? "")
        var writer = JSONWriter(capacity: 256)
        writer.raw(#"{"outcome":"failed""#)
        if !names.contains("note") {
            writer.raw(#","note":"The daemon ended before this answer was whole; ask again.""#)
        }
        guard let detail, let brace = detail.utf8.firstIndex(of: UInt8(ascii: "{")), !names.isEmpty else {
            writer.raw("}")
            return writer.take().string
        }
        writer.raw(",")
        return writer.take().string + detail[detail.utf8.index(after: brace)...]
    }

    /// The names of an object's members; none of what is no object.
    private static func members(of text: String) -> Set<String> {
        JSONText(text).withUnsafeBytes { bytes in
            guard (try? JSONScanner.check(bytes)) != nil else { return [] }
            var names: Set<String> = []
            var reader = JSONReader(bytes)
            guard (try? reader.enterObject()) != nil else { return [] }
            while let name = reader.nextMember() {
                names.insert(name.text)
                reader.slice()
            }
            return names
        }
    }
}
