-- Contacts and what hangs on them, the event log, the queue of changes that segments and campaigns react to.

CREATE TABLE fields (
    id                 @id,
    version            BIGINT NOT NULL DEFAULT 1,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    deleted_at         BIGINT,
    alias              TEXT NOT NULL,
    label              TEXT NOT NULL,
    kind               TEXT NOT NULL,
    field_group        TEXT NOT NULL DEFAULT 'core',
    position           BIGINT NOT NULL DEFAULT 0,
    -- The column of contacts that holds the values; NULL: the overflow column.
    column_name        TEXT,
    required           BIGINT NOT NULL DEFAULT 0,
    is_unique          BIGINT NOT NULL DEFAULT 0,
    listable           BIGINT NOT NULL DEFAULT 1,
    visible            BIGINT NOT NULL DEFAULT 1,
    short_visible      BIGINT NOT NULL DEFAULT 0,
    publicly_updatable BIGINT NOT NULL DEFAULT 0,
    fixed              BIGINT NOT NULL DEFAULT 0,
    published          BIGINT NOT NULL DEFAULT 1,
    default_value      TEXT,
    char_limit         BIGINT,
    properties         @json NOT NULL
);
CREATE UNIQUE INDEX fields_alias ON fields (alias) WHERE deleted_at IS NULL;

-- The fields that every workspace starts with (hg_core::contacts::default_fields).
INSERT INTO fields (created_at, updated_at, alias, label, kind, field_group, position, column_name, is_unique, short_visible, fixed, default_value, char_limit, properties) VALUES
    (0, 0, 'title', 'Title', 'lookup', 'core', 1, 'title', 0, 0, 1, NULL, 191, '{"options":[{"label":"Mr","value":"Mr"},{"label":"Mrs","value":"Mrs"},{"label":"Miss","value":"Miss"}]}'),
    (0, 0, 'firstname', 'First name', 'text', 'core', 2, 'firstname', 0, 1, 1, NULL, 191, '{}'),
    (0, 0, 'lastname', 'Last name', 'text', 'core', 3, 'lastname', 0, 1, 1, NULL, 191, '{}'),
    (0, 0, 'company', 'Company', 'text', 'core', 4, 'company', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'position', 'Position', 'text', 'core', 5, 'position', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'email', 'Email', 'email', 'core', 6, 'email', 1, 1, 1, NULL, 191, '{}'),
    (0, 0, 'mobile', 'Mobile', 'phone', 'core', 7, 'mobile', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'phone', 'Phone', 'phone', 'core', 8, 'phone', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'points', 'Points', 'number', 'core', 9, 'points', 0, 0, 1, '0', 191, '{}'),
    (0, 0, 'fax', 'Fax', 'phone', 'core', 10, 'fax', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'address1', 'Address line 1', 'text', 'core', 11, 'address1', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'address2', 'Address line 2', 'text', 'core', 12, 'address2', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'city', 'City', 'text', 'core', 13, 'city', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'state', 'State', 'region', 'core', 14, 'state', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'zipcode', 'Postal code', 'text', 'core', 15, 'zipcode', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'country', 'Country', 'country', 'core', 16, 'country', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'preferred_locale', 'Preferred language', 'locale', 'core', 17, 'preferred_locale', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'timezone', 'Time zone', 'timezone', 'core', 18, 'timezone', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'last_active', 'Last active', 'datetime', 'core', 19, 'last_active_at', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'attribution_date', 'Attribution date', 'datetime', 'core', 20, 'attribution_date', 0, 0, 1, NULL, 191, '{}'),
    (0, 0, 'attribution', 'Attribution', 'number', 'core', 21, 'attribution', 0, 0, 1, NULL, 191, '{"scale":2}'),
    (0, 0, 'website', 'Website', 'url', 'core', 22, 'website', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'facebook', 'Facebook', 'text', 'social', 23, 'facebook', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'foursquare', 'Foursquare', 'text', 'social', 24, 'foursquare', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'instagram', 'Instagram', 'text', 'social', 25, 'instagram', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'linkedin', 'LinkedIn', 'text', 'social', 26, 'linkedin', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'skype', 'Skype', 'text', 'social', 27, 'skype', 0, 0, 0, NULL, 191, '{}'),
    (0, 0, 'twitter', 'Twitter', 'text', 'social', 28, 'twitter', 0, 0, 0, NULL, 191, '{}');

-- Contact ids stay below 2^32 so that bitmaps of contacts stay small.
CREATE TABLE contacts (
    id               @id CHECK (id BETWEEN 1 AND 4294967295),
    version          BIGINT NOT NULL DEFAULT 1,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    deleted_at       BIGINT,
    identified_at    BIGINT,
    last_active_at   BIGINT,
    owner_id         BIGINT,
    points           BIGINT NOT NULL DEFAULT 0,
    -- Normalised for uniqueness; what a person types in a search is folded and met in the *_fold columns.
    email_key        TEXT,
    email_fold       TEXT,
    name_fold        TEXT,
    company_fold     TEXT,
    title            TEXT,
    firstname        TEXT,
    lastname         TEXT,
    company          TEXT,
    position         TEXT,
    email            TEXT,
    mobile           TEXT,
    phone            TEXT,
    fax              TEXT,
    address1         TEXT,
    address2         TEXT,
    city             TEXT,
    state            TEXT,
    zipcode          TEXT,
    country          TEXT,
    preferred_locale TEXT,
    timezone         TEXT,
    attribution_date BIGINT,
    attribution      DOUBLE PRECISION,
    website          TEXT,
    facebook         TEXT,
    foursquare       TEXT,
    instagram        TEXT,
    linkedin         TEXT,
    skype            TEXT,
    twitter          TEXT,
    overflow         @json
);
CREATE UNIQUE INDEX contacts_email_key ON contacts (email_key) WHERE deleted_at IS NULL AND email_key IS NOT NULL;
CREATE INDEX contacts_last_active ON contacts (last_active_at, id);
CREATE INDEX contacts_deleted ON contacts (deleted_at) WHERE deleted_at IS NOT NULL;

