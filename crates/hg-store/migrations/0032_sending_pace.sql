-- How much marketing mail left on each day, for ceilings; and why a send was stopped by itself.

CREATE TABLE sent_days (
    -- Days since 1970 in the workspace's zone.
    day   BIGINT PRIMARY KEY,
    times BIGINT NOT NULL
);

ALTER TABLE emails ADD COLUMN stopped_reason TEXT;
