//! Joins and leaves of many at once stand in the log as one row with a set; here those of one contact are found again.

use hg_core::ids::{ContactId, SegmentId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::error::Result;
use crate::segments::members::decode;

/// How far back a contact's history is looked through: so many rows of the log, the newest first.
const MOST: i64 = 1_000;

/// A contact joined or left a segment together with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedWithMany {
    /// The row of the log.
    pub row: i64,
    pub segment: SegmentId,
    pub at: Timestamp,
    pub joined: bool,
}

/// Where a contact moved together with others within this time, newest first.
pub fn moved_with_many(tx: &mut Tx<'_>, contact: ContactId, from: i64, until: i64) -> Result<Vec<MovedWithMany>> {
    let rows = tx.all(
        Sql::new(
            "SELECT id, segment_id, at, joined, bits FROM segment_log WHERE contact_id IS NULL AND at >= $2 AND at < $3 \
             AND (lowest IS NULL OR (lowest <= $1 AND highest >= $1)) ORDER BY at DESC, id DESC LIMIT $4",
        )
        .bind(contact)
        .bind(from)
        .bind(until)
        .bind(MOST),
        |r| {
            let moved = MovedWithMany { row: r.get(0)?, segment: r.get(1)?, at: r.get(2)?, joined: r.get(3)? };
            Ok((moved, r.get::<Option<Vec<u8>>>(4)?))
        },
    )?;
    let mut found = Vec::new();
    for (moved, bits) in rows {
        if let Some(bits) = bits
            && decode(&bits)?.contains(contact.bit())
        {
            found.push(moved);
        }
    }
    Ok(found)
}
