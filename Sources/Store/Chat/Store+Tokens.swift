internal import Databases

extension Store {
    /// Days of token counts that are kept.
    private static let tokenDaysKept: Int64 = 400
    /// More is no number that a model's server counted: it would bring the sum out of its range.
    private static let tokensMax = 1 << 40

    /// Counts what a user's turn took, on a UTC day as ``Day`` numbers them. Written within a tenth of a second, with others, and seen
    /// by every ``tokens(userID:day:)`` that starts after this returns.
    public func addTokens(userID: String, day: Int64, prompt: Int, completion: Int) async {
        let (prompt, completion) = (min(max(prompt, 0), Store.tokensMax), min(max(completion, 0), Store.tokensMax))
        await writer.enqueue(
            LazyWrite { session throws(StoreError) in
                try session.change(
                    """
                    INSERT INTO token_days (user_id, day, prompt, completion) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (user_id, day) DO UPDATE SET prompt = token_days.prompt + excluded.prompt,
                        completion = token_days.completion + excluded.completion
                    """, [.text(userID), .integer(day), .integer(Int64(prompt)), .integer(Int64(completion))])
                try session.change(
                    "DELETE FROM token_days WHERE user_id = $1 AND day < $2",
                    [.text(userID), .integer(day - Store.tokenDaysKept)])
            })
    }

    /// Tokens that a user's turns took on a UTC day, sent and written.
    public func tokens(userID: String, day: Int64) async throws(StoreError) -> Int {
        await flush()
        return try await reader.read { session throws(StoreError) in
            var row = try session.first(
                "SELECT prompt + completion FROM token_days WHERE user_id = $1 AND day = $2", [.text(userID), .integer(day)])
            return try row?.int() ?? 0
        }
    }
}
