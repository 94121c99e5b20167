-- Pieces of emails that are kept to be used again.

CREATE TABLE email_blocks (
    id         @id,
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    created_by BIGINT,
    name       TEXT NOT NULL,
    category   TEXT NOT NULL DEFAULT '',
    -- html or mjml.
    format     TEXT NOT NULL,
    source     TEXT NOT NULL
);

-- Which emails are linked to a block; follows their sources.
CREATE TABLE email_block_uses (
    block_id BIGINT NOT NULL,
    email_id BIGINT NOT NULL,
    PRIMARY KEY (block_id, email_id)
);
CREATE INDEX email_block_uses_email ON email_block_uses (email_id);
