/// Why the store did not do what was asked.
///
/// `message` is one sentence that says what to do. While the store runs it is safe to show to anyone; the errors of
/// ``StoreClaim`` go to the operator and name files. `debugDescription` is for the log only.
public struct StoreError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The stable identity of an error.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }

        // What was asked
        /// Something with that name, e-mail or id is there already.
        public static let conflict = Code("conflict")
        /// The row it belongs to is not there, or belongs to somebody else.
        public static let notFound = Code("not_found")
        /// A cursor that this store did not make.
        public static let invalidCursor = Code("invalid_cursor")
        // The store as a whole
        /// It is closed, or closing.
        public static let unavailable = Code("unavailable")
        /// Another process has it open.
        public static let locked = Code("locked")
        /// The file is damaged, or is not a store.
        public static let corrupt = Code("corrupt")
        /// An older daemon made it, or none yet: the next start brings it up to date.
        public static let olderSchema = Code("older_schema")
        /// A newer daemon made it.
        public static let newerSchema = Code("newer_schema")
        /// What is in it was sealed with another keyring.
        public static let otherKeyring = Code("other_keyring")
        /// The file or its directory has the wrong owner, mode or kind.
        public static let permissions = Code("permissions")
        // The disk
        public static let full = Code("full")
        public static let io = Code("io")
        public static let `internal` = Code("internal")
    }

    public var code: Code
    public var message: String
    /// More for the log; may hold the engine's own text.
    public var debugDescription: String
    public var description: String { message }

    public init(_ code: Code, _ message: String, debugDescription: String = "") {
        self.code = code
        self.message = message
        self.debugDescription = debugDescription.isEmpty ? "\(code): \(message)" : "\(code): \(message) (\(debugDescription))"
    }

    /// Whether the same call may succeed later, unchanged.
    public var isRetryable: Bool { [.unavailable, .full, .io].contains(code) }
}
