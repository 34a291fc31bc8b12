/// A conversation fitted into a model's window: the newest turns whole, older ones as a list of what was asked and which SQL
/// answered it.
///
/// The same conversation and window always give the same. A turn is a message of the user and all up to the next one: it is kept as
/// a whole or not at all, since a tool's result without its call is refused by model servers.
public struct ThreadCompaction: Sendable, Equatable {
    /// What is sent, as places among the messages: the newest turns. The latest turn is always in it.
    public var kept: Range<Int>
    /// What the older ones were about; nil if there are none. It holds words of the user and SQL: wrap it in a ``Boundary``.
    public var digest: String?
    /// How many messages are not sent as they were.
    public var compactedMessages: Int
    /// Turns among those that the digest does not mention either.
    public var forgottenTurns: Int
    /// Of all that is sent: system prompt, digest and messages.
    public var tokens: Int
    /// Whether even the latest turn alone is more than the window holds.
    public var isTooLong: Bool

    /// A question or statement is cut at this in the digest.
    private static let entryBytesMax = 300
    /// At most this share of the window is for the digest: a quarter.
    private static let digestShare = 4

    /// - Parameters:
    ///   - systemTokens: what the system prompt, the schema and the tools take.
    ///   - windowTokens: the model's window.
    ///   - replyTokens: what is left free for the reply and for tool results to come.
    public init(_ messages: [ThreadMessage], systemTokens: Int, windowTokens: Int, replyTokens: Int) {
        let room = max(windowTokens - replyTokens - systemTokens, 0)
        let turns = Self.turns(messages)
        let sizes = turns.map { turn in messages[turn].reduce(0) { $0 + $1.tokens } }
        let all = sizes.reduce(0, +)
        var first = turns.count
        var used = 0
        // Where all of it fits no digest is needed, and no room for one.
        let limit = all <= room ? room : room - room / Self.digestShare
        while first > 0, first == turns.count || used + sizes[first - 1] <= limit {
            first -= 1
            used += sizes[first]
        }
        let start = first < turns.count ? turns[first].lowerBound : messages.count
        kept = start..<messages.count
        compactedMessages = start
        isTooLong = used > room
        (digest, forgottenTurns) = Self.digest(
            turns[..<first].map { messages[$0] }, budget: min(room - used, room / Self.digestShare))
        tokens = systemTokens + used + (digest.map(TokenEstimate.tokens) ?? 0)
    }

    /// The same, counting the tokens of the system prompt.
    public init(system: String, _ messages: [ThreadMessage], windowTokens: Int, replyTokens: Int) {
        self.init(messages, systemTokens: TokenEstimate.tokens(system) + 4, windowTokens: windowTokens, replyTokens: replyTokens)
    }

    /// What the user is told: nil if nothing was left out.
    public var notice: String? {
        guard compactedMessages > 0 else { return nil }
        let noun = compactedMessages == 1 ? "message of this conversation was" : "messages of this conversation were"
        return "\(compactedMessages) older \(noun) shortened to fit the model's window."
    }

    private static func turns(_ messages: [ThreadMessage]) -> [Range<Int>] {
        var starts = messages.indices.filter { messages[$0].role == .user }
        if let first = starts.first, first > 0 { starts.insert(0, at: 0) }
        if starts.isEmpty, !messages.isEmpty { starts = [0] }
        return zip(starts, starts.dropFirst() + [messages.count]).map { $0..<$1 }
    }

    // MARK: Digest

    /// A line a turn, the oldest first; where they do not all fit, the oldest are left out and counted.
    private static func digest(_ turns: [ArraySlice<ThreadMessage>], budget: Int) -> (text: String?, forgotten: Int) {
        guard !turns.isEmpty else { return (nil, 0) }
        let bytesMax = max(budget, 0) * TokenEstimate.bytesPerToken
        // "Earlier in this conversation (1000 turns, the first 1000 not shown):"
        var left = bytesMax - 80
        var lines: [String] = []
        for turn in turns.reversed() {
            let line = entry(turn)
            guard line.utf8.count + 1 <= left else { break }
            left -= line.utf8.count + 1
            lines.append(line)
        }
        let forgotten = turns.count - lines.count
        guard !lines.isEmpty else { return (nil, forgotten) }
        let hidden = forgotten > 0 ? ", the first \(forgotten) not shown" : ""
        let heading = "Earlier in this conversation (\(turns.count) \(turns.count == 1 ? "turn" : "turns")\(hidden)):"
        return (([heading] + lines.reversed()).joined(separator: "\n"), forgotten)
    }

    private static func entry(_ turn: ArraySlice<ThreadMessage>) -> String {
        let question = turn.first { $0.role == .user }.map { SafeLine.text($0.text, bytesMax: entryBytesMax) } ?? ""
        let sql = turn.last { !$0.sql.isEmpty }?.sql.last.map { SafeLine.text($0, bytesMax: entryBytesMax) }
        return "- asked: \(question)" + (sql.map { "; SQL: \($0)" } ?? "")
    }
}
