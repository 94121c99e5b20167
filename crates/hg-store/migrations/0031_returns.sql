-- What comes back for messages: bounces, complaints, replies, leaves by mail, from the mailbox and from providers.

CREATE TABLE mail_returns (
    id          @id,
    received_at BIGINT NOT NULL,
    -- mailbox, or the provider.
    source      TEXT NOT NULL,
    -- The same report twice is one.
    event_key   TEXT NOT NULL,
    -- bounce, complaint, unsubscribe, reply, auto_reply, delivered, other.
    kind        TEXT NOT NULL,
    -- Why a bounce came back, and what followed for the contact.
    class       TEXT,
    verdict     TEXT NOT NULL,
    send_id     BIGINT,
    contact_id  BIGINT,
    email_id    BIGINT,
    address     TEXT,
    reason      TEXT,
    -- As it came, shortened.
    raw         TEXT
);
CREATE UNIQUE INDEX mail_returns_once ON mail_returns (source, event_key);
CREATE INDEX mail_returns_received ON mail_returns (received_at);
CREATE INDEX mail_returns_contact ON mail_returns (contact_id) WHERE contact_id IS NOT NULL;

-- Passing refusals of an address since it was last heard of.
CREATE TABLE soft_bounces (
    contact_id BIGINT PRIMARY KEY,
    times      BIGINT NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL
);

-- How much came back each day, by where from and what became of it.
CREATE TABLE return_counts (
    day     BIGINT NOT NULL,
    source  TEXT NOT NULL,
    outcome TEXT NOT NULL,
    times   BIGINT NOT NULL,
    PRIMARY KEY (day, source, outcome)
);

-- The last look into the mailbox.
CREATE TABLE mailbox_looks (
    id        BIGINT PRIMARY KEY,
    looked_at BIGINT NOT NULL,
    fetched   BIGINT NOT NULL,
    error     TEXT
);

ALTER TABLE sends ADD COLUMN bounced_at BIGINT;
ALTER TABLE sends ADD COLUMN complained_at BIGINT;
ALTER TABLE sends ADD COLUMN replied_at BIGINT;
ALTER TABLE sends ADD COLUMN delivered_at BIGINT;
ALTER TABLE email_counts ADD COLUMN bounced BIGINT NOT NULL DEFAULT 0;
ALTER TABLE email_counts ADD COLUMN complained BIGINT NOT NULL DEFAULT 0;
ALTER TABLE email_counts ADD COLUMN replied BIGINT NOT NULL DEFAULT 0;
