/// What one daemon did that the others with the same store act upon.
public enum StoreChange: Sendable, Equatable {
    /// A log-in has ended; `reason` is a word of the wire's.
    case sessionEnded(String, reason: String)
    case userDeleted(String)
    /// A project names another database.
    case projectMoved(String)
    /// A project may not be written to any more.
    case projectClosedToWrites(String)
    case projectDeleted(String)
    /// What a project's database has was changed, or its owner wants it read anew.
    case schemaChanged(projectID: String)
    /// A user wants a query to stop.
    case queryCancelled(String, userID: String)
    /// A user wants the turn of a thread to stop.
    case turnCancelled(threadID: String, userID: String)

    /// As the store keeps it.
    var words: (kind: String, subject: String, detail: String) {
        switch self {
        case .sessionEnded(let id, let reason): ("session_ended", id, reason)
        case .userDeleted(let id): ("user_deleted", id, "")
        case .projectMoved(let id): ("project_moved", id, "")
        case .projectClosedToWrites(let id): ("project_closed_to_writes", id, "")
        case .projectDeleted(let id): ("project_deleted", id, "")
        case .schemaChanged(let id): ("schema_changed", id, "")
        case .queryCancelled(let id, let userID): ("query_cancelled", id, userID)
        case .turnCancelled(let id, let userID): ("turn_cancelled", id, userID)
        }
    }

    /// nil for a kind that only a newer daemon knows.
    init?(kind: String, subject: String, detail: String) {
        switch kind {
        case "session_ended": self = .sessionEnded(subject, reason: detail)
        case "user_deleted": self = .userDeleted(subject)
        case "project_moved": self = .projectMoved(subject)
        case "project_closed_to_writes": self = .projectClosedToWrites(subject)
        case "project_deleted": self = .projectDeleted(subject)
        case "schema_changed": self = .schemaChanged(projectID: subject)
        case "query_cancelled": self = .queryCancelled(subject, userID: detail)
        case "turn_cancelled": self = .turnCancelled(threadID: subject, userID: detail)
        default: return nil
        }
    }
}
