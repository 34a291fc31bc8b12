import Databases

@testable import Store

extension Store {
    /// A conversation of `count` messages, written as the chat will write them.
    func addMessages(_ project: Project, count: Int, atMs: Int64 = Sample.nowMs) async throws {
        let owner: [Parameter] = [.text(project.id), .text(project.userID)]
        try await write { session throws(StoreError) in
            let thread = Parameter.text(Sample.id())
            try session.change(
                "INSERT INTO threads (id, project_id, user_id, title, created_at, updated_at) VALUES ($1, $2, $3, 't', $4, $4)",
                [thread] + owner + [.integer(atMs)])
            for number in 0..<count {
                try session.change(
                    """
                    INSERT INTO messages (id, thread_id, project_id, user_id, role, content, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    """,
                    [
                        .text(Sample.id()), thread, owner[0], owner[1], .text(number % 2 == 0 ? "user" : "assistant"),
                        .text("message \(number)"), .integer(atMs + Int64(number)),
                    ])
            }
        }
    }
}
