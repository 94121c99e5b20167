-- What one email can be to different people: blocks chosen by conditions, variants in a test, other languages.

ALTER TABLE emails ADD COLUMN dynamic @json;

-- A variant or a translation belongs to a parent: what is sent, counted and never sent twice is the parent.
-- parent_as: variant or translation; weight: the share of a variant in percent, the parent gets the rest.
ALTER TABLE emails ADD COLUMN parent_id BIGINT;
ALTER TABLE emails ADD COLUMN parent_as TEXT;
ALTER TABLE emails ADD COLUMN weight BIGINT NOT NULL DEFAULT 0;
CREATE INDEX emails_parent ON emails (parent_id) WHERE parent_id IS NOT NULL;

-- Which member of the family a message is written from; null: the email itself.
ALTER TABLE sends ADD COLUMN content_id BIGINT;

-- Tests of variants, the running one (ended_at is null) and the past ones.
-- criterion: opens or clicks; share: percent of the audience that takes part in the test.
CREATE TABLE email_tests (
    id         @id,
    email_id   BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    started_by BIGINT,
    criterion  TEXT NOT NULL,
    share      BIGINT NOT NULL,
    automatic  BIGINT NOT NULL,
    -- The rest gets the best one at this instant even without a clear winner; null: it waits for one.
    decide_at  BIGINT,
    -- What was counted before the test began, by email.
    before     @json NOT NULL,
    ended_at   BIGINT,
    ended_by   BIGINT,
    -- automatic, deadline, hand or changed.
    ended_how  TEXT,
    winner_id  BIGINT,
    -- The figures as they were at the end.
    figures    @json
);
CREATE UNIQUE INDEX email_tests_running ON email_tests (email_id) WHERE ended_at IS NULL;
CREATE INDEX email_tests_email ON email_tests (email_id, id);
