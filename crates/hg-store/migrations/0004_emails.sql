-- Emails, the ledger of sends, tracked links, the built-in outbox.

CREATE TABLE emails (
    id              @id,
    version         BIGINT NOT NULL DEFAULT 1,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    deleted_at      BIGINT,
    created_by      BIGINT,
    name            TEXT NOT NULL,
    subject         TEXT NOT NULL,
    preheader       TEXT,
    from_name       TEXT,
    from_address    TEXT,
    reply_to        TEXT,
    format          TEXT NOT NULL DEFAULT 'html',
    source          TEXT NOT NULL DEFAULT '',
    plain_text      TEXT,
    kind            TEXT NOT NULL,
    purpose         TEXT NOT NULL,
    published       BIGINT NOT NULL DEFAULT 1,
    language        TEXT NOT NULL DEFAULT 'en',
    utm             @json,
    headers         @json,
    extra           @json,
    -- Changes whenever what is sent changes; a send remembers the revision it was made from.
    revision        BIGINT NOT NULL DEFAULT 1,
    send_state      TEXT NOT NULL DEFAULT 'idle',
    -- 1: everybody of the audience has a row among the sends.
    send_filled     BIGINT NOT NULL DEFAULT 0,
    sent            BIGINT NOT NULL DEFAULT 0,
    opened          BIGINT NOT NULL DEFAULT 0,
    clicked         BIGINT NOT NULL DEFAULT 0,
    unsubscribed    BIGINT NOT NULL DEFAULT 0,
    failed          BIGINT NOT NULL DEFAULT 0,
    unknown         BIGINT NOT NULL DEFAULT 0,
    skipped         BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE email_segments (
    email_id   BIGINT NOT NULL,
    segment_id BIGINT NOT NULL,
    excluded   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (email_id, segment_id, excluded)
);
CREATE INDEX email_segments_segment ON email_segments (segment_id);

-- What an email looked like in a revision, for the web view and for sends made from it.
CREATE TABLE email_revisions (
    email_id   BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    content    @json NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (email_id, revision)
);

-- One row per contact, email and occasion: the promise never to send the same thing twice.
-- state: hg_core::emails::SendState.
CREATE TABLE sends (
    id              @id,
    email_id        BIGINT NOT NULL,
    contact_id      BIGINT NOT NULL,
    occasion        TEXT NOT NULL,
    state           BIGINT NOT NULL,
    reason          TEXT,
    address         TEXT NOT NULL,
    tracking_key    TEXT NOT NULL,
    message_id      TEXT NOT NULL,
    marketing       BIGINT NOT NULL,
    revision        BIGINT NOT NULL,
    campaign_id     BIGINT,
    step_id         BIGINT,
    tokens          @json,
    lane            BIGINT NOT NULL DEFAULT 1,
    due_at          BIGINT NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    claimed_until   BIGINT,
    created_at      BIGINT NOT NULL,
    handed_at       BIGINT,
    sent_at         BIGINT,
    opened_at       BIGINT,
    clicked_at      BIGINT,
    unsubscribed_at BIGINT,
    opens           BIGINT NOT NULL DEFAULT 0,
    clicks          BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX sends_once ON sends (email_id, contact_id, occasion);
CREATE UNIQUE INDEX sends_tracking ON sends (tracking_key);
CREATE INDEX sends_contact ON sends (contact_id);
CREATE INDEX sends_due ON sends (lane, due_at) WHERE state = 0;
CREATE INDEX sends_open ON sends (state) WHERE state IN (1, 2);
CREATE INDEX sends_email ON sends (email_id, state);

CREATE TABLE redirects (
    id         @id,
    public_key TEXT NOT NULL,
    url        TEXT NOT NULL,
    email_id   BIGINT NOT NULL DEFAULT 0,
    hits       BIGINT NOT NULL DEFAULT 0,
    people     BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX redirects_key ON redirects (public_key);
CREATE UNIQUE INDEX redirects_target ON redirects (email_id, url);

CREATE TABLE outbox (
    id         @id,
    send_id    BIGINT,
    email_id   BIGINT,
    contact_id BIGINT,
    sender     TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    caught_at  BIGINT NOT NULL,
    message    @bytes NOT NULL
);
CREATE UNIQUE INDEX outbox_send ON outbox (send_id) WHERE send_id IS NOT NULL;
