-- Segments of companies, and which companies belong to them.

CREATE TABLE company_segments (
    id          @id,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    created_by  BIGINT,
    name        TEXT NOT NULL,
    public_name TEXT,
    alias       TEXT NOT NULL,
    description TEXT,
    published   BIGINT NOT NULL DEFAULT 1,
    -- A filter over the fields of companies; without one all members are there by hand.
    filter      @json,
    -- Why it can no longer be built; its members stay.
    broken      TEXT,
    building    BIGINT NOT NULL DEFAULT 0,
    built_at    BIGINT,
    build_ms    BIGINT,
    -- When it is built anew by itself, because its filter asks about time.
    due_at      BIGINT,
    members     BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX company_segments_alias ON company_segments (alias) WHERE deleted_at IS NULL;
CREATE INDEX company_segments_due ON company_segments (due_at) WHERE due_at IS NOT NULL;

-- by_hand: 1 put in, -1 taken out, 0 as the filter says. member: whether it belongs now.
CREATE TABLE company_segment_members (
    segment_id BIGINT NOT NULL,
    company_id BIGINT NOT NULL,
    member     BIGINT NOT NULL,
    by_hand    BIGINT NOT NULL DEFAULT 0,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (segment_id, company_id)
);
CREATE INDEX company_segment_members_company ON company_segment_members (company_id, segment_id);

-- Companies that changed since the segments of companies last looked at them.
CREATE TABLE company_changes (
    company_id BIGINT NOT NULL PRIMARY KEY
);
