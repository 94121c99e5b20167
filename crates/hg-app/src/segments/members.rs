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

/// Membership as it was last read or written, by segment. What is kept belongs to one version of the membership: after
/// another process wrote, or a transaction was taken back, the versions differ, and everything is read again.
#[derive(Default)]
struct Cache(Mutex<HashMap<SegmentId, Kept>>);

#[derive(Default)]
struct Kept {
    version: i64,
    /// Those that were looked at; a chunk with nobody in it is empty.
    chunks: HashMap<i64, Arc<RoaringBitmap>>,
}

/// Whole memberships as readers last wanted them, with their version. Apart from what the writer keeps, which is ahead.
#[derive(Default)]
struct Wholes(Mutex<HashMap<SegmentId, (i64, Arc<RoaringBitmap>)>>);

/// Chunks as they were written.
type Written = Vec<(i64, Arc<RoaringBitmap>)>;

impl Cache {
    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<SegmentId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chunk(&self, segment: SegmentId, version: i64, chunk: i64) -> Option<Arc<RoaringBitmap>> {
        self.locked().get(&segment).filter(|k| k.version == version)?.chunks.get(&chunk).cloned()
    }

    fn keep(&self, segment: SegmentId, version: i64, chunk: i64, bits: Arc<RoaringBitmap>) {
        let mut cache = self.locked();
        let kept = cache.entry(segment).or_default();
        if kept.version != version {
            *kept = Kept { version, chunks: HashMap::new() };
        }
        kept.chunks.insert(chunk, bits);
    }

    /// Chunks were written: what is known of the version before holds for the new one but for them.
    fn move_on(&self, segment: SegmentId, before: i64, after: i64, written: Written) {
        let mut cache = self.locked();
        let kept = cache.entry(segment).or_default();
        if kept.version != before {
            *kept = Kept::default();
        }
        kept.version = after;
        kept.chunks.extend(written);
    }
}

pub(super) fn chunk_of(contact: ContactId) -> i64 {
    i64::from(contact.bit() >> 16)
}

/// The chunks in which some people are, in order.
pub(super) fn chunks_of(people: &RoaringBitmap) -> Vec<i64> {
    let mut chunks = Vec::new();
    let mut rest = people.iter();
    while let Some(id) = rest.next() {
        chunks.push(i64::from(id >> 16));
        match (id | 0xffff).checked_add(1) {
            Some(next) => rest.advance_to(next),
            None => break,
        }
    }
    chunks
}