-- A merged or absorbed id goes on leading to the survivor.
CREATE TABLE contact_merges (
    loser_id  BIGINT PRIMARY KEY,
    winner_id BIGINT NOT NULL,
    name      TEXT,
    merged_at BIGINT NOT NULL
);
CREATE INDEX contact_merges_winner ON contact_merges (winner_id);

CREATE TABLE tags (
    id          @id,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    name        TEXT NOT NULL,
    -- Folded, so that "News" and "news" are one tag.
    name_key    TEXT NOT NULL,
    description TEXT,
    contacts    BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX tags_name_key ON tags (name_key) WHERE deleted_at IS NULL;

CREATE TABLE contact_tags (
    contact_id BIGINT NOT NULL,
    tag_id     BIGINT NOT NULL,
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (contact_id, tag_id)
);
CREATE INDEX contact_tags_tag ON contact_tags (tag_id, contact_id);

-- reason: 1 unsubscribed, 2 bounced, 3 by hand (contacts.md §4.1).
CREATE TABLE do_not_contact (
    contact_id BIGINT NOT NULL,
    channel    TEXT NOT NULL,
    reason     BIGINT NOT NULL,
    channel_id BIGINT,
    comments   TEXT,
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (contact_id, channel)
);
CREATE INDEX do_not_contact_reason ON do_not_contact (channel, reason, contact_id);

-- Every giving and withdrawing is a row; the newest of a purpose holds.
CREATE TABLE consents (
    id         @id,
    contact_id BIGINT NOT NULL,
    purpose    TEXT NOT NULL,
    given      BIGINT NOT NULL,
    text_shown TEXT,
    source     TEXT NOT NULL,
    proof      @json,
    at         BIGINT NOT NULL,
    current    BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX consents_contact ON consents (contact_id, purpose, id);
CREATE UNIQUE INDEX consents_current ON consents (purpose, contact_id) WHERE current = 1;

CREATE TABLE devices (
    id          @id,
    tracking_id TEXT NOT NULL,
    contact_id  BIGINT NOT NULL,
    kind        TEXT,
    os          TEXT,
    brand       TEXT,
    agent       TEXT,
    -- 1: the contact proved it (a mail's link, a confirmation); 0: somebody claimed it.
    -- The nameless visitor that the device was before the claim; her history joins when it is proven.
    verified    BIGINT NOT NULL DEFAULT 0,
    visitor_id  BIGINT,
    created_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX devices_tracking ON devices (tracking_id);
CREATE INDEX devices_contact ON devices (contact_id);

CREATE TABLE urls (
    id  @id,
    url TEXT NOT NULL
);
CREATE UNIQUE INDEX urls_url ON urls (url);

-- What happened, append only. kind: hg_core::events::EventKind.
CREATE TABLE events (
    id          @id,
    contact_id  BIGINT NOT NULL,
    kind        BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    object_id   BIGINT NOT NULL DEFAULT 0,
    ref_id      BIGINT,
    url_id      BIGINT,
    detail      @json
);
CREATE INDEX events_contact ON events (contact_id, occurred_at);
CREATE INDEX events_kind ON events (kind, object_id, occurred_at, contact_id);

-- What segments and campaigns still have to react to; a row goes in the transaction that reacted.
CREATE TABLE contact_changes (
    id          @id,
    contact_id  BIGINT NOT NULL,
    kind        BIGINT NOT NULL,
    object_id   BIGINT NOT NULL DEFAULT 0,
    ref_id      BIGINT,
    detail      @json,
    occurred_at BIGINT NOT NULL,
    failures    BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE imports (
    id          @id,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    created_by  BIGINT,
    file_name   TEXT NOT NULL,
    file_path   TEXT NOT NULL,
    file_bytes  BIGINT NOT NULL,
    state       TEXT NOT NULL,
    setup       @json NOT NULL,
    dry_run     @json,
    -- Where to go on: bytes of the decoded file and rows already done, written with the rows themselves.
    resume_at   BIGINT NOT NULL DEFAULT 0,
    rows_done   BIGINT NOT NULL DEFAULT 0,
    rows_total  BIGINT,
    created     BIGINT NOT NULL DEFAULT 0,
    updated     BIGINT NOT NULL DEFAULT 0,
    skipped     BIGINT NOT NULL DEFAULT 0,
    rejected    BIGINT NOT NULL DEFAULT 0,
    message     TEXT,
    started_at  BIGINT,
    finished_at BIGINT
);

CREATE TABLE import_rejects (
    import_id BIGINT NOT NULL,
    line      BIGINT NOT NULL,
    reason    TEXT NOT NULL,
    cells     @json NOT NULL,
    PRIMARY KEY (import_id, line)
);
