//! Membership as it is stored: in pieces of 4,096 contact ids, and its cache.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hg_core::ids::{ContactId, SegmentId, below};
use hg_core::segments::Piece;
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
    /// Those that were looked at; one with nobody in it is empty.
    pieces: HashMap<i64, Arc<Piece>>,
}

/// Whole memberships as readers last wanted them, with their version. Apart from what the writer keeps, which is ahead.
#[derive(Default)]
struct Wholes(Mutex<HashMap<SegmentId, (i64, Arc<RoaringBitmap>)>>);

/// Pieces as they were written.
type Written = Vec<(i64, Arc<Piece>)>;

impl Cache {
    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<SegmentId, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn piece(&self, segment: SegmentId, version: i64, number: i64) -> Option<Arc<Piece>> {
        self.locked().get(&segment).filter(|k| k.version == version)?.pieces.get(&number).cloned()
    }

    fn keep(&self, segment: SegmentId, version: i64, number: i64, piece: Arc<Piece>) {
        let mut cache = self.locked();
        let kept = cache.entry(segment).or_default();
        if kept.version != version {
            *kept = Kept { version, pieces: HashMap::new() };
        }
        kept.pieces.insert(number, piece);
    }

    /// Pieces were written: what is known of the version before holds for the new one but for them.
    fn move_on(&self, segment: SegmentId, before: i64, after: i64, written: Written) {
        let mut cache = self.locked();
        let kept = cache.entry(segment).or_default();
        if kept.version != before {
            *kept = Kept::default();
        }
        kept.version = after;
        kept.pieces.extend(written);
    }
}

/// The piece of a membership that a contact is in.
pub(super) fn piece_of(contact: ContactId) -> i64 {
    Piece::number(contact.bit())
}

pub(super) fn decode_piece(bytes: &[u8]) -> Result<Piece> {
    Piece::decode(bytes).map_err(|e| Error::from(StoreError::Other(e)))
}

/// The names of the segments that each of some contacts belongs to; only the pieces that they are in are read.
pub(crate) fn names_of_many(tx: &mut Tx<'_>, people: &[ContactId]) -> Result<HashMap<ContactId, Vec<String>>> {
    let mut by_piece: BTreeMap<i64, Vec<ContactId>> = BTreeMap::new();
    for contact in people {
        by_piece.entry(piece_of(*contact)).or_default().push(*contact);
    }
    let mut found: HashMap<ContactId, Vec<String>> = HashMap::new();
    let text = "SELECT s.name, k.bits FROM segment_pieces k JOIN segments s ON s.id = k.segment_id \
                WHERE k.piece = $1 AND s.deleted_at IS NULL ORDER BY s.id";
    for (piece, people) in by_piece {
        for (name, bits) in tx.all(Sql::new(text).bind(piece), |r| Ok((r.get::<String>(0)?, r.get::<Vec<u8>>(1)?)))? {
            let bits = decode_piece(&bits)?;
            for contact in people.iter().filter(|contact| bits.contains(contact.bit())) {
                found.entry(*contact).or_default().push(name.clone());
            }
        }
    }
    Ok(found)
}

/// A bitmap of the log.
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
        Sql::new("SELECT bits FROM segment_pieces WHERE segment_id = $1 AND piece = $2").bind(segment).bind(piece_of(contact)),
        |r| r.get(0),
    )?;
    Ok(match bytes {
        Some(bytes) => decode_piece(&bytes)?.contains(contact.bit()),
        None => false,
    })
}

