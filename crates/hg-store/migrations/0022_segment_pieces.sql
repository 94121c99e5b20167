-- Membership in pieces of 4,096 ids, so that one who joins rewrites half a kilobyte instead of eight. The step moves
-- what is in segment_chunks, and drops it.

CREATE TABLE segment_pieces (
    segment_id BIGINT NOT NULL,
    piece      BIGINT NOT NULL,
    bits       @bytes NOT NULL,
    PRIMARY KEY (segment_id, piece)
--@sqlite
) WITHOUT ROWID;
--@end
--@postgres
-- Room for the next version of a piece beside it.
) WITH (fillfactor = 70);
--@end
