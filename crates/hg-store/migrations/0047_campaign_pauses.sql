-- What becomes of the time that passes while a campaign is paused (campaigns.md §5.3).
ALTER TABLE campaigns ADD COLUMN republish TEXT NOT NULL DEFAULT 'count_all_time';
-- Since when it is paused; none while it runs and before it first ran.
ALTER TABLE campaigns ADD COLUMN paused_at BIGINT;
-- 1 while waits are planned anew after a pause: what is overdue is not run before that is done.
ALTER TABLE campaigns ADD COLUMN resuming BIGINT NOT NULL DEFAULT 0;