pub(super) fn read_all(tx: &mut Tx<'_>, segment: SegmentId) -> Result<RoaringBitmap> {
    let text = "SELECT piece, bits FROM segment_pieces WHERE segment_id = $1 ORDER BY piece";
    let pieces: Vec<(i64, Vec<u8>)> = tx.all(Sql::new(text).bind(segment), |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut all = RoaringBitmap::new();
    for (number, bytes) in pieces {
        all |= decode_piece(&bytes)?.ids(number);
    }
    Ok(all)
}

/// The pieces of several segments while a transaction works on them: looked up once, changed in memory, written once.
pub(super) struct Pieces {
    cache: Arc<Cache>,
    /// The version of each segment's membership and its size, as this transaction sees them.
    sizes: Option<HashMap<SegmentId, (i64, i64)>>,
    held: BTreeMap<(SegmentId, i64), Held>,
}

#[derive(Default)]
struct Held {
    piece: Arc<Piece>,
    joined: u64,
    left: u64,
}

impl Pieces {
    pub fn new(ws: &Workspace) -> Self {
        Self { cache: ws.part::<Cache>(), sizes: None, held: BTreeMap::new() }
    }

    /// The version of a segment's membership, and how many belong to it.
    fn size(&mut self, tx: &mut Tx<'_>, segment: SegmentId) -> Result<Option<(i64, i64)>> {
        if self.sizes.is_none() {
            let text = "SELECT id, members_version, members FROM segments";
            let all = tx.all(text, |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?;
            self.sizes = Some(all.into_iter().collect());
        }
        Ok(self.sizes.as_ref().and_then(|sizes| sizes.get(&segment)).copied())
    }

    fn held(&mut self, tx: &mut Tx<'_>, segment: SegmentId, number: i64) -> Result<&mut Held> {
        if !self.held.contains_key(&(segment, number)) {
            let version = self.size(tx, segment)?.unwrap_or_default().0;
            let piece = match self.cache.piece(segment, version, number) {
                Some(piece) => piece,
                None => {
                    let text = "SELECT bits FROM segment_pieces WHERE segment_id = $1 AND piece = $2";
                    let bytes: Option<Vec<u8>> = tx.opt(Sql::new(text).bind(segment).bind(number), |r| r.get(0))?;
                    let piece = Arc::new(bytes.map(|b| decode_piece(&b)).transpose()?.unwrap_or_default());
                    self.cache.keep(segment, version, number, piece.clone());
                    piece
                }
            };
            self.held.insert((segment, number), Held { piece, joined: 0, left: 0 });
        }
        Ok(self.held.entry((segment, number)).or_default())
    }

    pub fn contains(&mut self, tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId) -> Result<bool> {
        Ok(self.held(tx, segment, piece_of(contact))?.piece.contains(contact.bit()))
    }

    /// Lets a contact join or leave; whether that changed anything.
    pub fn set(&mut self, tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId, member: bool) -> Result<bool> {
        let held = self.held(tx, segment, piece_of(contact))?;
        if held.piece.contains(contact.bit()) == member {
            return Ok(false);
        }
        Arc::make_mut(&mut held.piece).set(contact.bit(), member);
        if member {
            held.joined += 1;
        } else {
            held.left += 1;
        }
        Ok(true)
    }

    /// As [`Pieces::set`] for many of one piece at once. Who joined, and who left.
    pub fn set_many(
        &mut self,
        tx: &mut Tx<'_>,
        segment: SegmentId,
        number: i64,
        join: &Piece,
        leave: &Piece,
    ) -> Result<(Piece, Piece)> {
        let held = self.held(tx, segment, number)?;
        let (joined, left) = (join.but(&held.piece), leave.and(&held.piece));
        held.joined += joined.len();
        held.left += left.len();
        held.piece = Arc::new(held.piece.or(join).but(leave));
        Ok((joined, left))
    }

    /// Who of some people belongs to a segment.
    pub fn among(&mut self, tx: &mut Tx<'_>, segment: SegmentId, people: &BTreeMap<i64, Piece>) -> Result<RoaringBitmap> {
        let mut found = RoaringBitmap::new();
        for (number, people) in people {
            found |= self.held(tx, segment, *number)?.piece.and(people).ids(*number);
        }
        Ok(found)
    }

    /// Lets those of some people belong to a segment who are wanted, and nobody else of them. Who joined, and who left.
    pub fn become_among(
        &mut self,
        tx: &mut Tx<'_>,
        segment: SegmentId,
        people: &BTreeMap<i64, Piece>,
        wanted: &RoaringBitmap,
    ) -> Result<(RoaringBitmap, RoaringBitmap)> {
        let (mut joined, mut left) = (RoaringBitmap::new(), RoaringBitmap::new());
        let wanted = Piece::split(wanted);
        let nobody = Piece::default();
        for (number, people) in people {
            let wanted = wanted.get(number).unwrap_or(&nobody);
            let now = self.held(tx, segment, *number)?.piece.and(people);
            let (join, leave) = (wanted.but(&now), now.but(wanted));
            if !join.is_empty() || !leave.is_empty() {
                let moved = self.set_many(tx, segment, *number, &join, &leave)?;
                joined |= moved.0.ids(*number);
                left |= moved.1.ids(*number);
            }
        }
        Ok((joined, left))
    }

    /// Writes what changed, with the counts and a new version of each segment's membership.
    pub fn write(mut self, ws: &Workspace, tx: &mut Tx<'_>) -> Result<()> {
        let mut changes: BTreeMap<SegmentId, (i64, Written)> = BTreeMap::new();
        for ((segment, number), held) in std::mem::take(&mut self.held) {
            if held.joined == 0 && held.left == 0 {
                continue;
            }
            if held.piece.is_empty() {
                tx.exec(Sql::new("DELETE FROM segment_pieces WHERE segment_id = $1 AND piece = $2").bind(segment).bind(number))?;
            } else {
                tx.exec(
                    Sql::new(
                        "INSERT INTO segment_pieces (segment_id, piece, bits) VALUES ($1, $2, $3) \
                         ON CONFLICT (segment_id, piece) DO UPDATE SET bits = excluded.bits",
                    )
                    .bind(segment)
                    .bind(number)
                    .bind(held.piece.encode()),
                )?;
            }
            let change = changes.entry(segment).or_default();
            change.0 += i64::try_from(held.joined).unwrap_or(0) - i64::try_from(held.left).unwrap_or(0);
            change.1.push((number, held.piece));
        }
        for (segment, (delta, written)) in changes {
            let Some((before, members)) = self.size(tx, segment)? else { continue };
            let count = members + delta;
            // A drawn version is never met again, not even when this transaction is taken back.
            let version = i64::try_from(below(&*ws.chance, i64::MAX as u64)).unwrap_or(0);
            tx.exec(
                Sql::new("UPDATE segments SET members = $2, members_version = $3 WHERE id = $1")
                    .bind(segment)
                    .bind(count)
                    .bind(version),
            )?;
            self.cache.move_on(segment, before, version, written);
            tx.announce_with(TOPIC, || format!(r#"{{"id":{segment},"count":{count}}}"#));
        }
        Ok(())
    }
}

/// Puts people into a segment that has nobody yet, without telling anyone.
pub(crate) fn begin_with(ws: &Workspace, tx: &mut Tx<'_>, segment: SegmentId, people: &RoaringBitmap) -> Result<()> {
    let (mut pieces, nobody) = (Pieces::new(ws), Piece::default());
    for (number, piece) in Piece::split(people) {
        pieces.set_many(tx, segment, number, &piece, &nobody)?;
    }
    pieces.write(ws, tx)
}
