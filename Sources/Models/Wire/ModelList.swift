import Protocol

/// The answer to `GET /models`.
enum ModelList {
    /// The ids in `data`, in the server's order.
    /// - Throws: `brokenReply`.
    static func names(_ body: [UInt8]) throws(ModelError) -> [String] {
        let broken = ModelError(.brokenReply, "The server's list of models is none; set the URL to that of the API, up to /v1.")
        return try body.withBytes { bytes throws(ModelError) in
            do {
                try JSONScanner.check(bytes)
                return try names(bytes)
            } catch {
                throw broken
            }
        }
    }

    private static func names(_ bytes: UnsafeRawBufferPointer) throws(JSONMismatch) -> [String] {
        var reader = JSONReader(bytes)
        var names: [String]?
        try reader.enterObject()
        while let name = reader.nextMember() {
            if name.index(in: ["data"]) == 0 { names = try list(&reader) } else { reader.slice() }
        }
        guard let names else { throw JSONMismatch(at: 0, member: "data", "is missing") }
        return names
    }

    private static func list(_ reader: inout JSONReader) throws(JSONMismatch) -> [String] {
        var names: [String] = []
        if reader.null() { return names }
        try reader.enterArray()
        while reader.nextElement() {
            try reader.enterObject()
            while let name = reader.nextMember() {
                if name.index(in: ["id"]) == 0, names.count < ModelLimits.models {
                    names.append(try reader.string())
                } else {
                    reader.slice()
                }
            }
        }
        return names
    }
}
