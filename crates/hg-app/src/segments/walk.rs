//! Leaves about related rows: an index is read, and whoever has rows that count is met.

use std::collections::HashMap;
use std::sync::Arc;

use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{DateTest, Moment, NumberTest, Plan, Quantifier, Question, RelatedRow, Relation, RowTest, Scratch};
use hg_core::time::Timestamp;
use hg_store::{Flow, Tx};
use roaring::RoaringBitmap;

use crate::error::Result;
use crate::segments::companies;
use crate::segments::engine::earlier;
use crate::segments::facts::{Narrow, each_contact, each_row};
use crate::segments::members::members;
use crate::workspace::Workspace;

/// A leaf, its set, and when the clock next changes it.
pub(super) type LeafSet = (usize, RoaringBitmap, Option<Timestamp>);

/// The sets of the leaves about related rows: for those that hold without any row, whom they do *not* hold for.
pub(super) async fn read_leaves(ws: &Workspace, plan: Arc<Plan>, moment: Arc<Moment>) -> Result<Vec<LeafSet>> {
    if plan.index_leaves().next().is_none() {
        return Ok(Vec::new());
    }
    let ws2 = ws.clone();
    ws.db
        .read(move |tx| plan.index_leaves().map(|leaf| read_leaf(&ws2, tx, &plan, leaf, &moment)).collect::<Result<Vec<_>>>())
        .await
}

fn read_leaf(ws: &Workspace, tx: &mut Tx<'_>, plan: &Plan, leaf: usize, moment: &Moment) -> Result<LeafSet> {
    let Question::Related { relation, rows, quantifier } = &plan.leaves[leaf].question else {
        return Ok((leaf, RoaringBitmap::new(), None));
    };
    if *relation == Relation::Segment {
        return Ok((leaf, segment_leaf(ws, tx, rows, quantifier)?, None));
    }
    if let Quantifier::OneOrNothing { nothing } = quantifier {
        return Ok((leaf, companies::leaf(tx, plan, leaf, moment, relation, *nothing)?, None));
    }
    let mut walk = Walk { plan, leaf, moment, scratch: Scratch::default(), next_flip: None };
    let narrow = Narrow::of(rows, moment.bounds(leaf));
    let set = match quantifier {
        Quantifier::AtLeastOne | Quantifier::None | Quantifier::OneOrNothing { .. } => {
            walk.some_row(tx, relation, rows, &narrow)?
        }
        // Negated or not: the set of those who have each of them.
        Quantifier::Each { .. } => walk.each_object(tx, relation, rows, &narrow)?,
        Quantifier::Count(test) => walk.counts(tx, relation, rows, test, &narrow)?,
        Quantifier::Sum(test) | Quantifier::Amount(test) => walk.sums(tx, relation, test, quantifier)?,
    };
    Ok((leaf, set, walk.next_flip))
}

struct Walk<'a> {
    plan: &'a Plan,
    leaf: usize,
    moment: &'a Moment,
    scratch: Scratch,
    next_flip: Option<Timestamp>,
}

impl Walk<'_> {
    fn note_flip(&mut self, row: &RelatedRow, rows: &RowTest) {
        if let Some(at) = row.at.filter(|_| rows.date_test().is_some()) {
            self.next_flip = earlier(self.next_flip, self.plan.next_related_flip(self.leaf, at, self.moment));
        }
    }

    /// How many rows that count each contact has.
    fn tally(&mut self, tx: &mut Tx<'_>, relation: &Relation, rows: &RowTest, narrow: &Narrow<'_>) -> Result<Tally> {
        let last: i64 = tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?;
        let mut tally = Tally::up_to(u32::try_from(last).unwrap_or(0));
        if narrow.decides(relation, rows) && !rows.date_test().is_some_and(DateTest::moves_with_clock) {
            each_contact(tx, relation, narrow, &mut |contact| tally.add(contact))?;
            return Ok(tally);
        }
        each_row(tx, relation, None, narrow, &mut |contact, row| {
            self.note_flip(&row, rows);
            if self.plan.row_counts(self.leaf, &row, self.moment, &mut self.scratch) {
                tally.add(contact.bit());
            }
            Flow::Next
        })?;
        Ok(tally)
    }

    /// Contacts with at least one row that counts.
    fn some_row(&mut self, tx: &mut Tx<'_>, relation: &Relation, rows: &RowTest, narrow: &Narrow<'_>) -> Result<RoaringBitmap> {
        Ok(self.tally(tx, relation, rows, narrow)?.whose(|_| true))
    }

    fn each_object(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        rows: &RowTest,
        narrow: &Narrow<'_>,
    ) -> Result<RoaringBitmap> {
        let Some(wanted) = rows.objects() else { return Ok(RoaringBitmap::new()) };
        let mut sets = vec![RoaringBitmap::new(); wanted.len()];
        each_row(tx, relation, None, narrow, &mut |contact, row| {
            if let Ok(i) = wanted.binary_search(&row.object) {
                sets[i].insert(contact.bit());
            }
            Flow::Next
        })?;
        let mut sets = sets.into_iter();
        let first = sets.next().unwrap_or_default();
        Ok(sets.fold(first, |all, set| all & set))
    }

    /// Contacts whose number of rows that count passes, or, when none at all passes too, those whose number does not.
    fn counts(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        rows: &RowTest,
        test: &NumberTest,
        narrow: &Narrow<'_>,
    ) -> Result<RoaringBitmap> {
        let wanted = !test.passes(Some(0.0));
        Ok(self.tally(tx, relation, rows, narrow)?.whose(|count| test.passes(Some(f64::from(count))) == wanted))
    }

    /// The same for the sum of their amounts.
    fn sums(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        test: &NumberTest,
        quantifier: &Quantifier,
    ) -> Result<RoaringBitmap> {
        let mut sums: HashMap<ContactId, i64> = HashMap::new();
        each_row(tx, relation, None, &Narrow::default(), &mut |contact, row| {
            *sums.entry(contact).or_default() += row.amount;
            Flow::Next
        })?;
        let wanted = !quantifier.holds_for_none();
        let passing = sums.into_iter().filter(|(_, sum)| test.passes(Some(*sum as f64)) == wanted);
        Ok(set_of(passing.map(|(contact, _)| contact.bit()).collect()))
    }
}

