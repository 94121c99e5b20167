-- Settings, people who sign in, background jobs, audit.

CREATE TABLE settings (
    section     TEXT PRIMARY KEY,
    body        @json NOT NULL,
    version     BIGINT NOT NULL DEFAULT 1,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE users (
    id              @id,
    version         BIGINT NOT NULL DEFAULT 1,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    deleted_at      BIGINT,
    email           TEXT NOT NULL,
    email_key       TEXT NOT NULL,
    first_name      TEXT NOT NULL DEFAULT '',
    last_name       TEXT NOT NULL DEFAULT '',
    password_hash   TEXT NOT NULL,
    role            TEXT NOT NULL,
    timezone        TEXT,
    last_sign_in_at BIGINT
);
CREATE UNIQUE INDEX users_email_key ON users (email_key) WHERE deleted_at IS NULL;

CREATE TABLE sessions (
    token_hash   TEXT PRIMARY KEY,
    user_id      BIGINT NOT NULL REFERENCES users (id),
    csrf_token   TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- Failed sign-ins by account and by address; a row is forgotten when its window has passed.
CREATE TABLE sign_in_failures (
    subject      TEXT PRIMARY KEY,
    failures     BIGINT NOT NULL,
    first_at     BIGINT NOT NULL,
    locked_until BIGINT
);

CREATE TABLE jobs (
    id           @id,
    kind         TEXT NOT NULL,
    dedupe_key   TEXT,
    title        TEXT NOT NULL,
    payload      @json NOT NULL,
    state        TEXT NOT NULL,
    due_at       BIGINT NOT NULL,
    attempts     BIGINT NOT NULL DEFAULT 0,
    leased_until BIGINT,
    visible      BIGINT NOT NULL DEFAULT 1,
    done         BIGINT NOT NULL DEFAULT 0,
    total        BIGINT,
    message      TEXT,
    link         TEXT,
    created_by   BIGINT,
    created_at   BIGINT NOT NULL,
    started_at   BIGINT,
    finished_at  BIGINT
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE state IN ('queued', 'running');
-- Of jobs with the same key at most one waits; a second request joins it.
CREATE UNIQUE INDEX jobs_dedupe ON jobs (dedupe_key) WHERE state = 'queued';

CREATE TABLE audit (
    id          @id,
    at          BIGINT NOT NULL,
    user_id     BIGINT,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id   BIGINT,
    detail      @json
);
CREATE INDEX audit_object ON audit (object_type, object_id, id);
