import Databases

extension Statement {
    /// The statement with what tells the database's administrator whose it is: ids that are also in history, replies and events.
    ///
    /// MySQL and MariaDB show the text that runs, so the comment names the query as well. PostgreSQL keeps statements prepared by
    /// their text, so there the comment is the same for all of a project, and the session is named after the query. Nobody else
    /// sees what runs on an SQLite file.
    func marked(
        user userID: String, project projectID: String, query queryID: String? = nil, in engine: Databases.DatabaseType
    ) -> Statement {
        var marked = self
        switch engine {
        case .postgresql:
            marked.lead = "/* dbassistd project=\(projectID) user=\(userID) */ " + lead
            // 52 of the 63 bytes that PostgreSQL keeps.
            marked.sessionName = queryID.map { "dbassistd query=\($0)" }
        case .mysql:
            let query = queryID.map { " query=\($0)" } ?? ""
            marked.lead = "/* dbassistd project=\(projectID)\(query) user=\(userID) */ " + lead
        case .sqlite: break
        }
        return marked
    }
}
