//! Orders: everybody sorted by one column.
//!
//! An order holds the ids of contacts that have a value, in the order of (value, id), and a short hash of each value,
//! by which it sees whether a changed row moved. Rows that moved are kept apart, sorted by themselves, until so many have
//! gathered that the whole is sorted again.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use hg_core::text::fold_into;
use hg_store::{Flow, Sql, Tx, Value, ValueRef};
use roaring::RoaringBitmap;

use super::people::Changed;
use crate::error::Result;
use crate::ranges::each_range;
use crate::workspace::Workspace;

/// How many orders are held; the one that was not used for longest goes first.
const MOST_ORDERS: usize = 3;
/// Rows that moved are kept apart until there are this many of them.
const MOST_APART: usize = 20_000;

/// A value as orders compare it: numbers before texts, texts as a person reads them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SortKey {
    Number(f64),
    Text(String),
}

impl Eq for SortKey {}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

impl Hash for SortKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Number(n) => n.to_bits().hash(state),
            Self::Text(text) => text.hash(state),
        }
    }
}

impl SortKey {
    fn short(&self) -> u32 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        // Zero stands for "no value".
        (hasher.finish() as u32).max(1)
    }
}

/// What a stored value is sorted by; `None` for no value, which comes last either way.
pub(crate) fn sort_key(value: ValueRef<'_>) -> Option<SortKey> {
    match value {
        ValueRef::Int(n) => Some(SortKey::Number(n as f64)),
        ValueRef::Real(x) => Some(SortKey::Number(x)),
        ValueRef::Text(text) => {
            let mut folded = String::new();
            fold_into(text, &mut folded);
            (!folded.is_empty()).then_some(SortKey::Text(folded))
        }
        ValueRef::Null | ValueRef::Bytes(_) => None,
    }
}

/// Everybody in the order of a column.
pub(crate) struct Order {
    column: String,
    ids: Vec<u32>,
    /// By id: a hash of the value, 0 without one.
    hashes: Vec<u32>,
    moved: RoaringBitmap,
    apart: BTreeSet<(SortKey, u32)>,
    keys_apart: HashMap<u32, SortKey>,
    used: u64,
}

/// A value on its way into an order: enough of it to sort most of them, and where the rest stands.
struct Entry {
    prefix: u64,
    at: u32,
    id: u32,
}

impl Order {
    /// `people` is about how many have a place in it at most.
    async fn read(ws: &Workspace, column: &str, people: usize) -> Result<Self> {
        let statement = format!(
            "SELECT id, {column} FROM contacts WHERE id >= $1 AND id < $2 AND deleted_at IS NULL AND {column} IS NOT NULL ORDER BY id"
        );
        // Grown step by step these would take twice as much for a while.
        let mut entries: Vec<Entry> = Vec::with_capacity(people);
        let mut texts = Rests::default();
        let mut hashes: Vec<u32> = Vec::with_capacity(people + 1);
        let read = move |tx: &mut Tx<'_>, from: i64, to: i64| {
            let mut found: Vec<(u32, SortKey)> = Vec::new();
            tx.each(Sql::new(&statement).bind(from).bind(to), |r| {
                if let Some(key) = sort_key(r.value(1)?) {
                    found.push((r.get(0)?, key));
                }
                Ok(Flow::Next)
            })?;
            Ok(found)
        };
        each_range(&ws.db, None, read, |found| {
            for (id, key) in found {
                put_hash(&mut hashes, id, key.short());
                entries.push(entry(id, &key, &mut texts));
            }
        })
        .await?;
        entries.sort_unstable_by(|a, b| {
            let by_prefix = a.prefix.cmp(&b.prefix);
            let by_text = || if a.at == NO_TEXT { Ordering::Equal } else { texts.get(a.at).cmp(texts.get(b.at)) };
            by_prefix.then_with(by_text).then(a.id.cmp(&b.id))
        });
        Ok(Self {
            column: column.to_owned(),
            ids: entries.iter().map(|e| e.id).collect(),
            hashes,
            moved: RoaringBitmap::new(),
            apart: BTreeSet::new(),
            keys_apart: HashMap::new(),
            used: 0,
        })
    }

    fn take(&mut self, changed: &[u32], rows: &HashMap<u32, Changed>) {
        for id in changed {
            let row = rows.get(id).filter(|r| r.alive);
            let value = row.and_then(|r| r.values.get(&self.column)).unwrap_or(&Value::Null);
            let key = sort_key(value.as_ref());
            let hash = key.as_ref().map_or(0, SortKey::short);
            if self.hashes.get(*id as usize).copied().unwrap_or(0) == hash && !self.moved.contains(*id) {
                continue;
            }
            put_hash(&mut self.hashes, *id, hash);
            self.moved.insert(*id);
            if let Some(before) = self.keys_apart.remove(id) {
                self.apart.remove(&(before, *id));
            }
            if let Some(key) = key {
                self.apart.insert((key.clone(), *id));
                self.keys_apart.insert(*id, key);
            }
        }
    }

    /// Whether a contact has a value in this column.
    pub fn has_value(&self, id: u32) -> bool {
        self.hashes.get(id as usize).is_some_and(|h| *h != 0)
    }

    /// Those who kept their place, from a place on.
    pub fn settled(&self, descending: bool, from: usize) -> Box<dyn Iterator<Item = u32> + '_> {
        let stayed = |id: &u32| !self.moved.contains(*id);
        if descending {
            Box::new(self.ids.get(..from).unwrap_or_default().iter().rev().copied().filter(stayed))
        } else {
            Box::new(self.ids.get(from..).unwrap_or_default().iter().copied().filter(stayed))
        }
    }

    /// Those who moved since, behind a key.
    pub fn apart(&self, descending: bool, after: Option<&(SortKey, u32)>) -> Box<dyn Iterator<Item = &(SortKey, u32)> + '_> {
        use std::ops::Bound::{Excluded, Unbounded};
        match (descending, after.cloned()) {
            (false, None) => Box::new(self.apart.iter()),
            (true, None) => Box::new(self.apart.iter().rev()),
            (false, Some(after)) => Box::new(self.apart.range((Excluded(after), Unbounded))),
            (true, Some(after)) => Box::new(self.apart.range((Unbounded, Excluded(after))).rev()),
        }
    }

    /// Where a page begins: the place behind a key (before it when descending). `key_of` reads the value of a contact.
    pub fn place(
        &self,
        after: Option<&(SortKey, u32)>,
        descending: bool,
        key_of: &mut dyn FnMut(u32) -> Result<Option<SortKey>>,
    ) -> Result<usize> {
        let Some(after) = after else { return Ok(if descending { self.ids.len() } else { 0 }) };
        let (mut low, mut high) = (0, self.ids.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            // The next one who kept her place stands for this one.
            let Some(probe) = (middle..high).find(|i| !self.moved.contains(self.ids[*i])) else {
                high = middle;
                continue;
            };
            let id = self.ids[probe];
            let before = match key_of(id)? {
                Some(key) => (&key, id) < (&after.0, after.1) || !descending && (&key, id) == (&after.0, after.1),
                None => false,
            };
            if before { low = probe + 1 } else { high = middle }
        }
        Ok(low)
    }
}

