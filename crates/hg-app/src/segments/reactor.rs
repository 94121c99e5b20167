//! Live membership: the segments that a change concerns are evaluated for the contact it happened to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{ColumnRef, Moment, Relation, Scratch};
use hg_core::time::Timestamp;
use hg_store::{Sql, ToValue, Tx, Value};

use crate::changes::{self, Change, Happening, Reactor};
use crate::error::Result;
use crate::segments::facts::{gather, segment_rows};
use crate::segments::known::{self, AllKnown, Known};
use crate::segments::members::Pieces;
use crate::segments::rebuild::Touched;
use crate::workspace::Workspace;

/// Keeps membership current; comes before every reactor that asks who belongs where.
pub struct SegmentReactor;

impl Reactor for SegmentReactor {
    fn react(&self, ws: &Workspace, tx: &mut Tx<'_>, changes: &mut Vec<Change>) -> Result<()> {
        let known = known::all(ws, tx)?;
        let mut wanted: BTreeMap<ContactId, BTreeSet<SegmentId>> = BTreeMap::new();
        for change in changes.iter() {
            let concerned = known.ordered.iter().filter(|k| concerns(k, change)).map(|k| k.segment.id);
            wanted.entry(change.contact).or_default().extend(concerned);
        }
        wanted.retain(|_, segments| !segments.is_empty());
        if wanted.is_empty() {
            return Ok(());
        }
        let moves = evaluate(ws, tx, &known, &wanted)?;
        let now = ws.clock.now();
        log_each(tx, &moves, now, "filter")?;
        for moved in moves {
            let kind = if moved.joined { EventKind::SegmentJoined } else { EventKind::SegmentLeft };
            changes::note(tx, &Happening::new(moved.contact, kind, now).object(moved.segment.0))?;
            changes.push(Change {
                id: 0,
                contact: moved.contact,
                kind,
                object_id: moved.segment.0,
                ref_id: None,
                detail: None,
                at: now,
            });
        }
        Ok(())
    }

    fn listens(&self, ws: &Workspace, tx: &mut Tx<'_>, sample: &Change) -> Result<bool> {
        Ok(known::all(ws, tx)?.ordered.iter().any(|k| concerns(k, sample)))
    }
}

/// A contact who joined or left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub contact: ContactId,
    pub segment: SegmentId,
    pub joined: bool,
}

/// Writes a line of the segment's log for each.
pub(super) fn log_each(tx: &mut Tx<'_>, moves: &[Moved], now: Timestamp, reason: &str) -> Result<()> {
    let mut rows: Vec<Value> = Vec::with_capacity(moves.len() * 6);
    for m in moves {
        rows.extend([m.segment.to_value(), now.to_value(), m.contact.to_value(), m.joined.to_value()]);
        rows.extend([Value::Int(1), reason.to_value()]);
    }
    tx.insert_many("INSERT INTO segment_log (segment_id, at, contact_id, joined, people, reason)", "", 6, &rows)?;
    Ok(())
}

/// Whether rows come from the companies of contacts.
fn of_companies(relation: &Relation) -> bool {
    matches!(relation, Relation::Company { .. } | Relation::CompanySegment)
}

