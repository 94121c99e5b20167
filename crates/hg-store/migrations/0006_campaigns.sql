-- Campaigns: definition, members, and one row per contact, step and rotation.

CREATE TABLE campaigns (
    id            @id,
    version       BIGINT NOT NULL DEFAULT 1,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    deleted_at    BIGINT,
    created_by    BIGINT,
    name          TEXT NOT NULL,
    description   TEXT,
    state         TEXT NOT NULL DEFAULT 'draft',
    publish_up    BIGINT,
    publish_down  BIGINT,
    allow_restart BIGINT NOT NULL DEFAULT 0,
    layout        @json,
    extra         @json,
    members       BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE campaign_sources (
    campaign_id BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    source_id   BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, kind, source_id)
);
CREATE INDEX campaign_sources_source ON campaign_sources (kind, source_id);

CREATE TABLE campaign_steps (
    id           @id,
    campaign_id  BIGINT NOT NULL,
    client_key   TEXT NOT NULL,
    parent_id    BIGINT,
    path         TEXT,
    position     BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    type         TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT,
    settings     @json NOT NULL,
    timing       @json NOT NULL,
    deleted_at   BIGINT,
    done         BIGINT NOT NULL DEFAULT 0,
    yes          BIGINT NOT NULL DEFAULT 0,
    no           BIGINT NOT NULL DEFAULT 0,
    failed       BIGINT NOT NULL DEFAULT 0,
    waiting      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX campaign_steps_campaign ON campaign_steps (campaign_id, position);

CREATE TABLE campaign_members (
    campaign_id BIGINT NOT NULL,
    contact_id  BIGINT NOT NULL,
    rotation    BIGINT NOT NULL DEFAULT 1,
    joined_at   BIGINT NOT NULL,
    -- active, left (its source did, or the campaign), removed (somebody did).
    state       TEXT NOT NULL,
    by_hand     BIGINT NOT NULL DEFAULT 0,
    left_at     BIGINT,
    PRIMARY KEY (campaign_id, contact_id)
);
CREATE INDEX campaign_members_contact ON campaign_members (contact_id);

-- The key makes a step run once for a contact in a rotation, whatever crashes.
-- state: 0 scheduled, 1 waiting for something the contact does (due_at: when the no path is taken),
-- 2 done, 3 done with a warning, 4 cancelled, 5 failed for good.
CREATE TABLE campaign_log (
    id          @id,
    campaign_id BIGINT NOT NULL,
    step_id     BIGINT NOT NULL,
    contact_id  BIGINT NOT NULL,
    rotation    BIGINT NOT NULL,
    state       BIGINT NOT NULL,
    due_at      BIGINT,
    base_at     BIGINT NOT NULL,
    done_at     BIGINT,
    path        TEXT,
    attempts    BIGINT NOT NULL DEFAULT 0,
    send_id     BIGINT,
    detail      @json
);
CREATE UNIQUE INDEX campaign_log_once ON campaign_log (step_id, contact_id, rotation);
CREATE INDEX campaign_log_due ON campaign_log (due_at) WHERE state IN (0, 1) AND due_at IS NOT NULL;
CREATE INDEX campaign_log_waiting ON campaign_log (contact_id) WHERE state = 1;
CREATE INDEX campaign_log_contact ON campaign_log (contact_id, campaign_id);
