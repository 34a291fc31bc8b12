internal import Databases

extension Store {
    /// Adds a project. Throws `conflict` when its owner has one of that name, `notFound` when the owner is gone.
    public func createProject(_ project: Project) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try session.change(
                """
                INSERT INTO projects (\(Project.columns), folded)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                """,
                [
                    .text(project.id), .text(project.userID), .text(project.name), .text(project.description),
                    .text(project.databaseType.rawValue), .bytes(project.sealedConnectionString), .flag(project.isReadOnly),
                    .integer(project.createdAtMs), .integer(project.updatedAtMs), .optional(project.lastUsedAtMs),
                    .text(StoredJSON.text(project.assistant)), .text(project.folded),
                ])
        }
    }

    /// The project, if it is this owner's.
    public func project(id: String, userID: String) async throws(StoreError) -> Project? {
        try await reader.read { session throws(StoreError) in try Store.project(session, id: id, userID: userID) }
    }

    /// The same, from memory if it was read before and no other daemon can change it. All of it is as it is now but `lastUsedAtMs`,
    /// which may be older.
    public func knownProject(id: String, userID: String) async throws(StoreError) -> Project? {
        if engine.sharing != nil { return try await project(id: id, userID: userID) }
        let (known, changes) = knownProjects.find(id)
        if let known { return known.userID == userID ? known : nil }
        let read = try await project(id: id, userID: userID)
        if let read { knownProjects.keep(read, readAfter: changes) }
        return read
    }

    static func project(_ session: StoreSession, id: String, userID: String) throws(StoreError) -> Project? {
        let row = try session.first(
            "SELECT \(Project.columns) FROM projects WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)])
        guard var row else { return nil }
        return try Project(&row)
    }

    /// An owner's projects, newest first. Throws `invalidCursor`.
    public func projects(
        userID: String, filter: ProjectFilter = ProjectFilter(), page: PageRequest = PageRequest()
    ) async throws(StoreError) -> ListPage<Project> {
        let cursor = try Cursor.of(page, list: .projects)
        await flush()
        return try await reader.read { session throws(StoreError) in
            var query = Conditions(userID: userID)
            query.add("(created_at, id) < (#, #)", .integer(cursor.createdAtMs), .text(cursor.id))
            if let type = filter.databaseType { query.add("database_type = #", .text(type.rawValue)) }
            if let ids = filter.ids { query.add("id", among: ids.sorted().map(Parameter.text)) }
            if let text = filter.text, !text.isEmpty {
                query.add(session.engine.contains("folded", "#"), .text(text.lowercased()))
            }
            var items: [Project] = []
            let rows = try session.rows(
                "SELECT \(Project.columns) FROM projects WHERE \(query.sql) ORDER BY created_at DESC, id DESC LIMIT \(query.next)",
                query.parameters + [.integer(Int64(page.limit + 1))])
            for var row in rows { items.append(try Project(&row)) }
            return ListPage(items, limit: page.limit) { Cursor(list: .projects, createdAtMs: $0.createdAtMs, id: $0.id) }
        }
    }

    /// Changes a project and answers it as it is now; nil when this owner has none of that id.
    /// Throws `conflict` when the new name is taken.
    public func updateProject(
        id: String, userID: String, change: ProjectChange, nowMs: Int64
    ) async throws(StoreError) -> Project? {
        defer { knownProjects.forget(id) }
        return try await write { session throws(StoreError) in
            guard var project = try Store.project(session, id: id, userID: userID) else { return nil }
            if change.isReadOnly == true, !project.isReadOnly { try Store.announce(session, .projectClosedToWrites(id)) }
            project.name = change.name ?? project.name
            project.description = change.description ?? project.description
            project.databaseType = change.databaseType ?? project.databaseType
            project.sealedConnectionString = change.sealedConnectionString ?? project.sealedConnectionString
            project.isReadOnly = change.isReadOnly ?? project.isReadOnly
            if let assistant = change.assistant { project.assistant.apply(assistant) }
            project.updatedAtMs = nowMs
            try session.change(
                """
                UPDATE projects SET name = $3, description = $4, folded = $5, database_type = $6, connection_string = $7,
                    read_only = $8, updated_at = $9, assistant = $10
                WHERE id = $1 AND user_id = $2
                """,
                [
                    .text(id), .text(userID), .text(project.name), .text(project.description), .text(project.folded),
                    .text(project.databaseType.rawValue), .bytes(project.sealedConnectionString),
                    .flag(project.isReadOnly), .integer(nowMs), .text(StoredJSON.text(project.assistant)),
                ])
            if change.sealedConnectionString != nil {
                try Store.announce(session, .projectMoved(id))
                // What was proposed for one database is not to run on another.
                try session.change(
                    "UPDATE approvals SET status = 'expired' WHERE project_id = $1 AND user_id = $2 AND status = 'pending'",
                    [.text(id), .text(userID)])
            }
            return project
        }
    }

    /// Deletes an owner's project with its history and conversations; a long history step by step, and the project with the last.
    ///
    /// - Returns: whether there was one. Deleting again, or another owner's, changes nothing.
    @discardableResult
    public func deleteProject(id: String, userID: String) async throws(StoreError) -> Bool {
        defer { knownProjects.forget(id) }
        await flush()
        while try await write({ session throws(StoreError) in
            try Store.forget(session, userID: userID, projectID: id, limit: Store.forgetBatch)
        }) == Store.forgetBatch {}
        var messages = Conditions(userID: userID)
        messages.add("project_id = #", .text(id))
        try await deleteMessages(messages)
        return try await write { session throws(StoreError) in
            // What came in between.
            _ = try Store.forget(session, userID: userID, projectID: id, limit: .max)
            let isDeleted =
                try session.change("DELETE FROM projects WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)]) > 0
            if isDeleted { try Store.announce(session, .projectDeleted(id)) }
            return isDeleted
        }
    }

    /// Notes that a project was used. Written later, with others, at most once a minute; never waits for the disk.
    public func touchProject(id: String, nowMs: Int64) async {
        if let touch = projectTouch(id, nowMs) { await writer.enqueue(touch) }
    }

    /// The same without waiting for anything; left out while very many writes wait.
    public func touchProjectNow(id: String, nowMs: Int64) {
        if let touch = projectTouch(id, nowMs) { _ = writer.enqueueNow(touch) }
    }

    private func projectTouch(_ id: String, _ nowMs: Int64) -> LazyWrite? {
        guard touches.isDue("p" + id, atMs: nowMs) else { return nil }
        return LazyWrite { session throws(StoreError) in
            try session.change(
                "UPDATE projects SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
                [.text(id), .integer(nowMs)])
        }
    }

    public func countProjects(userID: String) async throws(StoreError) -> Int {
        try await reader.read { session throws(StoreError) in
            guard var row = try session.first("SELECT count(*) FROM projects WHERE user_id = $1", [.text(userID)]) else {
                return 0
            }
            return try row.int()
        }
    }
}
