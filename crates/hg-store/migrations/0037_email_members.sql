-- Figures of a variant or translation are counted by the member that messages were written from.

CREATE INDEX sends_content ON sends (content_id, state) WHERE content_id IS NOT NULL;
