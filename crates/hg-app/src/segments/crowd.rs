//! Many contacts at once: those whom an import wrote are looked at in one pass, each question once, in the
//! transaction that wrote them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{
    ColumnRef, Columns, Facts, Moment, Piece, Plan, Quantifier, Question, RelatedRow, Relation, Scratch, Value,
};
use hg_core::time::{TimeZone, Timestamp, zone_or};
use hg_store::{Flow, Sql, Tx, Value as SqlValue};
use roaring::RoaringBitmap;

use crate::error::Result;
use crate::segments::engine::{Everyone, quantifier, scan_columns, scan_rows};
use crate::segments::facts::{Narrow, each_row};
use crate::segments::known::{AllKnown, Known};
use crate::segments::members::Pieces;
use crate::segments::rebuild::{Touched, independent, log_sets};
use crate::workspace::Workspace;

/// Segments that do not ask about each other, and what all of them ask.
#[derive(Debug)]
pub(super) struct Group {
    known: Vec<Arc<Known>>,
    joined: Plan,
    /// For each segment: where its own leaves stand among the joined ones.
    places: Vec<Vec<usize>>,
    /// For each segment whose dates move with the clock: its place, and its leaves among the joined ones.
    clocks: Vec<(usize, Vec<usize>)>,
}

/// The published segments with a filter, those that others ask about in an earlier group.
pub(super) fn groups(ordered: &[Arc<Known>]) -> Vec<Group> {
    let asked: Vec<Arc<Known>> = ordered.iter().filter(|k| k.segment.published && k.plan.is_some()).cloned().collect();
    independent(asked)
        .into_iter()
        .map(|known| {
            let plans: Vec<&Plan> = known.iter().filter_map(|k| k.plan.as_ref()).collect();
            let (joined, places) = Plan::join(&plans);
            let moves = |leaf: &usize| matches!(joined.leaves[*leaf].question, Question::Column { .. });
            let clocks = known.iter().zip(&places).enumerate().filter(|(_, (k, _))| k.depends.clock);
            let clocks = clocks.map(|(at, (_, own))| (at, own.iter().copied().filter(moves).collect())).collect();
            Group { known, joined, places, clocks }
        })
        .collect()
}

/// Looks at every segment for contacts that were just written in bulk. The segments whose membership changed; one log
/// row each stands for all.
pub fn refresh_contacts(ws: &Workspace, tx: &mut Tx<'_>, contacts: &[ContactId], reason: &str) -> Result<BTreeSet<SegmentId>> {
    let known = super::known::all(ws, tx)?;
    let groups = known.groups();
    if groups.is_empty() || contacts.is_empty() {
        return Ok(BTreeSet::new());
    }
    let now = ws.clock.now();
    let bits: RoaringBitmap = contacts.iter().map(|c| c.bit()).collect();
    let crowd = Crowd {
        ids: contacts.iter().map(|c| c.0).collect(),
        pieces: Piece::split(&bits),
        bits,
        now,
        zone: zone_or(Some(&ws.settings().general.timezone), &TimeZone::UTC),
    };
    let hands = crowd.hands(tx)?;
    let mut pieces = Pieces::new(ws);
    let mut changed = BTreeSet::new();
    for group in groups {
        let (selected, alive) = crowd.select(tx, &known, group, &mut pieces)?;
        for (k, wanted) in group.known.iter().zip(selected) {
            let id = k.segment.id;
            let wanted = match hands.get(&id) {
                Some((joined, left)) => (wanted | (joined & &alive)) - left,
                None => wanted,
            };
            let (join, leave) = pieces.become_among(tx, id, &crowd.pieces, &wanted)?;
            if !join.is_empty() || !leave.is_empty() {
                log_sets(tx, id, &join, &leave, now, reason)?;
                changed.insert(id);
            }
        }
    }
    pieces.write(ws, tx)?;
    let watched = groups.iter().flat_map(|g| g.known.iter().map(|k| k.segment.id));
    ws.part::<Touched>().add(watched, crowd.bits.iter());
    Ok(changed)
}

