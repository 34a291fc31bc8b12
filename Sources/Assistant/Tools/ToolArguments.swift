import Protocol

/// The arguments of one call, each of the kind that its tool asks for.
struct ToolArguments {
    private enum Value {
        case text(String)
        case integer(Int)
        case texts([String])
    }

    private let tool: AssistantTool
    private var values: [String: Value] = [:]

    init(tool: AssistantTool, text: String) throws(ToolArgumentError) {
        self.tool = tool
        guard text.utf8.count <= AssistantLimits.argumentBytes else {
            throw ToolArgumentError(
                "The arguments of \(tool.name) are \(text.utf8.count) bytes; they may be at most \(AssistantLimits.argumentBytes)."
            )
        }
        let isBlank = text.utf8.allSatisfy { $0 <= 0x20 }
        var json = isBlank ? "{}" : text
        let result = json.withUTF8 { utf8 -> Result<[String: Value], ToolArgumentError> in
            do throws(ToolArgumentError) {
                return .success(try Self.read(UnsafeRawBufferPointer(utf8), tool))
            } catch { return .failure(error) }
        }
        values = try result.get()
        for member in tool.members where member.isRequired && values[member.name] == nil {
            throw ToolArgumentError("\(tool.name) needs \"\(member.name)\", \(member.phrase): \(Self.form(tool)).")
        }
    }

    // MARK: What was read

    /// A required text, which may not be blank.
    func text(_ name: String) throws(ToolArgumentError) -> String {
        guard case .text(let text) = values[name], !text.utf8.allSatisfy({ $0 <= 0x20 }) else {
            throw ToolArgumentError("\"\(name)\" of \(tool.name) may not be empty: \(Self.form(tool)).")
        }
        return text
    }

    /// An optional text; a blank one is none.
    func optional(_ name: String) -> String? {
        guard case .text(let text) = values[name], !text.utf8.allSatisfy({ $0 <= 0x20 }) else { return nil }
        return text
    }

    func integer(_ name: String) -> Int? {
        if case .integer(let value) = values[name] { value } else { nil }
    }

    func strings(_ name: String) -> [String] {
        if case .texts(let texts) = values[name] { texts } else { [] }
    }

    // MARK: Reading

    private static func read(_ bytes: UnsafeRawBufferPointer, _ tool: AssistantTool) throws(ToolArgumentError) -> [String: Value]
    {
        do throws(JSONSyntaxError) {
            try JSONScanner.check(bytes, depthMax: 8)
        } catch {
            throw ToolArgumentError(
                "The arguments of \(tool.name) are not JSON (\(error.reason.rawValue) at byte \(error.offset)); write \(form(tool))."
            )
        }
        var reader = JSONReader(bytes)
        guard reader.kind == .object else {
            throw ToolArgumentError("The arguments of \(tool.name) must be an object: \(form(tool)).")
        }
        var values: [String: Value] = [:]
        try? reader.enterObject()
        while let name = reader.nextMember() {
            let name = name.text
            guard let member = tool.members.first(where: { $0.name == name }) else {
                throw ToolArgumentError("\(tool.name) has no argument \(shown(name)); it takes \(form(tool)).")
            }
            if !member.isRequired, reader.null() { continue }
            guard let value = value(&reader, member.kind) else {
                throw ToolArgumentError("\"\(member.name)\" of \(tool.name) must be \(member.phrase).")
            }
            values[name] = value
        }
        return values
    }

    private static func value(_ reader: inout JSONReader, _ kind: ToolMember.Kind) -> Value? {
        switch kind {
        case .string: return (try? reader.string()).map(Value.text)
        case .integer(let range):
            guard let value = try? reader.integer(), let value = Int(exactly: value), range.contains(value) else { return nil }
            return .integer(value)
        case .choice(let words):
            guard let word = try? reader.string(), words.contains(word) else { return nil }
            return .text(word)
        case .strings:
            guard reader.kind == .array else { return nil }
            var texts: [String] = []
            try? reader.enterArray()
            while reader.nextElement() {
                guard let text = try? reader.string() else { return nil }
                texts.append(text)
            }
            return .texts(texts)
        }
    }

    // MARK: Words for errors

    /// How its arguments look: `{"sql": string, "max_rows"?: integer}`.
    static func form(_ tool: AssistantTool) -> String {
        let members = tool.members.map { member in
            let kind =
                switch member.kind {
                case .string, .choice: "string"
                case .integer: "integer"
                case .strings: "[string]"
                }
            return "\"\(member.name)\"\(member.isRequired ? "" : "?"): \(kind)"
        }
        return "{" + members.joined(separator: ", ") + "}"
    }

    /// A name of the model's own, as JSON and cut short.
    static func shown(_ name: String) -> String {
        var writer = JSONWriter()
        writer.string(name.limited(toBytes: 60))
        return writer.take().string
    }
}