const NO_TEXT: u32 = u32::MAX;

fn put_hash(hashes: &mut Vec<u32>, id: u32, hash: u32) {
    let at = id as usize;
    if at >= hashes.len() {
        hashes.resize(at + 1, 0);
    }
    hashes[at] = hash;
}

fn entry(id: u32, key: &SortKey, texts: &mut Rests) -> Entry {
    match key {
        SortKey::Number(n) => {
            // The bits of a float sort like the float once negative ones are turned round.
            let bits = n.to_bits();
            let prefix = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
            Entry { prefix, at: NO_TEXT, id }
        }
        SortKey::Text(text) => {
            let mut first = [0; 8];
            let len = text.len().min(8);
            first[..len].copy_from_slice(&text.as_bytes()[..len]);
            // Most names end within the first bytes or soon after; what follows is kept until the order is sorted.
            let at = texts.put(text.as_bytes().get(8..).unwrap_or_default());
            Entry { prefix: u64::from_be_bytes(first), at, id }
        }
    }
}

/// The rests of texts while an order is sorted, in pieces of memory that are never moved.
#[derive(Default)]
struct Rests(Vec<Vec<u8>>);

/// Bytes of a piece.
const PIECE: usize = 1 << 22;

impl Rests {
    /// Keeps a rest; where it stands, 0 for none.
    fn put(&mut self, rest: &[u8]) -> u32 {
        if rest.is_empty() {
            return 0;
        }
        // What comes behind four megabytes of a text does not count for its place.
        let rest = &rest[..rest.len().min(PIECE - 2)];
        if self.0.last().is_none_or(|piece| piece.len() + rest.len() + 1 > PIECE) {
            let mut piece = Vec::with_capacity(PIECE);
            // Nothing stands at 0.
            piece.push(0);
            self.0.push(piece);
        }
        let before = self.0.len() - 1;
        let Some(piece) = self.0.last_mut() else { return 0 };
        let at = u32::try_from(before * PIECE + piece.len()).unwrap_or(NO_TEXT - 1);
        piece.extend(rest.iter().map(|b| (*b).max(1)));
        piece.push(0);
        at
    }

    /// The rest that stands somewhere, up to its end.
    fn get(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let rest = self.0.get(at / PIECE).and_then(|piece| piece.get(at % PIECE..)).unwrap_or_default();
        &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
    }
}

/// The orders that are held.
#[derive(Default)]
pub(super) struct Orders {
    held: Vec<Order>,
    uses: u64,
}

impl Orders {
    pub fn get(&self, column: &str) -> Option<&Order> {
        self.held.iter().find(|o| o.column == column)
    }

    pub fn columns(&self) -> impl Iterator<Item = String> + '_ {
        self.held.iter().map(|o| o.column.clone())
    }

    /// Sees to it that an order is there.
    pub async fn want(&mut self, ws: &Workspace, column: &str, people: usize) -> Result<()> {
        self.uses += 1;
        self.held.retain(|o| o.column != column || o.moved.len() <= MOST_APART as u64);
        if let Some(order) = self.held.iter_mut().find(|o| o.column == column) {
            order.used = self.uses;
            return Ok(());
        }
        if self.held.len() >= MOST_ORDERS
            && let Some(oldest) = (0..self.held.len()).min_by_key(|i| self.held[*i].used)
        {
            self.held.swap_remove(oldest);
        }
        let mut order = Order::read(ws, column, people).await?;
        order.used = self.uses;
        self.held.push(order);
        Ok(())
    }

    pub fn take(&mut self, changed: &[u32], rows: &HashMap<u32, Changed>) {
        for order in &mut self.held {
            order.take(changed, rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_are_found_again_in_whatever_piece_they_stand() {
        let mut rests = Rests::default();
        let texts: Vec<String> = (0..1_000).map(|n| "x".repeat(n * 10 + 1) + &n.to_string()).collect();
        let places: Vec<u32> = texts.iter().map(|text| rests.put(text.as_bytes())).collect();
        assert!(rests.0.len() > 1, "more than one piece is needed");
        for (text, at) in texts.iter().zip(places) {
            assert_eq!(rests.get(at), text.as_bytes());
        }
        assert_eq!(rests.put(b""), 0);
        assert_eq!(rests.get(0), b"");
    }
}
