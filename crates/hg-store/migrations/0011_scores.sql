-- Categories, stages and points: how things are sorted, where contacts stand, and what they earned.

-- bundle: the kind of thing that a category is for; `global` ones are for all, and contacts can subscribe to them.
CREATE TABLE categories (
    id          @id,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    created_by  BIGINT,
    bundle      TEXT NOT NULL,
    title       TEXT NOT NULL,
    alias       TEXT NOT NULL,
    description TEXT,
    color       TEXT,
    published   BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX categories_alias ON categories (bundle, alias) WHERE deleted_at IS NULL;

-- What a contact wants to hear about; subscribed 0: she said no.
CREATE TABLE contact_categories (
    contact_id  BIGINT NOT NULL,
    category_id BIGINT NOT NULL,
    subscribed  BIGINT NOT NULL,
    source      TEXT NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (contact_id, category_id)
);
CREATE INDEX contact_categories_category ON contact_categories (category_id, subscribed, contact_id);

ALTER TABLE segments ADD COLUMN category_id BIGINT;
ALTER TABLE emails ADD COLUMN category_id BIGINT;
ALTER TABLE pages ADD COLUMN category_id BIGINT;
ALTER TABLE forms ADD COLUMN category_id BIGINT;
ALTER TABLE campaigns ADD COLUMN category_id BIGINT;

CREATE TABLE stages (
    id           @id,
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT,
    created_by   BIGINT,
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL,
    description  TEXT,
    weight       BIGINT NOT NULL DEFAULT 0,
    category_id  BIGINT,
    published    BIGINT NOT NULL DEFAULT 1,
    publish_up   BIGINT,
    publish_down BIGINT,
    -- Who stood in it when it was deleted, so that bringing it back brings them back.
    cleared      @bytes
);
CREATE INDEX stages_name ON stages (name_key) WHERE deleted_at IS NULL;

ALTER TABLE contacts ADD COLUMN stage_id BIGINT;
ALTER TABLE contacts ADD COLUMN stage_at BIGINT;
CREATE INDEX contacts_stage ON contacts (stage_id, stage_at, id) WHERE stage_id IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE point_groups (
    id          @id,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    created_by  BIGINT,
    name        TEXT NOT NULL,
    description TEXT,
    published   BIGINT NOT NULL DEFAULT 1
);

-- The score of a contact in a group. rest: what a half-life has taken of the next whole point.
CREATE TABLE contact_scores (
    contact_id BIGINT NOT NULL,
    group_id   BIGINT NOT NULL,
    score      BIGINT NOT NULL,
    rest       DOUBLE PRECISION NOT NULL DEFAULT 0,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (contact_id, group_id)
);
CREATE INDEX contact_scores_group ON contact_scores (group_id, contact_id);
ALTER TABLE contacts ADD COLUMN points_rest DOUBLE PRECISION NOT NULL DEFAULT 0;

CREATE TABLE point_actions (
    id           @id,
    version      BIGINT NOT NULL DEFAULT 1,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT,
    created_by   BIGINT,
    name         TEXT NOT NULL,
    description  TEXT,
    kind         TEXT NOT NULL,
    settings     @json NOT NULL,
    delta        BIGINT NOT NULL,
    repeatable   BIGINT NOT NULL DEFAULT 0,
    group_id     BIGINT,
    category_id  BIGINT,
    published    BIGINT NOT NULL DEFAULT 1,
    publish_up   BIGINT,
    publish_down BIGINT
);

-- An action that is not repeatable gives its points once to a contact.
CREATE TABLE point_action_log (
    action_id  BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (action_id, contact_id)
);
CREATE INDEX point_action_log_contact ON point_action_log (contact_id);

CREATE TABLE point_triggers (
    id             @id,
    version        BIGINT NOT NULL DEFAULT 1,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    deleted_at     BIGINT,
    created_by     BIGINT,
    name           TEXT NOT NULL,
    description    TEXT,
    points         BIGINT NOT NULL,
    color          TEXT,
    apply_existing BIGINT NOT NULL DEFAULT 0,
    group_id       BIGINT,
    category_id    BIGINT,
    published      BIGINT NOT NULL DEFAULT 1,
    publish_up     BIGINT,
    publish_down   BIGINT
);

CREATE TABLE point_trigger_events (
    id          @id,
    trigger_id  BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT,
    settings    @json NOT NULL
);
CREATE INDEX point_trigger_events_trigger ON point_trigger_events (trigger_id, position);

-- Each event of a trigger acts once for a contact.
CREATE TABLE point_trigger_log (
    event_id   BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    result     TEXT,
    PRIMARY KEY (event_id, contact_id)
);
CREATE INDEX point_trigger_log_contact ON point_trigger_log (contact_id);

-- How the points of a group fade; group 0: the main score. While run_at is set, a run is under way: everybody up to
-- walked_to has been looked at.
CREATE TABLE point_decay (
    group_id    BIGINT PRIMARY KEY,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    days        BIGINT NOT NULL,
    amount      BIGINT NOT NULL DEFAULT 0,
    published   BIGINT NOT NULL DEFAULT 1,
    last_run_at BIGINT NOT NULL,
    run_at      BIGINT,
    walked_to   BIGINT NOT NULL DEFAULT 0,
    lost        BIGINT NOT NULL DEFAULT 0
);
