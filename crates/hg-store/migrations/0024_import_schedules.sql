-- Imports that come back: from an address of the web, or from a folder of the workspace.

CREATE TABLE import_schedules (
    id            @id,
    version       BIGINT NOT NULL DEFAULT 1,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    created_by    BIGINT,
    name          TEXT NOT NULL,
    object        TEXT NOT NULL,
    -- url or folder.
    kind          TEXT NOT NULL,
    -- The address, or the name of a folder in the inbox.
    source        TEXT NOT NULL,
    -- The saved mapping that is taken; none: by the head line.
    mapping_id    BIGINT,
    every_minutes BIGINT NOT NULL,
    paused        BIGINT NOT NULL DEFAULT 0,
    next_at       BIGINT NOT NULL,
    -- What the server said about the content, to ask only for what changed.
    etag          TEXT,
    modified      TEXT,
    -- ok, unchanged or failed, and a sentence about it.
    last_state    TEXT,
    last_message  TEXT,
    last_at       BIGINT,
    last_import   BIGINT,
    -- Files that a folder held at the last look: those that still grow are not taken.
    seen          @json
);
CREATE INDEX import_schedules_next ON import_schedules (next_at) WHERE paused = 0;

-- Contents that a schedule took, by their hash: none is imported twice, whatever happens in between.
CREATE TABLE import_taken (
    schedule_id BIGINT NOT NULL,
    hash        TEXT NOT NULL,
    taken_at    BIGINT NOT NULL,
    import_id   BIGINT NOT NULL,
    PRIMARY KEY (schedule_id, hash)
);

ALTER TABLE imports ADD COLUMN schedule_id BIGINT;
-- How fast it went: pairs of milliseconds since the start and rows, thinned out.
ALTER TABLE imports ADD COLUMN pace @json;
CREATE INDEX imports_schedule ON imports (schedule_id, id) WHERE schedule_id IS NOT NULL;
