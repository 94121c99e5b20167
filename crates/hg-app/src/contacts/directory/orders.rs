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
const MOST_ORDERS: usize = 4;
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
    async fn read(ws: &Workspace, column: &str) -> Result<Self> {
        let statement = format!(
            "SELECT id, {column} FROM contacts WHERE id >= $1 AND id < $2 AND deleted_at IS NULL AND {column} IS NOT NULL ORDER BY id"
        );
        let mut entries: Vec<Entry> = Vec::new();
        let mut texts: Vec<u8> = Vec::new();
        let mut hashes: Vec<u32> = Vec::new();
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
        let text = |at: u32| ended(&texts, at);
        entries.sort_unstable_by(|a, b| {
            let by_prefix = a.prefix.cmp(&b.prefix);
            let by_text = || if a.at == NO_TEXT { Ordering::Equal } else { text(a.at).cmp(text(b.at)) };
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

fn entry(id: u32, key: &SortKey, texts: &mut Vec<u8>) -> Entry {
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
            let rest = text.as_bytes().get(8..).unwrap_or_default();
            if texts.is_empty() {
                texts.push(0);
            }
            let at = if rest.is_empty() { 0 } else { u32::try_from(texts.len()).unwrap_or(NO_TEXT - 1) };
            if !rest.is_empty() {
                texts.extend(rest.iter().map(|b| (*b).max(1)));
                texts.push(0);
            }
            Entry { prefix: u64::from_be_bytes(first), at, id }
        }
    }
}

/// The rest of a text, up to its end.
fn ended(texts: &[u8], at: u32) -> &[u8] {
    let rest = texts.get(at as usize..).unwrap_or_default();
    &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
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
    pub async fn want(&mut self, ws: &Workspace, column: &str) -> Result<()> {
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
        let mut order = Order::read(ws, column).await?;
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
