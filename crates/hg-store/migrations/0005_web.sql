-- Landing pages, forms and their answers.

CREATE TABLE pages (
    id               @id,
    version          BIGINT NOT NULL DEFAULT 1,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    deleted_at       BIGINT,
    created_by       BIGINT,
    title            TEXT NOT NULL,
    alias            TEXT NOT NULL,
    html             TEXT NOT NULL DEFAULT '',
    language         TEXT NOT NULL DEFAULT 'en',
    published        BIGINT NOT NULL DEFAULT 1,
    no_index         BIGINT NOT NULL DEFAULT 0,
    meta_description TEXT,
    head_script      TEXT,
    footer_script    TEXT,
    redirect_type    BIGINT,
    redirect_url     TEXT,
    extra            @json,
    hits             BIGINT NOT NULL DEFAULT 0,
    unique_hits      BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX pages_alias ON pages (alias) WHERE deleted_at IS NULL;

CREATE TABLE forms (
    id                   @id,
    version              BIGINT NOT NULL DEFAULT 1,
    created_at           BIGINT NOT NULL,
    updated_at           BIGINT NOT NULL,
    deleted_at           BIGINT,
    created_by           BIGINT,
    name                 TEXT NOT NULL,
    alias                TEXT NOT NULL,
    description          TEXT,
    kind                 TEXT NOT NULL DEFAULT 'standalone',
    published            BIGINT NOT NULL DEFAULT 1,
    fields               @json NOT NULL,
    actions              @json NOT NULL,
    post_action          TEXT NOT NULL DEFAULT 'message',
    post_action_property TEXT,
    extra                @json,
    submissions          BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE submissions (
    id           @id,
    form_id      BIGINT NOT NULL,
    contact_id   BIGINT,
    submitted_at BIGINT NOT NULL,
    answers      @json NOT NULL,
    page_id      BIGINT,
    device_id    BIGINT,
    referrer     TEXT,
    utm_source   TEXT,
    utm_medium   TEXT,
    utm_campaign TEXT,
    nonce        TEXT,
    -- 0: somebody claimed an address that is not proven hers; tags and points wait (decisions.md).
    verified     BIGINT NOT NULL DEFAULT 1,
    actions_done BIGINT NOT NULL DEFAULT 1,
    -- Answers of robots are kept apart and never counted.
    quarantined  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX submissions_form ON submissions (form_id, id);
CREATE INDEX submissions_contact ON submissions (contact_id);
CREATE UNIQUE INDEX submissions_nonce ON submissions (form_id, nonce) WHERE nonce IS NOT NULL;
