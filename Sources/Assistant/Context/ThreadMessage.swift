/// A message of a conversation as ``ThreadCompaction`` sees it.
public struct ThreadMessage: Sendable, Equatable {
    public enum Role: String, Sendable { case user, assistant, tool }

    public var role: Role
    public var text: String
    /// SQL that the message ran or gave, the final one last.
    public var sql: [String]
    /// What else of it goes to the model, in tokens: arguments of tool calls and their frames.
    public var otherTokens: Int

    public init(role: Role, text: String, sql: [String] = [], otherTokens: Int = 0) {
        self.role = role
        self.text = text
        self.sql = sql
        self.otherTokens = otherTokens
    }

    /// What it takes of a model's window: its text, what else goes with it, and a few tokens for its frame.
    public var tokens: Int { TokenEstimate.tokens(text) + otherTokens + 4 }
}
