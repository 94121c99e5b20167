-- One deed on many contacts: whom it is about, how far it is, and how each piece of it can be taken back.

CREATE TABLE bulk_actions (
    id         @id,
    created_at BIGINT NOT NULL,
    created_by BIGINT,
    action     @json NOT NULL,
    -- Whom it is about, as a bitmap; none when all was done at once.
    wanted     @bytes,
    -- How many of them are done, written with what was done to them.
    position   BIGINT NOT NULL DEFAULT 0,
    affected   BIGINT NOT NULL DEFAULT 0,
    job_id     BIGINT,
    undone_at  BIGINT
);
CREATE INDEX bulk_actions_age ON bulk_actions (created_at);

-- What has to be done to whom so that a piece is as if it never happened; a row goes when that is done.
CREATE TABLE bulk_undos (
    id       @id,
    bulk_id  BIGINT NOT NULL REFERENCES bulk_actions (id) ON DELETE CASCADE,
    action   @json NOT NULL,
    contacts @bytes NOT NULL
);
CREATE INDEX bulk_undos_of ON bulk_undos (bulk_id, id);

-- Companies carry the same tags as contacts.
CREATE TABLE company_tags (
    company_id BIGINT NOT NULL,
    tag_id     BIGINT NOT NULL,
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (company_id, tag_id)
);
CREATE INDEX company_tags_tag ON company_tags (tag_id, company_id);

-- Whoever names a company but belongs to none is led to the company of that name, in the background.
INSERT INTO jobs (kind, title, payload, state, due_at, visible, created_at)
SELECT 'companies.adopt', 'Lead contacts to the companies that they name', CAST('{}' AS @json), 'queued', 0, 1, 0
WHERE EXISTS (SELECT 1 FROM contacts WHERE company <> '' AND deleted_at IS NULL);
