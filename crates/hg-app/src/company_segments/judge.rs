//! Whether companies belong to segments, and writing who moved.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::{CompanyId, CompanySegmentId};
use hg_core::segments::{ColumnRef, Columns, Facts, Moment, Plan, RelatedRow, Relation, Scratch, StoredValue, Value};
use hg_core::time::{TimeZone, Timestamp};
use hg_store::{Sql, Tx, Value as Bound};

use crate::campaigns;
use crate::companies;
use crate::company_segments::CompanySegment;
use crate::error::Result;
use crate::segments::{self, company_columns, company_values, compile};
use crate::workspace::Workspace;

/// What is known about one company.
#[derive(Debug, Default)]
pub(super) struct Firm {
    values: HashMap<String, StoredValue>,
    tags: Vec<RelatedRow>,
}

impl Columns for Firm {
    fn value(&self, _slot: usize, column: &ColumnRef) -> Value<'_> {
        self.values.get(&column.alias).map_or(Value::Null, StoredValue::get)
    }
}

impl Facts for Firm {
    fn related(&self, relation: &Relation) -> &[RelatedRow] {
        if *relation == Relation::Tag { &self.tags } else { &[] }
    }
}

/// A segment with its filter ready to be answered; without one everything is decided by hand.
pub(super) struct Ready {
    pub id: CompanySegmentId,
    pub question: Option<(Plan, Moment)>,
}

impl Ready {
    /// `None` when its filter cannot be understood any more.
    pub fn of(segment: &CompanySegment, fields: &FieldCatalogue, now: Timestamp, zone: &TimeZone) -> Option<Ready> {
        let question = match &segment.filter {
            None => None,
            Some(json) => {
                let plan = compile(json, fields.companies()).ok()?;
                let moment = plan.at(now, zone);
                Some((plan, moment))
            }
        };
        Some(Ready { id: segment.id, question })
    }
}

pub(super) fn zone_of(ws: &Workspace) -> TimeZone {
    hg_core::time::zone_or(Some(&ws.settings().general.timezone), &TimeZone::UTC)
}

/// The companies of these ids that are there, with everything that some plans ask.
pub(super) fn gather<'p>(
    tx: &mut Tx<'_>,
    ids: &[i64],
    plans: impl Iterator<Item = &'p Plan>,
) -> Result<BTreeMap<CompanyId, Firm>> {
    let (mut columns, mut tagged) = (BTreeSet::new(), false);
    for plan in plans {
        columns.extend(plan.columns.iter().cloned());
        tagged |= plan.dependencies().relations.contains(&Relation::Tag);
    }
    let columns: Vec<ColumnRef> = columns.into_iter().collect();
    let text =
        format!("SELECT c.id, {} FROM companies c WHERE c.id @in($1) AND c.deleted_at IS NULL", company_columns(&columns, "c"));
    let rows = tx.all(Sql::new(text).bind(ids), |r| Ok((r.get::<CompanyId>(0)?, company_values(r, 1, &columns)?)))?;
    let mut firms: BTreeMap<CompanyId, Firm> = rows
        .into_iter()
        .map(|(id, values)| {
            let values = columns.iter().map(|c| c.alias.clone()).zip(values).collect();
            (id, Firm { values, tags: Vec::new() })
        })
        .collect();
    if tagged {
        let text = "SELECT company_id, tag_id FROM company_tags WHERE company_id @in($1)";
        for (company, tag) in tx.all(Sql::new(text).bind(ids), |r| Ok((r.get::<CompanyId>(0)?, r.get::<i64>(1)?)))? {
            if let Some(firm) = firms.get_mut(&company) {
                firm.tags.push(RelatedRow::about(tag));
            }
        }
    }
    Ok(firms)
}

/// What a row of the members says: whether it belongs, and what a hand did.
#[derive(Clone, Copy, Default)]
struct State {
    member: bool,
    by_hand: i64,
}

/// Looks at companies for some segments and writes what is different; how many moved. Those that are gone belong to none.
pub(super) fn settle(ws: &Workspace, tx: &mut Tx<'_>, ready: &[Ready], ids: &[i64], now: Timestamp) -> Result<usize> {
    let firms = gather(tx, ids, ready.iter().filter_map(|r| Some(&r.question.as_ref()?.0)))?;
    let segments: Vec<i64> = ready.iter().map(|r| r.id.0).collect();
    let text = "SELECT segment_id, company_id, member, by_hand FROM company_segment_members \
                WHERE company_id @in($1) AND segment_id @in($2)";
    let rows = tx.all(Sql::new(text).bind(ids).bind(segments.as_slice()), |r| {
        Ok(((r.get::<CompanySegmentId>(0)?, r.get::<CompanyId>(1)?), State { member: r.get(2)?, by_hand: r.get(3)? }))
    })?;
    let states: HashMap<(CompanySegmentId, CompanyId), State> = rows.into_iter().collect();
    let mut scratch = Scratch::default();
    let mut values = Vec::new();
    let mut counts: BTreeMap<CompanySegmentId, i64> = BTreeMap::new();
    let mut moved: BTreeMap<CompanySegmentId, Vec<CompanyId>> = BTreeMap::new();
    for company in ids.iter().copied().map(CompanyId) {
        for segment in ready {
            let state = states.get(&(segment.id, company)).copied().unwrap_or_default();
            let belongs = match (firms.get(&company), state.by_hand, &segment.question) {
                (None, ..) => false,
                (Some(_), 1, _) => true,
                (Some(_), -1, _) | (Some(_), _, None) => false,
                (Some(firm), _, Some((plan, moment))) => plan.matches(firm, moment, &mut scratch),
            };
            if belongs == state.member {
                continue;
            }
            let flags = [i64::from(belongs), state.by_hand, now.0].map(Bound::Int);
            values.extend([Bound::Int(segment.id.0), Bound::Int(company.0)].into_iter().chain(flags));
            *counts.entry(segment.id).or_default() += if belongs { 1 } else { -1 };
            moved.entry(segment.id).or_default().push(company);
        }
    }
    tx.insert_many(
        "INSERT INTO company_segment_members (segment_id, company_id, member, by_hand, changed_at)",
        "ON CONFLICT (segment_id, company_id) DO UPDATE SET member = excluded.member, changed_at = excluded.changed_at",
        5,
        &values,
    )?;
    for (segment, by) in counts {
        let text = "UPDATE company_segments SET members = members + $2 WHERE id = $1";
        tx.exec(Sql::new(text).bind(segment).bind(by))?;
    }
    // Who is neither in nor kept out by a hand needs no row.
    let text = "DELETE FROM company_segment_members WHERE company_id @in($1) AND member = 0 AND by_hand = 0";
    tx.exec(Sql::new(text).bind(ids))?;
    let count = moved.values().map(Vec::len).sum();
    let mut told = BTreeSet::new();
    for (segment, companies) in moved {
        let asked = !segments::using_company_segment(ws, tx, segment)?.is_empty();
        if asked || !campaigns::using_company_segment(tx, segment)?.is_empty() {
            told.extend(companies);
        }
    }
    for company in told {
        companies::sorted(tx, company, now)?;
    }
    Ok(count)
}
