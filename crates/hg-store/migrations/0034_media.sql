-- Pictures for emails and pages. What they are lies beside the bytes, so that lists stay light.

CREATE TABLE media_files (
    id           @id,
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT,
    created_by   BIGINT,
    name         TEXT NOT NULL,
    -- What it shows, for those who do not see it.
    alt          TEXT NOT NULL DEFAULT '',
    folder       TEXT NOT NULL DEFAULT '',
    content_type TEXT NOT NULL,
    bytes        BIGINT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    -- SHA-256 of the bytes, in hexadecimal digits: the address under which they are served.
    hash         TEXT NOT NULL
);
CREATE INDEX media_files_hash ON media_files (hash);

CREATE TABLE media_bodies (
    hash TEXT PRIMARY KEY,
    body @bytes NOT NULL
);
