/// What a token allows. That of a session allows whatever its user may do; each block that narrows it takes something away.
public struct TokenScope: Sendable, Equatable {
    /// A bound on how often requests may be made, shared by all tokens that were narrowed further from the one that has it.
    public struct Rate: Sendable, Equatable, Hashable {
        /// Names the block it stands in, in this one token and its descendants.
        public var key: [UInt8]
        public var requestsPerMinute: Int

        public init(key: [UInt8], requestsPerMinute: Int) {
            self.key = key
            self.requestsPerMinute = requestsPerMinute
        }
    }

    /// Names of methods, or all of a namespace (`query.*`), sorted; nil allows every method.
    public private(set) var methods: [String]?
    /// Nil allows every project of the user.
    public private(set) var projectIDs: Set<String>?
    public private(set) var isReadOnly = false
    /// Before the session's own end, if at all.
    public private(set) var expiresAtMs: Int64?
    /// All of them hold.
    public private(set) var rates: [Rate] = []
    /// Whether the token was narrowed at all.
    public private(set) var isNarrowed = false

    /// What the token of a session allows.
    public static let everything = TokenScope()

    /// The least of ``rates``.
    public var requestsPerMinute: Int? { rates.map(\.requestsPerMinute).min() }

    /// Whether it allows a method, as far as methods go.
    public func allows(_ method: String) -> Bool { methods.map { $0.contains { Self.covers($0, method) } } ?? true }

    /// Takes away what the block does not allow. Never adds anything.
    mutating func narrow(by block: TokenBlock, key: [UInt8]) {
        isNarrowed = true
        if let named = block.methods {
            methods = Set(methods.map { Self.intersection($0, named) } ?? named).sorted()
        }
        if let named = block.projectIDs { projectIDs = projectIDs.map { $0.intersection(named) } ?? Set(named) }
        if block.isReadOnly { isReadOnly = true }
        if let atMs = block.expiresAtMs { expiresAtMs = min(expiresAtMs ?? atMs, atMs) }
        if let count = block.requestsPerMinute { rates.append(Rate(key: key, requestsPerMinute: count)) }
    }

    /// Of two patterns that have methods in common one covers the other.
    private static func intersection(_ left: [String], _ right: [String]) -> [String] {
        left.filter { name in right.contains { covers($0, name) } } + right.filter { name in left.contains { covers($0, name) } }
    }

    /// Whether a pattern covers a method, or everything another pattern does. Compared as bytes.
    private static func covers(_ pattern: String, _ name: String) -> Bool {
        pattern.utf8.last == UInt8(ascii: "*")
            ? name.utf8.starts(with: pattern.utf8.dropLast()) : name.utf8.elementsEqual(pattern.utf8)
    }
}
