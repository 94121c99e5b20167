-- Figures of an email in a small row of their own: they change with every message, the email's text does not.

CREATE TABLE email_counts (
    email_id     BIGINT PRIMARY KEY,
    sent         BIGINT NOT NULL DEFAULT 0,
    opened       BIGINT NOT NULL DEFAULT 0,
    clicked      BIGINT NOT NULL DEFAULT 0,
    unsubscribed BIGINT NOT NULL DEFAULT 0,
    failed       BIGINT NOT NULL DEFAULT 0,
    unknown      BIGINT NOT NULL DEFAULT 0,
    skipped      BIGINT NOT NULL DEFAULT 0
);
INSERT INTO email_counts (email_id, sent, opened, clicked, unsubscribed, failed, unknown, skipped)
    SELECT id, sent, opened, clicked, unsubscribed, failed, unknown, skipped FROM emails;
ALTER TABLE emails DROP COLUMN sent;
ALTER TABLE emails DROP COLUMN opened;
ALTER TABLE emails DROP COLUMN clicked;
ALTER TABLE emails DROP COLUMN unsubscribed;
ALTER TABLE emails DROP COLUMN failed;
ALTER TABLE emails DROP COLUMN unknown;
ALTER TABLE emails DROP COLUMN skipped;
