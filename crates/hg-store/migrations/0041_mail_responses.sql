-- Every open and click as it came in, with what speaks for a machine; and where an email's responses come from.

-- kind: 0 open, 1 click, 2 the link that no person sees. class: human, proxy or machine. score: how sure, from 0 to 100.
-- counted: 1 as the first open, 2 as the first click of the message, 3 as both; so that it can be taken back.
CREATE TABLE mail_responses (
    id          @id,
    send_id     BIGINT NOT NULL,
    kind        BIGINT NOT NULL,
    redirect_id BIGINT,
    at          BIGINT NOT NULL,
    class       TEXT NOT NULL,
    score       BIGINT NOT NULL,
    reasons     TEXT NOT NULL,
    counted     BIGINT NOT NULL DEFAULT 0,
    agent       TEXT,
    address     TEXT
);
CREATE INDEX mail_responses_send ON mail_responses (send_id, at);

-- The first response of a machine; opened_at and clicked_at stay those of people.
ALTER TABLE sends ADD COLUMN machine_opened_at BIGINT;
ALTER TABLE sends ADD COLUMN machine_clicked_at BIGINT;
ALTER TABLE email_counts ADD COLUMN machine_opened BIGINT NOT NULL DEFAULT 0;
ALTER TABLE email_counts ADD COLUMN machine_clicked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE redirects ADD COLUMN machine_hits BIGINT NOT NULL DEFAULT 0;

-- People who opened and clicked, by device, program, domain, country and hour.
CREATE TABLE email_facets (
    email_id BIGINT NOT NULL,
    facet    TEXT NOT NULL,
    value    TEXT NOT NULL,
    opened   BIGINT NOT NULL DEFAULT 0,
    clicked  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (email_id, facet, value)
);
