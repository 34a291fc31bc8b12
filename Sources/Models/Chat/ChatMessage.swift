public import Protocol

/// A call of a tool that a model asks for.
public struct ToolCall: Sendable, Equatable {
    /// What the tool's answer refers to; made up where the server sent none.
    public var id: String
    public var name: String
    /// As the model sent them: meant to be a JSON object, and anything at all.
    public var arguments: String

    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// One message of a conversation, as a model sees it.
public enum ChatMessage: Sendable, Equatable {
    case system(String)
    case user(String)
    case assistant(text: String, toolCalls: [ToolCall])
    /// What the call `callID` came to.
    case tool(callID: String, content: String)
}

/// A tool that a model may ask for.
public struct ToolSpecification: Sendable {
    public var name: String
    public var description: String
    /// The JSON Schema of the arguments: an object.
    public var parameters: JSONText

    public init(name: String, description: String, parameters: JSONText) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}
