CREATE TABLE store_migrations (version INTEGER PRIMARY KEY, applied_at BIGINT NOT NULL);
CREATE TABLE users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, client TEXT NOT NULL,
    created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL, revoked_at BIGINT);
CREATE INDEX sessions_of_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE TABLE throttles (
    key TEXT PRIMARY KEY, failures BIGINT NOT NULL, last_failure_at BIGINT NOT NULL,
    next_allowed_at BIGINT NOT NULL);
CREATE INDEX throttles_by_time ON throttles (last_failure_at);
CREATE TABLE projects (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, name TEXT NOT NULL,
    description TEXT NOT NULL, folded TEXT NOT NULL, database_type TEXT NOT NULL,
    connection_string BLOB NOT NULL, read_only INTEGER NOT NULL, created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL, last_used_at BIGINT, UNIQUE (user_id, name), UNIQUE (id, user_id));
CREATE INDEX projects_of_user ON projects (user_id, created_at, id);
CREATE TABLE queries (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, project_id TEXT NOT NULL, query TEXT NOT NULL, folded TEXT,
    label TEXT, status TEXT NOT NULL, mode TEXT NOT NULL, source TEXT NOT NULL, error_code TEXT, error TEXT,
    row_count BIGINT, affected_rows BIGINT, duration_ms DOUBLE PRECISION, result BLOB,
    created_at BIGINT NOT NULL,
    FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
CREATE INDEX queries_of_user ON queries (user_id, created_at, id, status, mode, source);
CREATE INDEX queries_of_project ON queries (project_id, created_at, id, status, mode, source);
CREATE INDEX queries_by_status ON queries (user_id, status, created_at, id);
CREATE INDEX queries_durations_of_user ON queries (user_id, status, duration_ms, created_at);
CREATE INDEX queries_durations_of_project ON queries (project_id, status, duration_ms);
CREATE INDEX queries_running ON queries (id) WHERE status = 'running';
CREATE TABLE query_days (
    project_id TEXT NOT NULL, day BIGINT NOT NULL, user_id TEXT NOT NULL, success BIGINT NOT NULL,
    error BIGINT NOT NULL, cancelled BIGINT NOT NULL, running BIGINT NOT NULL, row_count BIGINT NOT NULL,
    PRIMARY KEY (project_id, day),
    FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
CREATE INDEX query_days_of_user ON query_days (user_id, day);
CREATE TABLE threads (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, project_id TEXT NOT NULL, title TEXT NOT NULL,
    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, UNIQUE (id, project_id, user_id),
    FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
CREATE INDEX threads_of_user ON threads (user_id, updated_at, id);
CREATE INDEX threads_of_project ON threads (project_id, updated_at, id);
CREATE TABLE messages (
    id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
    role TEXT NOT NULL, content TEXT NOT NULL, detail TEXT, created_at BIGINT NOT NULL,
    FOREIGN KEY (thread_id, project_id, user_id)
        REFERENCES threads (id, project_id, user_id) ON DELETE CASCADE);
CREATE INDEX messages_of_thread ON messages (thread_id, created_at, id);
CREATE INDEX messages_of_project ON messages (project_id, created_at, id, role);
CREATE INDEX messages_of_user ON messages (user_id, created_at, id);
CREATE TABLE approvals (
    id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
    statement TEXT NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
    decided_at BIGINT, query_id TEXT,
    FOREIGN KEY (thread_id, project_id, user_id)
        REFERENCES threads (id, project_id, user_id) ON DELETE CASCADE);
CREATE INDEX approvals_of_thread ON approvals (thread_id, created_at, id);
CREATE INDEX approvals_by_expiry ON approvals (expires_at);
