-- Goals and exit rules of campaigns; what is due, step by step.

CREATE TABLE campaign_rules (
    id           @id,
    campaign_id  BIGINT NOT NULL,
    client_key   TEXT NOT NULL,
    position     BIGINT NOT NULL,
    -- goal or exit.
    aim          TEXT NOT NULL,
    name         TEXT NOT NULL,
    type         TEXT NOT NULL,
    settings     @json NOT NULL,
    -- Who left by it, how long they took in all, and how many of them had been held back.
    reached      BIGINT NOT NULL DEFAULT 0,
    took_ms      BIGINT NOT NULL DEFAULT 0,
    held_reached BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX campaign_rules_key ON campaign_rules (campaign_id, client_key);

-- Why a contact is out, where a rule said so: goal or exit.
ALTER TABLE campaign_members ADD COLUMN left_why TEXT;

-- What is due is asked step by step, so that overdue rows of paused campaigns and steps are never walked past.
DROP INDEX campaign_log_due;
CREATE INDEX campaign_log_due ON campaign_log (step_id, due_at) WHERE state IN (0, 1) AND due_at IS NOT NULL;
