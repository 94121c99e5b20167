-- Steps that fail are tried again, and pause by themselves when most fail; calls of campaigns to other programs.

-- Contacts whose try failed and who wait for the next one.
ALTER TABLE campaign_steps ADD COLUMN failing BIGINT NOT NULL DEFAULT 0;
-- Nobody passes a paused step; who waits there goes on when somebody resumes it.
ALTER TABLE campaign_steps ADD COLUMN paused_at BIGINT;
ALTER TABLE campaign_steps ADD COLUMN paused_why TEXT;

CREATE INDEX campaign_log_failed ON campaign_log (campaign_id, id) WHERE state = 5;

-- A call that is to be made; it goes when there is an answer, and the log of the campaign keeps what came of it.
CREATE TABLE campaign_calls (
    id           @id,
    log_id       BIGINT NOT NULL,
    campaign_id  BIGINT NOT NULL,
    contact_id   BIGINT NOT NULL,
    request      @json NOT NULL,
    made_at      BIGINT NOT NULL,
    -- Somebody makes it until then.
    leased_until BIGINT
);
CREATE UNIQUE INDEX campaign_calls_once ON campaign_calls (log_id);
