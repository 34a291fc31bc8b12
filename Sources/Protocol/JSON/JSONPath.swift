/// Says in words where in a JSON text a byte stands: `params.items[2].name`.
public enum JSONPath {
    /// The path of the value or member at `offset` of a text that the scanner has passed.
    public static func path(to offset: Int, in bytes: UnsafeRawBufferPointer, root: String) -> String {
        var reader = JSONReader(bytes)
        var path = root
        descend(&reader, to: offset, &path)
        return path
    }

    private static func descend(_ reader: inout JSONReader, to offset: Int, _ path: inout String) {
        guard reader.offset < offset else { return }
        switch reader.kind {
        case .object:
            try? reader.enterObject()
            while let name = reader.nextMember() {
                let inside = path + "." + name.text
                if offset <= reader.offset {
                    path = inside
                    return
                }
                if descendValue(&reader, to: offset, inside, &path) { return }
            }
        case .array:
            try? reader.enterArray()
            var index = 0
            while reader.nextElement() {
                let inside = "\(path)[\(index)]"
                if offset <= reader.offset {
                    path = inside
                    return
                }
                if descendValue(&reader, to: offset, inside, &path) { return }
                index += 1
            }
        case .string, .number, .bool, .null: return
        }
    }

    /// Goes into the next value if `offset` lies in it; else steps over it.
    private static func descendValue(_ reader: inout JSONReader, to offset: Int, _ inside: String, _ path: inout String) -> Bool {
        let start = reader.offset
        let value = reader.slice()
        guard offset < start + value.count else { return false }
        var inner = JSONReader(value)
        path = inside
        descend(&inner, to: offset - start, &path)
        return true
    }
}
