//! What the contact list needs to know about everybody, kept in memory: who is there, which words stand in a contact,
//! and the orders in which people sort.
//!
//! All of it comes from the contact table and follows it: whoever wants to use it calls [`current`] first, which reads
//! the rows that changed since the last time by their `updated_at` (every statement that changes a contact's own values
//! sets it; visits, which do not, move only `last_active_at`, and that order is the database's own). Nothing here is
//! ever written back, so a process that starts anew, or one beside another on the same PostgreSQL, comes to the same
//! answers. Texts and orders are built when first asked for: about fifty bytes a contact for the texts, eight for an
//! order.

mod orders;
mod people;
mod texts;

use std::sync::Arc;

use hg_core::contacts::FieldCatalogue;
use hg_store::Tx;
use roaring::RoaringBitmap;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

pub(crate) use orders::{Order, SortKey, sort_key};

use crate::error::{Error, Result};
use crate::fields;
use crate::segments::Everyone;
use crate::workspace::Workspace;
use orders::Orders;
use people::People;
use texts::Texts;

#[derive(Default)]
struct Shared(Arc<RwLock<Directory>>);

/// The directory of a workspace.
#[derive(Default)]
pub(crate) struct Directory {
    people: Option<People>,
    texts: Option<Texts>,
    orders: Orders,
}

/// What somebody wants to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    People,
    Texts,
    /// The order of a column, or of a folded one.
    Order(&'a str),
}

impl Directory {
    /// Everybody who is there.
    pub fn everyone(&self, who: Everyone) -> Arc<RoaringBitmap> {
        let Some(people) = &self.people else { return Arc::default() };
        match who {
            Everyone::WithVisitors => people.alive.clone(),
            Everyone::Identified => people.identified.clone(),
        }
    }

    /// The contacts in whose texts a folded word stands; `%` in it stands for anything.
    pub fn find(&self, word: &str, place: Place) -> RoaringBitmap {
        self.texts.as_ref().map(|texts| texts.find(word, place)).unwrap_or_default()
    }

    /// The order of a column, once it was asked for with [`Part::Order`].
    pub fn order(&self, column: &str) -> Option<&Order> {
        self.orders.get(column)
    }
}

/// Where a word is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Anywhere in any of the texts.
    Anywhere,
    /// One of the texts is just this.
    Whole,
    /// A word of the name begins with it.
    NameStarts,
    EmailStarts,
    CompanyStarts,
    /// The first or last words of the name are just this.
    NameIs,
    EmailIs,
    CompanyIs,
}

/// Gives the directory as it is after every change that was committed when this was called.
pub(crate) async fn current(ws: &Workspace, part: Part<'_>) -> Result<OwnedRwLockReadGuard<Directory>> {
    let shared = ws.part::<Shared>().0.clone();
    let mut held = shared.write_owned().await;
    held.follow(ws).await?;
    let ws2 = ws.clone();
    let catalogue = ws.db.read(move |tx| fields::catalogue(&ws2, tx)).await?;
    match part {
        Part::People => {}
        Part::Texts => held.want_texts(ws, &catalogue).await?,
        Part::Order(column) => {
            let people = held.everyone(Everyone::WithVisitors).len();
            held.orders.want(ws, column, usize::try_from(people).unwrap_or(0)).await?;
        }
    }
    Ok(held.downgrade())
}

impl Directory {
    /// Takes in what changed since the last time.
    async fn follow(&mut self, ws: &Workspace) -> Result<()> {
        let now = ws.clock.now();
        let Some(people) = self.people.as_mut().filter(|p| p.can_follow(now)) else {
            *self = Self { people: Some(People::read(ws, now).await?), ..Self::default() };
            return Ok(());
        };
        let changed = people.changes(ws, now).await?;
        if changed.len() > MOST_CHANGES {
            // Reading everybody again is quicker than following one by one.
            *self = Self { people: Some(People::read(ws, now).await?), ..Self::default() };
            return Ok(());
        }
        if changed.is_empty() {
            return Ok(());
        }
        let columns = self.columns();
        let ids = changed.clone();
        let rows = ws.db.read(move |tx| people::rows(tx, &ids, &columns)).await?;
        let Self { people, texts, orders } = self;
        if let Some(people) = people {
            people.take(&changed, &rows);
        }
        if let Some(texts) = texts {
            texts.take(&changed, &rows);
        }
        orders.take(&changed, &rows);
        Ok(())
    }

    /// Columns that texts and orders hold.
    fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.texts.iter().flat_map(|t| t.columns().iter().cloned()).collect();
        columns.extend(self.orders.columns());
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    async fn want_texts(&mut self, ws: &Workspace, catalogue: &FieldCatalogue) -> Result<()> {
        let columns = texts::columns_of(catalogue);
        if self.texts.as_ref().is_none_or(|t| t.columns() != columns || t.is_untidy()) {
            self.texts = None;
            self.texts = Some(Texts::read(ws, columns).await?);
        }
        Ok(())
    }
}

/// More changes than this, and everything is read anew.
const MOST_CHANGES: usize = 300_000;

/// Everybody who is there, as a set of the caller's own.
pub(crate) async fn everyone(ws: &Workspace, who: Everyone) -> Result<RoaringBitmap> {
    Ok((*current(ws, Part::People).await?.everyone(who)).clone())
}

/// Reads the directory ahead of the first question, when there are so many contacts that it would be noticed.
pub async fn warm_up(ws: &Workspace) -> Result<()> {
    const MANY: i64 = 50_000;
    let last: i64 = ws.db.read(|tx: &mut Tx<'_>| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
    if last >= MANY {
        drop(current(ws, Part::Texts).await?);
    }
    Ok(())
}
