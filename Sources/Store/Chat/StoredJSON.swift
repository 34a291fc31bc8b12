internal import Protocol

/// Columns that hold JSON as text, which both engines have.
enum StoredJSON {
    static func text(_ strings: [String]) -> String {
        var writer = JSONWriter(capacity: 64)
        writer.array(strings) { writer, item in writer.string(item) }
        return writer.take().string
    }

    static func strings(_ text: String) throws(StoreError) -> [String] {
        try read(text) { (reader) throws(JSONMismatch) in try strings(&reader) }
    }

    static func text(_ settings: AssistantRecord) -> String {
        var writer = JSONWriter(capacity: 256)
        writer.raw(#"{"maskedColumns":"#)
        writer.array(settings.maskedColumns) { writer, item in writer.string(item) }
        writer.raw(#","acceptedRights":"#)
        writer.array(settings.acceptedRights) { writer, item in writer.string(item) }
        if let model = settings.model {
            writer.raw(#","model":"#)
            writer.string(model)
        }
        if let value = settings.shareSchema {
            writer.raw(#","shareSchema":"#)
            writer.bool(value)
        }
        if let value = settings.shareRows {
            writer.raw(#","shareRows":"#)
            writer.bool(value)
        }
        if let value = settings.shareSamples {
            writer.raw(#","shareSamples":"#)
            writer.bool(value)
        }
        writer.raw("}")
        return writer.take().string
    }

    /// Members it does not know are a newer daemon's.
    static func assistant(_ text: String?) throws(StoreError) -> AssistantRecord {
        guard let text else { return AssistantRecord() }
        return try read(text) { (reader) throws(JSONMismatch) in
            var settings = AssistantRecord()
            try reader.enterObject()
            while let name = reader.nextMember() {
                switch name.text {
                case "model": settings.model = try reader.string()
                case "shareSchema": settings.shareSchema = try reader.bool()
                case "shareRows": settings.shareRows = try reader.bool()
                case "shareSamples": settings.shareSamples = try reader.bool()
                case "maskedColumns": settings.maskedColumns = try strings(&reader)
                case "acceptedRights": settings.acceptedRights = try strings(&reader)
                default: reader.slice()
                }
            }
            return settings
        }
    }

    private static func strings(_ reader: inout JSONReader) throws(JSONMismatch) -> [String] {
        var items: [String] = []
        try reader.enterArray()
        while reader.nextElement() { items.append(try reader.string()) }
        return items
    }

    private static func read<Value>(
        _ text: String, _ body: (inout JSONReader) throws(JSONMismatch) -> Value
    ) throws(StoreError) -> Value {
        let value: Value? = JSONText(text).withUnsafeBytes { bytes in
            guard (try? JSONScanner.check(bytes)) != nil else { return nil }
            var reader = JSONReader(bytes)
            return try? body(&reader)
        }
        guard let value else {
            throw StoreError(
                .corrupt, "The store holds a value that it should not; run `dbassistd doctor`.", debugDescription: "JSON")
        }
        return value
    }
}
