-- What somebody is told about work that ended while they did something else.

CREATE TABLE notices (
    id         @id,
    user_id    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- What it is about, such as import.done.
    kind       TEXT NOT NULL,
    -- good or bad.
    tone       TEXT NOT NULL,
    title      TEXT NOT NULL,
    body       TEXT NOT NULL,
    -- Where in the app it leads.
    link       TEXT,
    read_at    BIGINT
);
CREATE INDEX notices_user ON notices (user_id, id);
CREATE INDEX notices_unread ON notices (user_id) WHERE read_at IS NULL;

-- Whether notices come by mail too.
ALTER TABLE users ADD COLUMN notices_by_mail BIGINT NOT NULL DEFAULT 0;
