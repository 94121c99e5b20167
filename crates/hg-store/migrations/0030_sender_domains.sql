-- Domains that mail is sent from, what the DNS says about them, and the keys that sign for them.

CREATE TABLE sender_domains (
    id         @id,
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    created_by BIGINT,
    -- In lower case, as it stands in the DNS.
    name       TEXT NOT NULL,
    checked_at BIGINT,
    -- What was found at that time, one entry a record.
    findings   @json
);
CREATE UNIQUE INDEX sender_domains_name ON sender_domains (name) WHERE deleted_at IS NULL;

CREATE TABLE sender_keys (
    id          @id,
    created_at  BIGINT NOT NULL,
    domain_id   BIGINT NOT NULL,
    selector    TEXT NOT NULL,
    -- ed25519 or rsa.
    algorithm   TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    -- Encrypted with the workspace's secret key.
    private_key TEXT NOT NULL,
    -- waiting (to be seen in the DNS), active (signs), retired (its record may go soon).
    state       TEXT NOT NULL,
    state_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX sender_keys_selector ON sender_keys (domain_id, selector);
CREATE INDEX sender_keys_active ON sender_keys (domain_id) WHERE state = 'active';
