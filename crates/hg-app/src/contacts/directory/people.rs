//! Who is there, who is known by name, and which rows changed since the last look.

use std::collections::HashMap;
use std::sync::Arc;

use hg_core::time::{Millis, Timestamp};
use hg_store::{Flow, Sql, Tx, Value};
use roaring::RoaringBitmap;

use crate::error::Result;
use crate::ranges::each_range;
use crate::workspace::Workspace;

/// How long a write may take from reading the clock until it is on disk.
const SLOWEST_WRITE: Millis = Millis::seconds(60);

/// Who is there.
pub(super) struct People {
    pub alive: Arc<RoaringBitmap>,
    pub identified: Arc<RoaringBitmap>,
    /// Every row written before this instant is known.
    mark: Timestamp,
    /// Versions of the rows that were written shortly before the mark: they are met again and not read again.
    seen: HashMap<u32, i64>,
}

/// A row that changed.
pub(crate) struct Changed {
    pub alive: bool,
    pub identified: bool,
    /// The values of the columns asked for.
    pub values: HashMap<String, Value>,
}

impl People {
    /// Reads everybody.
    pub async fn read(ws: &Workspace, now: Timestamp) -> Result<Self> {
        let mut alive = RoaringBitmap::new();
        let mut identified = RoaringBitmap::new();
        let read = |tx: &mut Tx<'_>, from: i64, to: i64| {
            let (mut alive, mut identified) = (Vec::new(), Vec::new());
            let text = "SELECT id, identified_at IS NOT NULL FROM contacts WHERE id >= $1 AND id < $2 AND deleted_at IS NULL ORDER BY id";
            tx.each(Sql::new(text).bind(from).bind(to), |r| {
                let id: u32 = r.get(0)?;
                alive.push(id);
                if r.get::<bool>(1)? {
                    identified.push(id);
                }
                Ok(Flow::Next)
            })?;
            let bitmap = |ids: Vec<u32>| RoaringBitmap::from_sorted_iter(ids).unwrap_or_default();
            Ok((bitmap(alive), bitmap(identified)))
        };
        each_range(&ws.db, None, read, |(some_alive, some_identified)| {
            alive |= some_alive;
            identified |= some_identified;
        })
        .await?;
        Ok(Self { alive: Arc::new(alive), identified: Arc::new(identified), mark: now, seen: HashMap::new() })
    }

    /// Whether changes can be followed by their instants: not when the clock was set back.
    pub fn can_follow(&self, now: Timestamp) -> bool {
        now.plus(SLOWEST_WRITE) >= self.mark
    }

    /// The rows that changed since the last look.
    pub async fn changes(&mut self, ws: &Workspace, now: Timestamp) -> Result<Vec<u32>> {
        let from = self.mark.minus(SLOWEST_WRITE);
        let met: Vec<(u32, i64)> = ws
            .db
            .read(move |tx| {
                // One index answers this, whatever else is in the row.
                let sql = Sql::new("SELECT id, version FROM contacts WHERE updated_at >= $1").bind(from);
                Ok::<_, crate::Error>(tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?)
            })
            .await?;
        let changed = met.iter().filter(|(id, version)| self.seen.get(id) != Some(version)).map(|(id, _)| *id).collect();
        self.seen = met.into_iter().collect();
        self.mark = self.mark.max(now);
        Ok(changed)
    }

    pub fn take(&mut self, changed: &[u32], rows: &HashMap<u32, Changed>) {
        for id in changed {
            let row = rows.get(id);
            let (alive, identified) = row.map_or((false, false), |r| (r.alive, r.alive && r.identified));
            set(&mut self.alive, *id, alive);
            set(&mut self.identified, *id, identified);
        }
    }
}

fn set(bits: &mut Arc<RoaringBitmap>, id: u32, member: bool) {
    if bits.contains(id) != member {
        let bits = Arc::make_mut(bits);
        if member {
            bits.insert(id)
        } else {
            bits.remove(id)
        };
    }
}

/// Reads rows anew, deleted ones too.
pub(super) fn rows(tx: &mut Tx<'_>, ids: &[u32], columns: &[String]) -> Result<HashMap<u32, Changed>> {
    let list: String = columns.iter().map(|c| format!(", {c}")).collect();
    let text = format!("SELECT id, deleted_at IS NULL, identified_at IS NOT NULL{list} FROM contacts WHERE id @in($1)");
    let mut found = HashMap::with_capacity(ids.len());
    for part in ids.chunks(5_000) {
        let part: Vec<i64> = part.iter().map(|id| i64::from(*id)).collect();
        tx.each(Sql::new(&text).bind(part.as_slice()), |r| {
            let mut values = HashMap::with_capacity(columns.len());
            for (i, column) in columns.iter().enumerate() {
                values.insert(column.clone(), r.value(i + 3)?.to_owned());
            }
            found.insert(r.get(0)?, Changed { alive: r.get(1)?, identified: r.get(2)?, values });
            Ok(Flow::Next)
        })?;
    }
    Ok(found)
}
