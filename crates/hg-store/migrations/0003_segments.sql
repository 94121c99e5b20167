-- Segments. Membership is a bitmap in chunks of 65,536 contact ids; hand-made exceptions are rows.

CREATE TABLE segments (
    id                @id,
    version           BIGINT NOT NULL DEFAULT 1,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    deleted_at        BIGINT,
    created_by        BIGINT,
    name              TEXT NOT NULL,
    public_name       TEXT,
    alias             TEXT NOT NULL,
    description       TEXT,
    published         BIGINT NOT NULL DEFAULT 1,
    is_global         BIGINT NOT NULL DEFAULT 1,
    in_preferences    BIGINT NOT NULL DEFAULT 0,
    include_anonymous BIGINT NOT NULL DEFAULT 0,
    filter            @json,
    extra             @json,
    members           BIGINT NOT NULL DEFAULT 0,
    -- Changes with every change of membership: caches of the bitmap know by it that they are old.
    members_version   BIGINT NOT NULL DEFAULT 0,
    building          BIGINT NOT NULL DEFAULT 0,
    broken            TEXT,
    built_at          BIGINT,
    build_ms          BIGINT
);
CREATE UNIQUE INDEX segments_alias ON segments (alias) WHERE deleted_at IS NULL;

CREATE TABLE segment_chunks (
    segment_id BIGINT NOT NULL,
    chunk      BIGINT NOT NULL,
    bits       @bytes NOT NULL,
    PRIMARY KEY (segment_id, chunk)
);

-- state: 1 pinned by hand, -1 removed by hand.
CREATE TABLE segment_overrides (
    segment_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    state      BIGINT NOT NULL,
    origin     TEXT NOT NULL,
    user_id    BIGINT,
    at         BIGINT NOT NULL,
    PRIMARY KEY (segment_id, contact_id)
);
CREATE INDEX segment_overrides_contact ON segment_overrides (contact_id);

-- Joins and leaves. A rebuild writes one row for many, with their bitmap.
CREATE TABLE segment_log (
    id         @id,
    segment_id BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    contact_id BIGINT,
    joined     BIGINT NOT NULL,
    people     BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    bits       @bytes
);
CREATE INDEX segment_log_segment ON segment_log (segment_id, id);
CREATE INDEX segment_log_contact ON segment_log (contact_id, segment_id) WHERE contact_id IS NOT NULL;

-- When a filter that depends on time changes its answer for a contact by itself.
CREATE TABLE segment_flips (
    segment_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    PRIMARY KEY (segment_id, contact_id)
);
CREATE INDEX segment_flips_due ON segment_flips (due_at);