/// Whether a change can alter the answer of a segment's filter.
fn concerns(known: &Known, change: &Change) -> bool {
    if !known.segment.published {
        return false;
    }
    // Who is deleted leaves segments without a filter too.
    if change.kind == EventKind::DeletedChanged {
        return true;
    }
    if known.plan.is_none() {
        return false;
    }
    let depends = &known.depends;
    let column = |alias: &str| depends.columns.contains(alias);
    let relation = |wanted: &dyn Fn(&Relation) -> bool| depends.relations.iter().any(wanted);
    match change.kind {
        EventKind::Created | EventKind::Identified | EventKind::Merged | EventKind::Unmerged | EventKind::DeletedChanged => true,
        EventKind::FieldsChanged | EventKind::Imported | EventKind::ApiChanged => {
            let named = change.detail.as_ref().and_then(|d| d.get("fields")).and_then(|f| f.as_array());
            let about = |alias: &str| column(alias) || alias == "company" && relation(&of_companies);
            column("date_modified") || named.is_none_or(|fields| fields.iter().filter_map(|f| f.as_str()).any(about))
        }
        EventKind::TagChanged => relation(&|r| *r == Relation::Tag),
        EventKind::PointsChanged if change.object_id > 0 => relation(&|r| *r == Relation::GroupPoints(change.object_id)),
        EventKind::PointsChanged => column("points") || column("date_modified"),
        EventKind::StageChanged => column("stage") || column("date_modified"),
        EventKind::CategoryChanged => relation(&|r| *r == Relation::Category),
        EventKind::DoNotContactChanged => relation(&|r| matches!(r, Relation::DoNotContact { .. })),
        EventKind::ConsentChanged => relation(&|r| matches!(r, Relation::Consent(_))),
        EventKind::SegmentJoined | EventKind::SegmentLeft => asks_about(known, SegmentId(change.object_id)),
        EventKind::CampaignJoined | EventKind::CampaignLeft => relation(&|r| *r == Relation::Campaign),
        EventKind::EmailSent | EventKind::EmailFailed => relation(&|r| *r == Relation::EmailSent),
        // What a machine did may have been taken for the contact's own a moment before.
        EventKind::EmailOpened | EventKind::MachineOpened => {
            column("last_active")
                || relation(&|r| matches!(r, Relation::EmailOpened | Relation::EmailOpenedByAny | Relation::OpenCount))
        }
        EventKind::EmailClicked | EventKind::MachineClicked => {
            let by_click = [
                Relation::EmailClicked,
                Relation::EmailClickedByAny,
                Relation::EmailOpenedByAny,
                Relation::Hit,
                Relation::Session,
                Relation::EmailOpened,
                Relation::OpenCount,
                Relation::Device,
            ];
            column("last_active") || relation(&|r| by_click.contains(r))
        }
        EventKind::PageHit => {
            let by_hit = [Relation::Hit, Relation::Session, Relation::Device, Relation::PageVisited];
            column("last_active") || relation(&|r| by_hit.contains(r))
        }
        EventKind::FormSubmitted => column("last_active") || relation(&|r| *r == Relation::FormSubmitted),
        EventKind::TimePassed => depends.daily || depends.clock,
        EventKind::AddressSeen => relation(&|r| *r == Relation::Device),
        EventKind::UtmRecorded => relation(&|r| *r == Relation::Utm),
        EventKind::EmailReplied => relation(&|r| *r == Relation::EmailReplied),
        EventKind::EmailBounced => relation(&|r| *r == Relation::EmailBounced),
        EventKind::EmailComplained => relation(&|r| *r == Relation::EmailComplained),
        EventKind::CampaignStep | EventKind::MessageHeld | EventKind::PreferencesChanged | EventKind::TriggerReached => false,
        EventKind::CompanyChanged | EventKind::CompanyEdited => relation(&of_companies),
    }
}

