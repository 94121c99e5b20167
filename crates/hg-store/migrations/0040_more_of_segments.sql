-- Segments that are wanted only until a date.

ALTER TABLE segments ADD COLUMN expires_at BIGINT;
-- What its maker was told: 0 nothing, 1 that it ends soon, 2 that it ended.
ALTER TABLE segments ADD COLUMN expiry_told BIGINT NOT NULL DEFAULT 0;
CREATE INDEX segments_expiry ON segments (expires_at) WHERE expires_at IS NOT NULL AND expiry_told < 2;

-- Segments of companies have categories as those of contacts do.
ALTER TABLE company_segments ADD COLUMN category_id BIGINT;
