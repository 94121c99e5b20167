-- Who changed what, with names that outlive the thing; views of lists that people keep.

ALTER TABLE audit ADD COLUMN object_name TEXT;
ALTER TABLE audit ADD COLUMN address TEXT;
CREATE INDEX audit_user ON audit (user_id, id);

CREATE TABLE views (
    id         @id,
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    -- Which list it belongs to, such as contacts.
    list       TEXT NOT NULL,
    name       TEXT NOT NULL,
    -- Search, filter, order and columns, as the list understands them.
    body       @json NOT NULL,
    shared     BIGINT NOT NULL DEFAULT 0,
    position   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX views_list ON views (list, user_id);
