-- What hangs on a contact: notes, more about devices, addresses, campaign parameters, how she wants to be contacted,
-- addresses that must not be mailed, what merges moved, what may be the same person twice, who was erased.

CREATE TABLE notes (
    id          @id,
    version     BIGINT NOT NULL DEFAULT 1,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    created_by  BIGINT,
    contact_id  BIGINT NOT NULL,
    -- general, email, call or meeting.
    kind        TEXT NOT NULL DEFAULT 'general',
    body        TEXT NOT NULL,
    body_fold   TEXT NOT NULL,
    -- When it happened, which need not be when it was written down.
    happened_at BIGINT NOT NULL,
    pinned      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX notes_contact ON notes (contact_id, pinned, happened_at);

ALTER TABLE devices ADD COLUMN os_short TEXT;
ALTER TABLE devices ADD COLUMN os_version TEXT;
ALTER TABLE devices ADD COLUMN os_platform TEXT;
ALTER TABLE devices ADD COLUMN model TEXT;
ALTER TABLE devices ADD COLUMN client @json;

-- Every address that somebody came from, as it may be kept.
CREATE TABLE contact_addresses (
    id         @id,
    contact_id BIGINT NOT NULL,
    address    TEXT NOT NULL,
    details    @json,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX contact_addresses_once ON contact_addresses (contact_id, address);
CREATE INDEX contact_addresses_address ON contact_addresses (address, contact_id);

CREATE TABLE utm_records (
    id          @id,
    contact_id  BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    -- hit, form or api.
    origin      TEXT NOT NULL,
    source      TEXT,
    medium      TEXT,
    campaign    TEXT,
    content     TEXT,
    term        TEXT,
    url         TEXT,
    referrer    TEXT,
    agent       TEXT,
    remote_host TEXT,
    query       @json
);
CREATE INDEX utm_records_contact ON utm_records (contact_id, id);

-- Campaign parameters of hits that were counted before they had records of their own.
--@sqlite
INSERT INTO utm_records (contact_id, at, origin, source, medium, campaign, content, term, url, referrer)
    SELECT e.contact_id, e.occurred_at, 'hit', e.detail ->> '$.utm.source', e.detail ->> '$.utm.medium', e.detail ->> '$.utm.campaign',
           e.detail ->> '$.utm.content', e.detail ->> '$.utm.term', u.url, e.detail ->> '$.referrer'
    FROM events e LEFT JOIN urls u ON u.id = e.url_id WHERE e.kind = 13 AND e.detail ->> '$.utm' IS NOT NULL;
--@end
--@postgres
INSERT INTO utm_records (contact_id, at, origin, source, medium, campaign, content, term, url, referrer)
    SELECT e.contact_id, e.occurred_at, 'hit', e.detail::jsonb #>> '{utm,source}', e.detail::jsonb #>> '{utm,medium}',
           e.detail::jsonb #>> '{utm,campaign}', e.detail::jsonb #>> '{utm,content}', e.detail::jsonb #>> '{utm,term}', u.url,
           e.detail::jsonb ->> 'referrer'
    FROM events e LEFT JOIN urls u ON u.id = e.url_id WHERE e.kind = 13 AND e.detail::jsonb -> 'utm' IS NOT NULL;
--@end

-- How often somebody wants to hear from us on a channel, and when not at all.
CREATE TABLE frequency_rules (
    contact_id  BIGINT NOT NULL,
    channel     TEXT NOT NULL,
    -- At most so many in a period (DAY, WEEK, MONTH); none: the workspace's rule.
    most        BIGINT,
    period      TEXT,
    preferred   BIGINT NOT NULL DEFAULT 0,
    pause_from  BIGINT,
    pause_until BIGINT,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (contact_id, channel)
);

-- Messages that wait because of such a rule: how often they were put off, and why the last time.
ALTER TABLE sends ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sends ADD COLUMN held_reason TEXT;

-- Addresses that must not be written to, as hashes: they outlive the contacts that had them.
-- reason: 1 unsubscribed, 2 bounced, 3 by hand (as in do_not_contact), 4 complained.
CREATE TABLE suppressions (
    id         @id,
    channel    TEXT NOT NULL DEFAULT 'email',
    hash       TEXT NOT NULL,
    reason     BIGINT NOT NULL,
    source     TEXT NOT NULL,
    comments   TEXT,
    added_at   BIGINT NOT NULL,
    added_by   BIGINT
);
CREATE UNIQUE INDEX suppressions_hash ON suppressions (channel, hash);

-- What a merge did, so that it can be undone: the two as they were, and the ids of what moved, as bitmaps.
CREATE TABLE merges (
    id        @id,
    loser_id  BIGINT NOT NULL,
    winner_id BIGINT NOT NULL,
    merged_at BIGINT NOT NULL,
    merged_by BIGINT,
    undone_at BIGINT,
    before    @json NOT NULL
);
CREATE INDEX merges_winner ON merges (winner_id, id);
CREATE INDEX merges_loser ON merges (loser_id);
CREATE INDEX merges_at ON merges (merged_at);

CREATE TABLE merge_moves (
    merge_id BIGINT NOT NULL,
    -- The table.
    what     TEXT NOT NULL,
    ids      @bytes,
    -- Rows without a number of their own, as they were.
    kept     @json,
    PRIMARY KEY (merge_id, what)
);

-- Two contacts that may be one person. state: open, dismissed, merged.
CREATE TABLE duplicates (
    id       @id,
    rule     TEXT NOT NULL,
    first_id BIGINT NOT NULL,
    other_id BIGINT NOT NULL,
    -- 1: nothing speaks against merging them.
    safe     BIGINT NOT NULL DEFAULT 0,
    state    TEXT NOT NULL DEFAULT 'open',
    found_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX duplicates_pair ON duplicates (first_id, other_id);
CREATE INDEX duplicates_other ON duplicates (other_id);
CREATE INDEX duplicates_open ON duplicates (safe, id) WHERE state = 'open';

-- Who was erased: the number that counts go on standing for, and nothing else.
CREATE TABLE erasures (
    contact_id BIGINT PRIMARY KEY,
    erased_at  BIGINT NOT NULL,
    erased_by  BIGINT,
    -- Why: request, retention.
    reason     TEXT NOT NULL
);
