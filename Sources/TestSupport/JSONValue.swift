import Protocol

/// A JSON value as a test looks at it: numbers keep their text, objects their order.
public indirect enum JSONValue: Sendable, Equatable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(name: String, value: JSONValue)])

    /// Parses one text, as strictly as the daemon does.
    public init(parsing bytes: [UInt8]) throws {
        self = try bytes.withUnsafeBytes { text in
            try JSONScanner.check(text)
            var reader = JSONReader(text)
            return try JSONValue(&reader)
        }
    }

    public init(parsing text: String) throws { try self.init(parsing: Array(text.utf8)) }

    private init(_ reader: inout JSONReader) throws {
        switch reader.kind {
        case .null:
            _ = reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .string: self = .string(try reader.string())
        case .number: self = .number(String(decoding: reader.slice(), as: UTF8.self))
        case .array:
            var elements: [JSONValue] = []
            try reader.enterArray()
            while reader.nextElement() { elements.append(try JSONValue(&reader)) }
            self = .array(elements)
        case .object:
            var members: [(name: String, value: JSONValue)] = []
            try reader.enterObject()
            while let name = reader.nextMember() {
                let text = name.text
                members.append((name: text, value: try JSONValue(&reader)))
            }
            self = .object(members)
        }
    }

    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count
                && a.allSatisfy { member in b.contains { $0.name == member.name && $0.value == member.value } }
        default: false
        }
    }

    /// The member of an object, or `.null` where there is none.
    public subscript(_ name: String) -> JSONValue { member(name) ?? .null }

    /// The element of an array, or `.null` where there is none.
    public subscript(_ index: Int) -> JSONValue {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return .null }
        return elements[index]
    }

    public func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    public var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    public var names: [String] { if case .object(let members) = self { members.map(\.name) } else { [] } }
    public var isNull: Bool { self == .null }

    /// The value as JSON text.
    public var description: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.take().string
    }

    private func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .number(let text):
            var text = text
            text.withUTF8 { writer.raw(UnsafeRawBufferPointer($0)) }
        case .string(let value): writer.string(value)
        case .array(let elements):
            writer.raw("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { writer.raw(",") }
                element.write(to: &writer)
            }
            writer.raw("]")
        case .object(let members):
            writer.raw("{")
            for (index, member) in members.enumerated() {
                if index > 0 { writer.raw(",") }
                writer.string(member.name)
                writer.raw(":")
                member.value.write(to: &writer)
            }
            writer.raw("}")
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { (name: $0.0, value: $0.1) })
    }
    public init(nilLiteral: ()) { self = .null }
}