/// Those of some people who are in a chunk.
pub(super) fn part_of(people: &RoaringBitmap, chunk: i64) -> RoaringBitmap {
    let first = u32::try_from(chunk << 16).unwrap_or(u32::MAX);
    let mut part = RoaringBitmap::new();
    part.insert_range(first..=first | 0xffff);
    part & people
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
    let wholes = ws.part::<Wholes>();
    let held = wholes.0.lock().unwrap_or_else(PoisonError::into_inner).get(&segment).cloned();
    if let Some((_, bits)) = held.filter(|(v, _)| *v == version) {
        return Ok(bits);
    }
    let bits = Arc::new(read_all(tx, segment)?);
    wholes.0.lock().unwrap_or_else(PoisonError::into_inner).insert(segment, (version, bits.clone()));
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

/// The chunks of several segments while a transaction works on them: looked up once, changed in memory, written once.
pub(super) struct Chunks {
    cache: Arc<Cache>,
    /// The version of each segment's membership, as this transaction sees it.
    versions: Option<HashMap<SegmentId, i64>>,
    held: BTreeMap<(SegmentId, i64), Held>,
}

#[derive(Default)]
struct Held {
    bits: Arc<RoaringBitmap>,
    joined: u64,
    left: u64,
}

impl Chunks {
    pub fn new(ws: &Workspace) -> Self {
        Self { cache: ws.part::<Cache>(), versions: None, held: BTreeMap::new() }
    }

    fn version(&mut self, tx: &mut Tx<'_>, segment: SegmentId) -> Result<i64> {
        if self.versions.is_none() {
            let all = tx.all("SELECT id, members_version FROM segments", |r| Ok((r.get(0)?, r.get(1)?)))?;
            self.versions = Some(all.into_iter().collect());
        }
        Ok(self.versions.as_ref().and_then(|v| v.get(&segment)).copied().unwrap_or_default())
    }

    fn held(&mut self, tx: &mut Tx<'_>, segment: SegmentId, chunk: i64) -> Result<&mut Held> {
        if !self.held.contains_key(&(segment, chunk)) {
            let version = self.version(tx, segment)?;
            let bits = match self.cache.chunk(segment, version, chunk) {
                Some(bits) => bits,
                None => {
                    let text = "SELECT bits FROM segment_chunks WHERE segment_id = $1 AND chunk = $2";
                    let bytes: Option<Vec<u8>> = tx.opt(Sql::new(text).bind(segment).bind(chunk), |r| r.get(0))?;
                    let bits = Arc::new(bytes.map(|b| decode(&b)).transpose()?.unwrap_or_default());
                    self.cache.keep(segment, version, chunk, bits.clone());
                    bits
                }
            };
            self.held.insert((segment, chunk), Held { bits, joined: 0, left: 0 });
        }
        Ok(self.held.entry((segment, chunk)).or_default())
    }

    pub fn contains(&mut self, tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId) -> Result<bool> {
        Ok(self.held(tx, segment, chunk_of(contact))?.bits.contains(contact.bit()))
    }

    /// Lets a contact join or leave; whether that changed anything.
    pub fn set(&mut self, tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId, member: bool) -> Result<bool> {
        let held = self.held(tx, segment, chunk_of(contact))?;
        if held.bits.contains(contact.bit()) == member {
            return Ok(false);
        }
        let bits = Arc::make_mut(&mut held.bits);
        if member {
            bits.insert(contact.bit());
            held.joined += 1;
        } else {
            bits.remove(contact.bit());
            held.left += 1;
        }
        Ok(true)
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
        held.joined += (join - &*held.bits).len();
        held.left += (leave & &*held.bits).len();
        let bits = Arc::make_mut(&mut held.bits);
        *bits |= join;
        *bits -= leave;
        Ok(())
    }

    /// Who of some people belongs to a segment.
    pub fn among(&mut self, tx: &mut Tx<'_>, segment: SegmentId, people: &RoaringBitmap) -> Result<RoaringBitmap> {
        let mut found = RoaringBitmap::new();
        for chunk in chunks_of(people) {
            found |= &*self.held(tx, segment, chunk)?.bits & people;
        }
        Ok(found)
    }

    /// Lets those of some people belong to a segment who are wanted, and nobody else of them. Who joined, and who left.
    pub fn become_among(
        &mut self,
        tx: &mut Tx<'_>,
        segment: SegmentId,
        people: &RoaringBitmap,
        wanted: &RoaringBitmap,
    ) -> Result<(RoaringBitmap, RoaringBitmap)> {
        let now = self.among(tx, segment, people)?;
        let (join, leave) = (wanted - &now, now - wanted);
        if !join.is_empty() || !leave.is_empty() {
            for chunk in chunks_of(people) {
                self.set_many(tx, segment, chunk, &part_of(&join, chunk), &part_of(&leave, chunk))?;
            }
        }
        Ok((join, leave))
    }

    /// Writes what changed, with the counts and a new version of each segment's membership.
    pub fn write(mut self, ws: &Workspace, tx: &mut Tx<'_>) -> Result<()> {
        let mut changes: BTreeMap<SegmentId, (i64, Written)> = BTreeMap::new();
        for ((segment, chunk), held) in std::mem::take(&mut self.held) {
            if held.joined == 0 && held.left == 0 {
                continue;
            }
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
            let change = changes.entry(segment).or_default();
            change.0 += i64::try_from(held.joined).unwrap_or(0) - i64::try_from(held.left).unwrap_or(0);
            change.1.push((chunk, held.bits));
        }
        for (segment, (delta, written)) in changes {
            let before = self.version(tx, segment)?;
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
                self.cache.move_on(segment, before, version, written);
                tx.announce(TOPIC, format!(r#"{{"id":{segment},"count":{count}}}"#));
            }
        }
        Ok(())
    }
}
