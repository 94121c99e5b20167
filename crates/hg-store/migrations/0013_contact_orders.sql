-- What keeps lists of ten million contacts quick: which rows changed since (read from the index alone), whose they are.

CREATE INDEX contacts_updated ON contacts (updated_at, id, version);
CREATE INDEX contacts_owner ON contacts (owner_id, id) WHERE owner_id IS NOT NULL;
