-- A send to segments that goes on: whoever joins the audience later gets the email too.
ALTER TABLE emails ADD COLUMN evergreen BIGINT NOT NULL DEFAULT 0;