/// Numbers of rows, by contact: a byte for each, so that the processor's cache holds a million of them; what goes beyond
/// 255 is kept apart.
struct Tally {
    counts: Vec<u8>,
    beyond: HashMap<u32, u32>,
}

impl Tally {
    /// For contacts up to an id.
    fn up_to(last: u32) -> Self {
        Self { counts: vec![0; last as usize + 1], beyond: HashMap::new() }
    }

    fn add(&mut self, contact: u32) {
        let at = contact as usize;
        if at >= self.counts.len() {
            // She came after the others were counted.
            self.counts.resize((at + 1).next_multiple_of(65_536), 0);
        }
        match self.counts[at].checked_add(1) {
            Some(count) => self.counts[at] = count,
            None => *self.beyond.entry(contact).or_default() += 1,
        }
    }

    /// Contacts with rows whose number is a wanted one.
    fn whose(&self, mut wanted: impl FnMut(u32) -> bool) -> RoaringBitmap {
        let number =
            |id: u32, count: u8| u32::from(count) + if count == u8::MAX { self.beyond.get(&id).copied().unwrap_or(0) } else { 0 };
        let counts = (0..).zip(&self.counts).filter(|(_, count)| **count > 0);
        let ids = counts.filter(|(id, count)| wanted(number(*id, **count))).map(|(id, _)| id);
        RoaringBitmap::from_sorted_iter(ids).unwrap_or_default()
    }
}

fn set_of(mut ids: Vec<u32>) -> RoaringBitmap {
    ids.sort_unstable();
    ids.dedup();
    RoaringBitmap::from_sorted_iter(ids).unwrap_or_default()
}

/// Membership of segments is there as bitmaps already.
fn segment_leaf(ws: &Workspace, tx: &mut Tx<'_>, rows: &RowTest, quantifier: &Quantifier) -> Result<RoaringBitmap> {
    let ids: Vec<SegmentId> = match rows.objects() {
        Some(ids) => ids.iter().map(|id| SegmentId(*id)).collect(),
        None => tx.all("SELECT id FROM segments WHERE deleted_at IS NULL", |r| r.get(0))?,
    };
    let all = matches!(quantifier, Quantifier::Each { .. });
    let mut result: Option<RoaringBitmap> = None;
    for id in ids {
        let bits = members(ws, tx, id)?;
        result = Some(match result {
            None => (*bits).clone(),
            Some(so_far) if all => so_far & &*bits,
            Some(so_far) => so_far | &*bits,
        });
    }
    Ok(result.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_beyond_what_a_byte_holds_and_for_people_who_came_later() {
        let mut tally = Tally::up_to(3);
        for (contact, rows) in [(1, 255), (2, 256), (3, 1_000), (70_000, 2)] {
            (0..rows).for_each(|_| tally.add(contact));
        }
        let whose = |wanted: u32| tally.whose(|count| count == wanted).iter().collect::<Vec<_>>();
        assert_eq!(whose(255), [1]);
        assert_eq!(whose(256), [2]);
        assert_eq!(whose(1_000), [3]);
        assert_eq!(whose(2), [70_000]);
        assert_eq!(whose(0), [] as [u32; 0], "nobody is met who has no row");
    }
}
