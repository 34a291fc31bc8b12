/// An error as a client sees it: everything in it is safe to send.
public struct RPCError: Error, Sendable, Equatable {
    /// The stable identity, which programs branch on; the number goes with it.
    public var code: ErrorCode
    /// One sentence that says what is wrong and what to do.
    public var message: String
    /// What else `error.data` carries.
    public var details: Details

    public struct Details: Sendable, Equatable {
        /// The step that failed, where there are several.
        public var phase: String?
        /// The member of params that is wrong: `params.items[2].name`.
        public var path: String?
        public var sqlState: String?
        /// Where in the user's SQL, in characters from 1.
        public var position: Int?
        public var hint: String?
        /// The name of the limit that was met, as `system.limits` answers it.
        public var limit: String?
        /// When to try again.
        public var retryAfterMs: Int?
        /// What the project's owner can agree to, so that the request is no longer refused.
        public var consent: Consent?
        /// Overrides the code's own answer.
        public var retryable: Bool?

        public init(
            phase: String? = nil, path: String? = nil, sqlState: String? = nil, position: Int? = nil,
            hint: String? = nil, limit: String? = nil, retryAfterMs: Int? = nil, consent: Consent? = nil, retryable: Bool? = nil
        ) {
            self.phase = phase
            self.path = path
            self.sqlState = sqlState
            self.position = position
            self.hint = hint
            self.limit = limit
            self.retryAfterMs = retryAfterMs
            self.consent = consent
            self.retryable = retryable
        }
    }

    /// A change of a project's `assistant`, as project.update takes it.
    public enum Consent: Sendable, Equatable {
        case shareSchema
        /// The whole list: what was accepted before, and what is to be.
        case acceptedRights([String])
    }

    public init(_ code: ErrorCode, _ message: String, _ details: Details = Details()) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// The error object of JSON-RPC, with `requestId` so that a report can be matched with the log.
    public func encode(to writer: inout JSONWriter, requestID: String) {
        writer.raw("{\"code\":")
        writer.integer(code.number)
        writer.raw(",\"message\":")
        writer.string(message)
        writer.raw(",\"data\":{\"code\":")
        writer.string(code.rawValue)
        writer.raw(details.retryable ?? code.isRetryable ? ",\"retryable\":true" : ",\"retryable\":false")
        Self.member(",\"requestId\":", requestID, &writer)
        if let value = details.phase { Self.member(",\"phase\":", value, &writer) }
        if let value = details.path { Self.member(",\"path\":", value, &writer) }
        if let value = details.sqlState { Self.member(",\"sqlState\":", value, &writer) }
        if let value = details.position { Self.member(",\"position\":", value, &writer) }
        if let value = details.hint { Self.member(",\"hint\":", value, &writer) }
        if let value = details.limit { Self.member(",\"limit\":", value, &writer) }
        if let value = details.retryAfterMs { Self.member(",\"retryAfterMs\":", value, &writer) }
        if let consent = details.consent { Self.member(consent, &writer) }
        writer.raw("}}")
    }

    private static func member(_ consent: Consent, _ writer: inout JSONWriter) {
        switch consent {
        case .shareSchema: writer.raw(",\"consent\":{\"shareSchema\":true}")
        case .acceptedRights(let rights):
            writer.raw(",\"consent\":{\"acceptedRights\":")
            writer.array(rights) { writer, right in writer.string(right) }
            writer.raw("}")
        }
    }

    private static func member(_ name: StaticString, _ value: String, _ writer: inout JSONWriter) {
        writer.raw(name)
        writer.string(value)
    }

    private static func member(_ name: StaticString, _ value: Int, _ writer: inout JSONWriter) {
        writer.raw(name)
        writer.integer(value)
    }
}

extension RPCError {
    /// The error for params that are not what the spec asks for; `params` is the text the mismatch was found in.
    public init(_ mismatch: JSONMismatch, in params: UnsafeRawBufferPointer) {
        var path = JSONPath.path(to: mismatch.offset, in: params, root: "params")
        if let member = mismatch.member { path += "." + member }
        self.init(.invalidParams, "\(path) \(mismatch.reason)\(mismatch.reason.hasSuffix("?") ? "" : ".")", Details(path: path))
    }
}