/// Evaluates segments for contacts, and the segments that ask about those, and writes who moved.
fn evaluate(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    known: &AllKnown,
    wanted: &BTreeMap<ContactId, BTreeSet<SegmentId>>,
) -> Result<Vec<Moved>> {
    let now = ws.clock.now();
    let zone = hg_core::time::zone_or(Some(&ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
    let concerned = with_dependents(known, wanted);
    let (columns, relations) = questions(&concerned);
    let ids: Vec<i64> = wanted.keys().map(|c| c.0).collect();
    let mut people = gather(tx, &ids, &columns, &relations)?;
    let hands = overrides(tx, &ids)?;
    let moments: HashMap<SegmentId, Moment> =
        concerned.iter().filter_map(|k| Some((k.segment.id, k.plan.as_ref()?.at(now, &zone)))).collect();
    let mut pieces = Pieces::new(ws);
    let mut scratch = Scratch::default();
    let mut moves = Vec::new();
    let mut flips = Vec::new();
    for (contact, asked) in wanted {
        let Some(person) = people.get_mut(contact) else { continue };
        let mut asked = asked.clone();
        for k in &concerned {
            let id = k.segment.id;
            if !asked.contains(&id) {
                continue;
            }
            let by_hand = hands.get(&(id, *contact)).copied();
            let member = match (&k.plan, by_hand) {
                _ if !person.alive => false,
                (_, Some(1)) => true,
                (_, Some(_)) => false,
                (None, None) => continue,
                (Some(plan), None) => {
                    if depends_on_segments(k) {
                        let asked_about = if k.depends.any_segment {
                            known.by_id.keys().copied().collect()
                        } else {
                            k.depends.segments.clone()
                        };
                        let rows = segment_rows(tx, &mut pieces, *contact, asked_about)?;
                        person.related.insert(Relation::Segment, rows);
                    }
                    let can_belong = person.identified || k.segment.include_anonymous;
                    let moment = &moments[&id];
                    if k.depends.clock {
                        let leaves = plan.scan_leaves().filter_map(|leaf| plan.next_clock_flip(leaf, &*person, moment));
                        flips.extend(leaves.min().map(|due| (id, *contact, due)));
                    }
                    can_belong && plan.matches(&*person, moment, &mut scratch)
                }
            };
            if pieces.set(tx, id, *contact, member)? {
                moves.push(Moved { contact: *contact, segment: id, joined: member });
                asked.extend(concerned.iter().filter(|d| asks_about(d, id)).map(|d| d.segment.id));
            }
        }
    }
    for (segment, contact, due) in flips {
        tx.exec(
            Sql::new(
                "INSERT INTO segment_flips (segment_id, contact_id, due_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (segment_id, contact_id) DO UPDATE SET due_at = excluded.due_at",
            )
            .bind(segment)
            .bind(contact)
            .bind(due),
        )?;
    }
    pieces.write(ws, tx)?;
    ws.part::<Touched>().add(concerned.iter().map(|k| k.segment.id), wanted.keys().map(|c| c.bit()));
    Ok(moves)
}

/// Whether a segment's filter asks who belongs to another.
fn asks_about(known: &Known, other: SegmentId) -> bool {
    known.segment.id != other && (known.depends.any_segment || known.depends.segments.contains(&other))
}

fn depends_on_segments(known: &Known) -> bool {
    known.depends.relations.contains(&Relation::Segment)
}

/// The segments asked for and those that ask about them, in order.
fn with_dependents(known: &AllKnown, wanted: &BTreeMap<ContactId, BTreeSet<SegmentId>>) -> Vec<Arc<Known>> {
    let mut ids: BTreeSet<SegmentId> = wanted.values().flatten().copied().collect();
    for k in &known.ordered {
        if k.segment.published && ids.iter().any(|id| asks_about(k, *id)) {
            ids.insert(k.segment.id);
        }
    }
    known.ordered.iter().filter(|k| ids.contains(&k.segment.id)).cloned().collect()
}

fn questions(concerned: &[Arc<Known>]) -> (BTreeSet<ColumnRef>, BTreeSet<Relation>) {
    let plans = || concerned.iter().filter_map(|k| k.plan.as_ref());
    let columns = plans().flat_map(|p| p.columns.iter().cloned()).collect();
    let relations = concerned.iter().flat_map(|k| k.depends.relations.iter().cloned()).collect();
    (columns, relations)
}

fn overrides(tx: &mut Tx<'_>, contacts: &[i64]) -> Result<HashMap<(SegmentId, ContactId), i64>> {
    let rows = tx.all(
        Sql::new("SELECT segment_id, contact_id, state FROM segment_overrides WHERE contact_id @in($1)").bind(contacts),
        |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?)),
    )?;
    Ok(rows.into_iter().collect())
}
