-- Files of contacts that were asked for; each can be fetched until it expires.

CREATE TABLE exports (
    id         @id,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    format     TEXT NOT NULL,
    setup      @json NOT NULL,
    -- queued, running, done, failed or expired.
    state      TEXT NOT NULL,
    -- Relative to the folder of exports.
    file_name  TEXT NOT NULL,
    total      BIGINT,
    done       BIGINT NOT NULL DEFAULT 0,
    bytes      BIGINT,
    message    TEXT,
    expires_at BIGINT NOT NULL,
    job_id     BIGINT
);
CREATE INDEX exports_expiry ON exports (expires_at) WHERE state <> 'expired';
