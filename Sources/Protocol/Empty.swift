/// `{}`: the result of a method that has nothing to say.
public struct Empty: JSONEncodable, Equatable {
    public init() {}

    public func encode(to writer: inout JSONWriter) { writer.raw("{}") }
}

/// The params of a method that has none.
enum NoParams {
    /// What absent params mean: `{}`.
    static var emptyObject: UnsafeRawBufferPointer {
        let text: StaticString = "{}"
        return UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// Checks that `{}` or `[]` comes, or nothing but progress tokens.
    static func read(_ reader: inout JSONReader) throws(JSONMismatch) {
        if reader.kind == .array {
            try reader.enterArray()
            if reader.nextElement() { throw JSONMismatch(at: reader.offset, "is one parameter too many; the method has none") }
            return
        }
        try reader.enterObject()
        while let member = reader.nextMember() {
            guard member.isProgressToken else { throw member.unknown([]) }
            try reader.skipProgressToken()
        }
    }
}
