-- What is left behind: where a device was seen last and where an answer came from: proof of a consent, shortened when the settings say so.

ALTER TABLE devices ADD COLUMN address TEXT;
ALTER TABLE submissions ADD COLUMN address TEXT;

-- Rows that stand for many: between which contact ids their people lie, so that those of one contact are found.
ALTER TABLE segment_log ADD COLUMN lowest BIGINT;
ALTER TABLE segment_log ADD COLUMN highest BIGINT;
CREATE INDEX segment_log_many ON segment_log (at, lowest, highest) WHERE contact_id IS NULL;
