-- Campaigns that were tried, and what came of it.

CREATE TABLE campaign_simulations (
    id          @id,
    campaign_id BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  BIGINT,
    setup       @json NOT NULL,
    -- running, done, stopped, failed.
    state       TEXT NOT NULL,
    message     TEXT,
    report      @json
);
CREATE INDEX campaign_simulations_campaign ON campaign_simulations (campaign_id, id);