/// The contacts that are looked at, and when.
struct Crowd {
    ids: Vec<i64>,
    bits: RoaringBitmap,
    /// The same, as memberships are held.
    pieces: BTreeMap<i64, Piece>,
    now: Timestamp,
    zone: TimeZone,
}

impl Crowd {
    /// Who was put into a segment by hand, and who was taken out.
    fn hands(&self, tx: &mut Tx<'_>) -> Result<HashMap<SegmentId, (RoaringBitmap, RoaringBitmap)>> {
        let mut hands: HashMap<SegmentId, (RoaringBitmap, RoaringBitmap)> = HashMap::new();
        let text = "SELECT segment_id, contact_id, state FROM segment_overrides WHERE contact_id @in($1)";
        let rows: Vec<(SegmentId, u32, i64)> =
            tx.all(Sql::new(text).bind(self.ids.as_slice()), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        for (segment, contact, state) in rows {
            let (joined, left) = hands.entry(segment).or_default();
            if state > 0 { joined } else { left }.insert(contact);
        }
        Ok(hands)
    }

    /// Whom each segment of a group selects among them, and who of them is there at all.
    fn select(
        &self,
        tx: &mut Tx<'_>,
        known: &AllKnown,
        group: &Group,
        pieces: &mut Pieces,
    ) -> Result<(Vec<RoaringBitmap>, RoaringBitmap)> {
        let joined = &group.joined;
        let moment = joined.at(self.now, &self.zone);
        let text = format!("{} FROM contacts WHERE id @in($1) AND deleted_at IS NULL ORDER BY id", scan_columns(joined));
        let mut flips = Vec::new();
        let mut scanned =
            scan_rows(tx, joined, &moment, Everyone::WithVisitors, Sql::new(text).bind(self.ids.as_slice()), |id, contact| {
                for (at, leaves) in &group.clocks {
                    let due = leaves.iter().filter_map(|leaf| joined.next_clock_flip(*leaf, contact, &moment)).min();
                    flips.extend(due.map(|due| (group.known[*at].segment.id, id, due)));
                }
            })?;
        self.keep_flips(tx, &flips)?;
        let asking = Asking { known, joined, moment: &moment, rows: self.related(tx, joined)? };
        for leaf in joined.index_leaves() {
            scanned.leaves[leaf] = self.related_leaf(tx, &asking, leaf, &scanned.alive, pieces)?;
        }
        let selected = group.known.iter().zip(&group.places).map(|(k, own)| {
            let people = if k.segment.include_anonymous { &scanned.alive } else { &scanned.identified };
            k.plan.as_ref().map_or_else(RoaringBitmap::new, |p| p.combine(&|leaf| &scanned.leaves[own[leaf]], people) & people)
        });
        Ok((selected.collect(), scanned.alive.clone()))
    }

    /// The rows that the questions of a group are about, by relation. Membership of segments is not among them.
    fn related(&self, tx: &mut Tx<'_>, joined: &Plan) -> Result<HashMap<Relation, HashMap<ContactId, Vec<RelatedRow>>>> {
        let asked = joined.index_leaves().filter_map(|leaf| relation(joined, leaf)).filter(|r| **r != Relation::Segment);
        let asked: BTreeSet<&Relation> = asked.collect();
        let mut rows = HashMap::new();
        for relation in asked {
            let mut found: HashMap<ContactId, Vec<RelatedRow>> = HashMap::new();
            each_row(tx, relation, Some(&self.ids), &Narrow::default(), &mut |contact, row| {
                found.entry(contact).or_default().push(row);
                Flow::Next
            })?;
            rows.insert(relation.clone(), found);
        }
        Ok(rows)
    }

    /// Writes when the clock next changes something for single contacts.
    fn keep_flips(&self, tx: &mut Tx<'_>, flips: &[(SegmentId, u32, Timestamp)]) -> Result<()> {
        let values: Vec<SqlValue> = flips
            .iter()
            .flat_map(|(segment, contact, due)| {
                [SqlValue::Int(segment.0), SqlValue::Int(i64::from(*contact)), SqlValue::Int(due.0)]
            })
            .collect();
        tx.insert_many(
            "INSERT INTO segment_flips (segment_id, contact_id, due_at)",
            "ON CONFLICT (segment_id, contact_id) DO UPDATE SET due_at = excluded.due_at",
            3,
            &values,
        )?;
        Ok(())
    }

    /// For whom of the people a leaf about related rows holds.
    fn related_leaf(
        &self,
        tx: &mut Tx<'_>,
        group: &Asking<'_>,
        leaf: usize,
        people: &RoaringBitmap,
        pieces: &mut Pieces,
    ) -> Result<RoaringBitmap> {
        let Some(relation) = relation(group.joined, leaf) else { return Ok(RoaringBitmap::new()) };
        if *relation == Relation::Segment {
            return self.segment_leaf(tx, group, leaf, people, pieces);
        }
        let nobody = HashMap::new();
        let rows = group.rows.get(relation).unwrap_or(&nobody);
        let mut scratch = Scratch::default();
        // Those without a row are all answered alike.
        let holds_for_none = quantifier(group.joined, leaf).is_some_and(Quantifier::holds_for_none);
        let mut set = if holds_for_none { people.clone() } else { RoaringBitmap::new() };
        for (contact, rows) in rows {
            let holds = group.joined.leaf(leaf, &Rows { relation, rows }, group.moment, &mut scratch);
            if holds && people.contains(contact.bit()) {
                set.insert(contact.bit());
            } else {
                set.remove(contact.bit());
            }
        }
        Ok(set)
    }

    fn segment_leaf(
        &self,
        tx: &mut Tx<'_>,
        group: &Asking<'_>,
        leaf: usize,
        people: &RoaringBitmap,
        pieces: &mut Pieces,
    ) -> Result<RoaringBitmap> {
        let Question::Related { rows, quantifier, .. } = &group.joined.leaves[leaf].question else {
            return Ok(RoaringBitmap::new());
        };
        let ids: Vec<SegmentId> = match rows.objects() {
            Some(ids) => ids.iter().map(|id| SegmentId(*id)).collect(),
            None => group.known.by_id.keys().copied().collect(),
        };
        let all = matches!(quantifier, Quantifier::Each { .. });
        let mut set: Option<RoaringBitmap> = None;
        for id in ids {
            let bits = pieces.among(tx, id, &self.pieces)?;
            set = Some(match set {
                None => bits,
                Some(so_far) if all => so_far & bits,
                Some(so_far) => so_far | bits,
            });
        }
        let set = set.unwrap_or_default() & people;
        Ok(if quantifier.holds_for_none() { people - set } else { set })
    }
}

/// What the questions of a group are answered from.
struct Asking<'a> {
    known: &'a AllKnown,
    joined: &'a Plan,
    moment: &'a Moment,
    rows: HashMap<Relation, HashMap<ContactId, Vec<RelatedRow>>>,
}

fn relation(plan: &Plan, leaf: usize) -> Option<&Relation> {
    match &plan.leaves[leaf].question {
        Question::Related { relation, .. } => Some(relation),
        Question::Column { .. } => None,
    }
}

/// The rows of one relation that hang on one contact.
struct Rows<'a> {
    relation: &'a Relation,
    rows: &'a [RelatedRow],
}

impl Columns for Rows<'_> {
    fn value(&self, _slot: usize, _column: &ColumnRef) -> Value<'_> {
        Value::Null
    }
}

impl Facts for Rows<'_> {
    fn related(&self, relation: &Relation) -> &[RelatedRow] {
        if relation == self.relation { self.rows } else { &[] }
    }
}
