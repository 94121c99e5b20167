//! Membership as it is stored: a bitmap in chunks of 65,536 contact ids, and its cache.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hg_core::ids::{ContactId, SegmentId, below};
use hg_store::{Sql, StoreError, Tx};
use roaring::RoaringBitmap;

use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// Announced with `{id, count}` when membership changed.
pub(super) const TOPIC: &str = "segment";

#[derive(Default)]
struct Cache(Mutex<HashMap<SegmentId, (i64, Arc<RoaringBitmap>)>>);

pub(super) fn chunk_of(contact: ContactId) -> i64 {
    i64::from(contact.bit() >> 16)
}

pub(super) fn decode(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes)
        .map_err(|e| Error::from(StoreError::Other(format!("a stored bitmap cannot be read: {e}"))))
}

pub(super) fn encode(bits: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(bits.serialized_size());
    // Writing into memory cannot fail.
    let _ = bits.serialize_into(&mut bytes);
    bytes
}

/// Who belongs to a segment. Deleted segments have nobody.
pub fn members(ws: &Workspace, tx: &mut Tx<'_>, segment: SegmentId) -> Result<Arc<RoaringBitmap>> {
    let version: Option<i64> = tx
        .opt(Sql::new("SELECT members_version FROM segments WHERE id = $1 AND deleted_at IS NULL").bind(segment), |r| r.get(0))?;
    let Some(version) = version else { return Ok(Arc::default()) };
    let cache = ws.part::<Cache>();
    let held = cache.0.lock().unwrap_or_else(PoisonError::into_inner).get(&segment).cloned();
    if let Some((_, bits)) = held.filter(|(v, _)| *v == version) {
        return Ok(bits);
    }
    let bits = Arc::new(read_all(tx, segment)?);
    cache.0.lock().unwrap_or_else(PoisonError::into_inner).insert(segment, (version, bits.clone()));
    Ok(bits)
}

/// Whether a contact belongs to a segment.
pub fn contains(tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId) -> Result<bool> {
    let bytes: Option<Vec<u8>> = tx.opt(
        Sql::new("SELECT bits FROM segment_chunks WHERE segment_id = $1 AND chunk = $2").bind(segment).bind(chunk_of(contact)),
        |r| r.get(0),
    )?;
    Ok(match bytes {
        Some(bytes) => decode(&bytes)?.contains(contact.bit()),
        None => false,
    })
}

pub(super) fn read_all(tx: &mut Tx<'_>, segment: SegmentId) -> Result<RoaringBitmap> {
    let chunks: Vec<Vec<u8>> =
        tx.all(Sql::new("SELECT bits FROM segment_chunks WHERE segment_id = $1 ORDER BY chunk").bind(segment), |r| r.get(0))?;
    let mut all = RoaringBitmap::new();
    for bytes in chunks {
        all |= decode(&bytes)?;
    }
    Ok(all)
}

/// The chunks of several segments while a transaction works on them: read once, changed in memory,
/// written once.
#[derive(Default)]
pub(super) struct Chunks {
    held: BTreeMap<(SegmentId, i64), Held>,
}

#[derive(Default)]
struct Held {
    bits: RoaringBitmap,
    joined: u64,
    left: u64,
}

impl Chunks {
    fn held(&mut self, tx: &mut Tx<'_>, segment: SegmentId, chunk: i64) -> Result<&mut Held> {
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.held.entry((segment, chunk)) {
            let bytes: Option<Vec<u8>> = tx.opt(
                Sql::new("SELECT bits FROM segment_chunks WHERE segment_id = $1 AND chunk = $2").bind(segment).bind(chunk),
                |r| r.get(0),
            )?;
            let bits = bytes.map(|b| decode(&b)).transpose()?.unwrap_or_default();
            vacant.insert(Held { bits, joined: 0, left: 0 });
        }
        Ok(self.held.entry((segment, chunk)).or_default())
    }

    pub fn contains(&mut self, tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId) -> Result<bool> {
        Ok(self.held(tx, segment, chunk_of(contact))?.bits.contains(contact.bit()))
    }

    /// Lets a contact join or leave; whether that changed anything.
    pub fn set(&mut self, tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId, member: bool) -> Result<bool> {
        let held = self.held(tx, segment, chunk_of(contact))?;
        let changed = if member { held.bits.insert(contact.bit()) } else { held.bits.remove(contact.bit()) };
        if changed && member {
            held.joined += 1;
        } else if changed {
            held.left += 1;
        }
        Ok(changed)
    }

    /// As [`Chunks::set`] for many of one chunk at once.
    pub fn set_many(
        &mut self,
        tx: &mut Tx<'_>,
        segment: SegmentId,
        chunk: i64,
        join: &RoaringBitmap,
        leave: &RoaringBitmap,
    ) -> Result<()> {
        let held = self.held(tx, segment, chunk)?;
        held.joined += (join - &held.bits).len();
        held.left += (leave & &held.bits).len();
        held.bits |= join;
        held.bits -= leave;
        Ok(())
    }

    /// Writes what changed, with the counts and a new version of each segment's membership.
    pub fn write(self, ws: &Workspace, tx: &mut Tx<'_>) -> Result<()> {
        let mut changes: BTreeMap<SegmentId, i64> = BTreeMap::new();
        for ((segment, chunk), held) in self.held {
            if held.joined == 0 && held.left == 0 {
                continue;
            }
            let delta = i64::try_from(held.joined).unwrap_or(0) - i64::try_from(held.left).unwrap_or(0);
            *changes.entry(segment).or_default() += delta;
            if held.bits.is_empty() {
                tx.exec(Sql::new("DELETE FROM segment_chunks WHERE segment_id = $1 AND chunk = $2").bind(segment).bind(chunk))?;
            } else {
                tx.exec(
                    Sql::new(
                        "INSERT INTO segment_chunks (segment_id, chunk, bits) VALUES ($1, $2, $3) \
                         ON CONFLICT (segment_id, chunk) DO UPDATE SET bits = excluded.bits",
                    )
                    .bind(segment)
                    .bind(chunk)
                    .bind(encode(&held.bits)),
                )?;
            }
        }
        for (segment, delta) in changes {
            // A drawn version is never met again, not even when this transaction is taken back.
            let version = i64::try_from(below(&*ws.chance, i64::MAX as u64)).unwrap_or(0);
            let count: Option<i64> = tx.opt(
                Sql::new("UPDATE segments SET members = members + $2, members_version = $3 WHERE id = $1 RETURNING members")
                    .bind(segment)
                    .bind(delta)
                    .bind(version),
                |r| r.get(0),
            )?;
            if let Some(count) = count {
                tx.announce(TOPIC, format!(r#"{{"id":{segment},"count":{count}}}"#));
            }
        }
        Ok(())
    }
}
