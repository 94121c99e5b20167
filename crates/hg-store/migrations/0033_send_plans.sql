-- How a send to segments is to go out: from when, how fast, with whose consent.

CREATE TABLE send_plans (
    email_id    BIGINT PRIMARY KEY,
    -- Nothing leaves before; until then it can be called back.
    starts_at   BIGINT NOT NULL,
    -- At most so many an hour; 0: as fast as it goes.
    per_hour    BIGINT NOT NULL DEFAULT 0,
    asked_by    BIGINT,
    asked_at    BIGINT NOT NULL,
    -- Who said yes or no, where somebody had to be asked.
    answered_by BIGINT,
    answer      TEXT,
    paused_at   BIGINT
);

-- Lanes: 0 single messages, 1 campaigns, 2 sends to segments. Within a lane every email gets its share.
UPDATE sends SET lane = lane + 1 WHERE state IN (0, 1, 2) AND lane IN (1, 101);
DROP INDEX sends_due;
CREATE INDEX sends_due ON sends (lane, email_id, due_at) WHERE state = 0;
