// Schema 3: what the assistant keeps.
extension Schema {
    /// Lists of a user's are by `user_id` first: every query names it, and its index must serve.
    ///
    /// `threads.message_count` and `message_days` count the rows of `messages` that are not of tools, in the transaction that changes
    /// them. A message is open until its `detail` says how its turn ended.
    /// No daemon of schema 1 or 2 wrote an approval, so that table begins anew, with what its rows must have.
    static let third = """
        ALTER TABLE projects ADD COLUMN assistant TEXT;
        ALTER TABLE threads ADD COLUMN message_count BIGINT NOT NULL DEFAULT 0;
        DROP INDEX threads_of_project;
        CREATE INDEX threads_of_project ON threads (user_id, project_id, updated_at, id);
        ALTER TABLE messages ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;
        DROP INDEX messages_of_thread;
        DROP INDEX messages_of_project;
        DROP INDEX messages_of_user;
        CREATE INDEX messages_of_thread ON messages (user_id, thread_id, created_at, id, role);
        CREATE INDEX messages_of_project ON messages (user_id, project_id, created_at, id, role);
        CREATE INDEX messages_of_user ON messages (user_id, created_at, id, role);
        CREATE INDEX messages_open ON messages (id) WHERE is_open = 1;
        CREATE TABLE message_days (
            project_id TEXT NOT NULL, day BIGINT NOT NULL, user_id TEXT NOT NULL, messages BIGINT NOT NULL,
            PRIMARY KEY (project_id, day),
            FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
        CREATE INDEX message_days_of_user ON message_days (user_id, day);
        UPDATE threads SET message_count =
            (SELECT count(*) FROM messages m WHERE m.thread_id = threads.id AND m.role <> 'tool');
        INSERT INTO message_days (project_id, day, user_id, messages)
            SELECT project_id, created_at / 86400000, user_id, count(*) FROM messages WHERE role <> 'tool'
            GROUP BY project_id, created_at / 86400000, user_id;
        DROP TABLE approvals;
        CREATE TABLE approvals (
            id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
            message_id TEXT NOT NULL, statement TEXT NOT NULL, reason TEXT, command TEXT NOT NULL, relations TEXT NOT NULL,
            rows_estimate BIGINT, status TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
            decided_at BIGINT, query_id TEXT,
            FOREIGN KEY (thread_id, project_id, user_id)
                REFERENCES threads (id, project_id, user_id) ON DELETE CASCADE);
        CREATE INDEX approvals_of_thread ON approvals (thread_id);
        CREATE INDEX approvals_of_message ON approvals (user_id, message_id, created_at, id);
        CREATE INDEX approvals_by_expiry ON approvals (expires_at) WHERE status = 'pending';
        CREATE TABLE examples (
            id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL, question TEXT NOT NULL,
            question_key TEXT NOT NULL, statement TEXT NOT NULL, created_at BIGINT NOT NULL,
            UNIQUE (project_id, user_id, question_key),
            FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
        CREATE INDEX examples_of_project ON examples (user_id, project_id, created_at, id);
        CREATE TABLE token_days (
            user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, day BIGINT NOT NULL, prompt BIGINT NOT NULL,
            completion BIGINT NOT NULL, PRIMARY KEY (user_id, day))
        """
}
