-- What an import did, so that it can be undone for thirty days.

ALTER TABLE imports ADD COLUMN object TEXT NOT NULL DEFAULT 'contact';
-- csv, jsonl or xlsx.
ALTER TABLE imports ADD COLUMN format TEXT NOT NULL DEFAULT 'csv';
-- Of those that wait the lowest number begins first: 1 at once, 64 as usual, 512 when there is time.
ALTER TABLE imports ADD COLUMN priority BIGINT NOT NULL DEFAULT 64;
-- 1: everything since the first row is written down in import_made and import_changes.
ALTER TABLE imports ADD COLUMN logged BIGINT NOT NULL DEFAULT 0;
-- None: nobody undid it. queued, running, stopped, done or failed; expired: what it did was forgotten.
ALTER TABLE imports ADD COLUMN undo_state TEXT;
-- How far the undoing is, and who asked for it.
ALTER TABLE imports ADD COLUMN undo @json;

-- Records that a batch made, as a bitmap.
CREATE TABLE import_made (
    import_id BIGINT NOT NULL,
    place     BIGINT NOT NULL,
    count     BIGINT NOT NULL,
    ids       @bytes NOT NULL,
    PRIMARY KEY (import_id, place)
);

-- Records that were there: what a batch changed of them, as it was and as it became.
CREATE TABLE import_changes (
    id         @id,
    import_id  BIGINT NOT NULL,
    contact_id BIGINT,
    company_id BIGINT,
    noted      @json NOT NULL
);
CREATE INDEX import_changes_import ON import_changes (import_id, id);
CREATE INDEX import_changes_contact ON import_changes (contact_id);

-- Mappings that people gave a name; files with the same head line take them by themselves.
CREATE TABLE import_mappings (
    id         @id,
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    created_by BIGINT,
    name       TEXT NOT NULL,
    object     TEXT NOT NULL,
    -- The head line, folded, as a JSON list.
    head_key   TEXT NOT NULL,
    setup      @json NOT NULL
);
CREATE UNIQUE INDEX import_mappings_name ON import_mappings (object, name);
CREATE INDEX import_mappings_head ON import_mappings (object, head_key);
