import Protocol

/// What one narrowing takes away: a JSON object with at least one of these members, and no other.
///
///     {"methods":["query.*","schema.list"],"projects":["<uuid>"],"readOnly":true,"exp":"<RFC 3339>","requestsPerMinute":60}
///
/// `readOnly` is only ever true. A block with anything else in it is refused: who wrote it meant to take something away.
public struct TokenBlock: Sendable, Equatable {
    /// Decoded; a token has ``TokenChain/blocksMax`` of them at most.
    static let bytesMax = 2048
    static let methodsMax = 64
    static let projectsMax = 32
    static let requestsPerMinuteMax = 60_000

    /// Names of methods, and `namespace.*`.
    public var methods: [String]?
    /// Ids of projects, in lower case.
    public var projectIDs: [String]?
    public var isReadOnly: Bool
    /// In Unix milliseconds.
    public var expiresAtMs: Int64?
    public var requestsPerMinute: Int?

    public init(
        methods: [String]? = nil, projectIDs: [String]? = nil, isReadOnly: Bool = false, expiresAtMs: Int64? = nil,
        requestsPerMinute: Int? = nil
    ) {
        self.methods = methods
        self.projectIDs = projectIDs
        self.isReadOnly = isReadOnly
        self.expiresAtMs = expiresAtMs
        self.requestsPerMinute = requestsPerMinute
    }

    private var isEmpty: Bool { self == TokenBlock() }

    // MARK: Writing

    /// - Throws: `tooLarge`.
    func encoded() throws(SecurityError) -> [UInt8] {
        var writer = JSONWriter()
        var isFirst = true
        func begin(_ name: StaticString) {
            writer.raw(isFirst ? "{\"" : ",\"")
            writer.raw(name)
            writer.raw("\":")
            isFirst = false
        }
        func list(_ name: StaticString, _ values: [String]) {
            begin(name)
            for (index, value) in values.enumerated() {
                writer.raw(index == 0 ? "[" : ",")
                writer.string(value)
            }
            writer.raw("]")
        }
        if let methods { list("methods", methods) }
        if let projectIDs { list("projects", projectIDs) }
        if isReadOnly {
            begin("readOnly")
            writer.raw("true")
        }
        if let expiresAtMs {
            begin("exp")
            writer.string(Timestamp.format(expiresAtMs))
        }
        if let requestsPerMinute {
            begin("requestsPerMinute")
            writer.integer(requestsPerMinute)
        }
        writer.raw("}")
        let bytes = writer.withUnsafeBytes { Array($0) }
        guard bytes.count <= Self.bytesMax else {
            throw SecurityError(.tooLarge, "What narrows the token is larger than \(Self.bytesMax) bytes.")
        }
        return bytes
    }

    // MARK: Reading

    /// Reads a block strictly. - Throws: `invalidToken`.
    init(decoding bytes: [UInt8]) throws(SecurityError) {
        guard bytes.count <= Self.bytesMax else { throw .invalidToken("a block is longer than \(Self.bytesMax) bytes") }
        let result: Result<TokenBlock, SecurityError> = bytes.withUnsafeBytes { bytes in
            do throws(JSONSyntaxError) {
                try JSONScanner.check(bytes, depthMax: 2)
            } catch {
                return .failure(.invalidToken("a block is not strict JSON: \(error.reason.rawValue) at \(error.offset)"))
            }
            do throws(JSONMismatch) {
                return .success(try Self.read(bytes))
            } catch {
                return .failure(.invalidToken("a member of a block \(error.reason) at \(error.offset)"))
            }
        }
        self = try result.get()
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(JSONMismatch) -> TokenBlock {
        var block = TokenBlock()
        var reader = JSONReader(bytes)
        try reader.enterObject()
        while let name = reader.nextMember() {
            let offset = name.offset
            switch name.index(in: ["methods", "projects", "readOnly", "exp", "requestsPerMinute"]) {
            case 0: block.methods = try list(&reader, max: methodsMax, isMethodPattern)
            case 1: block.projectIDs = try list(&reader, max: projectsMax, Identifier.isValid)
            case 2:
                block.isReadOnly = try reader.bool()
                guard block.isReadOnly else { throw JSONMismatch(at: offset, "must be true") }
            case 3:
                block.expiresAtMs = Timestamp.parse(try reader.string())
                guard block.expiresAtMs != nil else { throw JSONMismatch(at: offset, "is not a time") }
            case 4:
                let count = try reader.integer()
                guard count > 0, count <= requestsPerMinuteMax else { throw JSONMismatch(at: offset, "is out of range") }
                block.requestsPerMinute = Int(count)
            default: throw JSONMismatch(at: offset, "is unknown")
            }
        }
        guard !block.isEmpty else { throw JSONMismatch(at: 0, "is missing") }
        return block
    }

    private static func list(
        _ reader: inout JSONReader, max: Int, _ isGood: (String) -> Bool
    ) throws(JSONMismatch) -> [String] {
        var values: [String] = []
        let offset = reader.offset
        try reader.enterArray()
        while reader.nextElement() {
            let value = try reader.string()
            guard isGood(value), values.count < max else { throw JSONMismatch(at: offset, "has an element that cannot be") }
            values.append(value)
        }
        guard !values.isEmpty else { throw JSONMismatch(at: offset, "is empty") }
        return values
    }

    /// Letters and dots, `$` and `/`; an asterisk only for all that follows the dot.
    static func isMethodPattern(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 64 else { return false }
        let name = bytes.count > 2 && bytes.suffix(2) == [UInt8(ascii: "."), UInt8(ascii: "*")] ? bytes.dropLast(2) : bytes[...]
        return name.allSatisfy { byte in
            (byte | 0x20) &- UInt8(ascii: "a") < 26 || [UInt8(ascii: "."), UInt8(ascii: "$"), UInt8(ascii: "/")].contains(byte)
        }
    }
}
