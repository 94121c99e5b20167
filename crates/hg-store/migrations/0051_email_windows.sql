-- From when until when an email may be sent; null: no limit on that side.
ALTER TABLE emails ADD COLUMN publish_up BIGINT;
ALTER TABLE emails ADD COLUMN publish_down BIGINT;
