-- What the author changed on an email that readers get already, until it is published.

CREATE TABLE email_drafts (
    email_id      BIGINT PRIMARY KEY,
    version       BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    updated_by    BIGINT,
    -- The version of the email that it was begun from.
    revision      BIGINT NOT NULL,
    content       @json NOT NULL
);
