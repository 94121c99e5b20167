-- Versions of campaigns: what each publishing made, and what of it is still to be brought to the people inside.

CREATE TABLE campaign_versions (
    id          @id,
    campaign_id BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    made_at     BIGINT NOT NULL,
    made_by     BIGINT,
    note        TEXT,
    -- Sources, steps and settings as they were published.
    plan        @json NOT NULL,
    -- keep, replan or restart.
    inside      TEXT NOT NULL DEFAULT 'keep',
    added       BIGINT NOT NULL DEFAULT 0,
    changed     BIGINT NOT NULL DEFAULT 0,
    removed     BIGINT NOT NULL DEFAULT 0,
    -- What is to be done with the people inside, and how far that is; done: all of it is.
    work        @json,
    cursor      @json,
    done        BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX campaign_versions_number ON campaign_versions (campaign_id, number);
CREATE INDEX campaign_versions_open ON campaign_versions (campaign_id, number) WHERE done = 0;

-- Of a removed step: where those who waited there go on; 0: they leave; null: their way ends.
ALTER TABLE campaign_steps ADD COLUMN redirect_id BIGINT;
