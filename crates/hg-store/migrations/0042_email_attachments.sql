-- Files that go out with emails. Their bytes lie with the pictures, under their hash; what is no picture of the library is
-- never served to the public.
CREATE TABLE attachments (
    id           @id,
    created_at   BIGINT NOT NULL,
    created_by   BIGINT,
    deleted_at   BIGINT,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes        BIGINT NOT NULL,
    -- SHA-256 of the bytes, in hexadecimal digits.
    hash         TEXT NOT NULL
);
CREATE INDEX attachments_hash ON attachments (hash);

-- Ids of the files, in their order.
ALTER TABLE emails ADD COLUMN attachments @json;
-- The contact's owner sends it.
ALTER TABLE emails ADD COLUMN owner_sends BIGINT NOT NULL DEFAULT 0;
