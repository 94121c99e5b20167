-- What colleagues say to each other about an email.

CREATE TABLE email_comments (
    id          @id,
    email_id    BIGINT NOT NULL,
    -- The comment that this one answers; none: it opens a thread.
    parent_id   BIGINT,
    created_at  BIGINT NOT NULL,
    created_by  BIGINT,
    body        TEXT NOT NULL,
    -- The version of the email that it speaks of.
    revision    BIGINT NOT NULL,
    resolved_at BIGINT,
    resolved_by BIGINT
);
CREATE INDEX email_comments_email ON email_comments (email_id, id);
