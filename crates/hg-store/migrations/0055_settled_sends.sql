-- A message changes its state three times on its way out; only the last one is worth an index of all messages. What waits
-- is found through `sends_due` and `sends_open`, what came to an end through `sends_settled`, everybody of an email in the
-- order of the messages through `sends_of_email`.
DROP INDEX sends_email;
DROP INDEX sends_content;
DROP INDEX sends_open;
CREATE INDEX sends_of_email ON sends (email_id, id);
CREATE INDEX sends_settled ON sends (email_id, state) WHERE state >= 3;
CREATE INDEX sends_content ON sends (content_id, state) WHERE content_id IS NOT NULL AND state >= 3;
CREATE INDEX sends_open ON sends (email_id) WHERE state IN (1, 2);
