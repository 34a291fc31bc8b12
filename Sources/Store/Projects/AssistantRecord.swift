/// What a project's owner lets the assistant do. Consent that is nil was never given or refused.
public struct AssistantRecord: Sendable, Equatable {
    /// The name of a configured model; nil for the default.
    public var model: String?
    /// Whether names, types, keys and comments may be sent to a model.
    public var shareSchema: Bool?
    /// Whether rows may be sent.
    public var shareRows: Bool?
    /// Whether sample values may be sent.
    public var shareSamples: Bool?
    /// Columns whose values are never sent, as the owner named them.
    public var maskedColumns: [String]
    /// Rights of the database user that the owner knows of.
    public var acceptedRights: [String]

    public init(
        model: String? = nil, shareSchema: Bool? = nil, shareRows: Bool? = nil, shareSamples: Bool? = nil,
        maskedColumns: [String] = [], acceptedRights: [String] = []
    ) {
        self.model = model
        self.shareSchema = shareSchema
        self.shareRows = shareRows
        self.shareSamples = shareSamples
        self.maskedColumns = maskedColumns
        self.acceptedRights = acceptedRights
    }

    mutating func apply(_ change: AssistantRecordChange) {
        if let model = change.model { self.model = model.isEmpty ? nil : model }
        shareSchema = change.shareSchema ?? shareSchema
        shareRows = change.shareRows ?? shareRows
        shareSamples = change.shareSamples ?? shareSamples
        maskedColumns = change.maskedColumns ?? maskedColumns
        acceptedRights = change.acceptedRights ?? acceptedRights
    }
}

/// What to change of an ``AssistantRecord``; nil leaves a value as it is.
public struct AssistantRecordChange: Sendable, Equatable {
    /// Empty for the default.
    public var model: String?
    public var shareSchema: Bool?
    public var shareRows: Bool?
    public var shareSamples: Bool?
    /// Replaces the list.
    public var maskedColumns: [String]?
    /// Replaces the list.
    public var acceptedRights: [String]?

    public init(
        model: String? = nil, shareSchema: Bool? = nil, shareRows: Bool? = nil, shareSamples: Bool? = nil,
        maskedColumns: [String]? = nil, acceptedRights: [String]? = nil
    ) {
        self.model = model
        self.shareSchema = shareSchema
        self.shareRows = shareRows
        self.shareSamples = shareSamples
        self.maskedColumns = maskedColumns
        self.acceptedRights = acceptedRights
    }
}
