import Protocol

/// The members of one step as a model wrote them.
struct StepObject {
    private(set) var tool = ""
    private(set) var arguments = ""
    private(set) var text = ""

    static let form = #"{"tool": "...", "arguments": {...}, "text": "..."}"#

    init(_ object: String) throws(ToolArgumentError) {
        var object = object
        let result = object.withUTF8 { utf8 -> Result<StepObject, ToolArgumentError> in
            do throws(ToolArgumentError) {
                return .success(try StepObject(UnsafeRawBufferPointer(utf8)))
            } catch { return .failure(error) }
        }
        self = try result.get()
    }

    private init(_ bytes: UnsafeRawBufferPointer) throws(ToolArgumentError) {
        do throws(JSONSyntaxError) {
            try JSONScanner.check(bytes, depthMax: 16)
        } catch {
            throw ToolArgumentError(
                "The reply is not JSON (\(error.reason.rawValue) at byte \(error.offset)). Reply with \(Self.form) and nothing else."
            )
        }
        var reader = JSONReader(bytes)
        var hasTool = false
        try? reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["tool", "arguments", "text"]) {
            case 0:
                guard let value = try? reader.string() else { throw ToolArgumentError("\"tool\" must be a string.") }
                tool = value
                hasTool = true
            case 1:
                if reader.null() { continue }
                guard reader.kind == .object else { throw ToolArgumentError("\"arguments\" must be an object.") }
                arguments = String(decoding: reader.slice(), as: UTF8.self)
            case 2:
                if reader.null() { continue }
                guard let value = try? reader.string() else { throw ToolArgumentError("\"text\" must be a string.") }
                text = value
            default:
                throw ToolArgumentError("A step has no member \(ToolArguments.shown(name.text)); reply with \(Self.form).")
            }
        }
        guard hasTool else { throw ToolArgumentError("\"tool\" is missing; reply with \(Self.form).") }
    }

    /// The text of the object: the whole reply, or what stands in its only fenced block; nil if there is none.
    static func find(in reply: String) -> String? {
        var rest = trimmed(Substring(reply))
        if rest.hasPrefix("<think>"), let end = rest.firstRange(of: "</think>") { rest = trimmed(rest[end.upperBound...]) }
        if rest.utf8.first == UInt8(ascii: "{") { return String(rest) }
        let parts = rest.split(separator: "```", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var inside = parts[1]
        // The language stands on the fence's own line.
        if let line = inside.firstIndex(where: \.isNewline), inside[..<line].utf8.allSatisfy({ $0 != UInt8(ascii: "{") }) {
            inside = inside[inside.index(after: line)...]
        }
        inside = trimmed(inside)
        return inside.utf8.first == UInt8(ascii: "{") ? String(inside) : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
