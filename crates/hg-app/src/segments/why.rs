//! Why is this contact in or out? And: does a filter hold for one contact?

use std::collections::BTreeSet;

use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{Explained, Filter, Plan, Relation, Scratch};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::fields;
use crate::segments::facts::{Person, gather, segment_rows};
use crate::segments::members::{Pieces, contains};
use crate::segments::moves::joined_at;
use crate::segments::{SegmentProblem, compile, store};
use crate::workspace::Workspace;

/// A contact's place in a segment, and how it came about.
#[derive(Debug, Clone)]
pub struct Explanation {
    pub member: bool,
    /// `filter`, `added by hand`, `removed by hand`, `nobody identified this visitor yet`.
    pub origin: String,
    pub since: Option<Timestamp>,
    /// `None` without a filter.
    pub tree: Option<Explained>,
}

/// Explains why a contact belongs to a segment or does not.
pub async fn explain(cx: &Cx, segment: SegmentId, contact: ContactId) -> Result<Explanation> {
    cx.may(Action::View(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let found = store::find(tx, segment)?;
            let contact = contacts::survivor(tx, contact)?;
            let member = contains(tx, segment, contact)?;
            let hand: Option<(i64, String, Timestamp)> = tx.opt(
                Sql::new("SELECT state, origin, at FROM segment_overrides WHERE segment_id = $1 AND contact_id = $2")
                    .bind(segment)
                    .bind(contact),
                |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
            )?;
            let mut tree = None;
            let mut identified = true;
            if let Some(json) = &found.filter {
                let plan = compile(json, &*fields::catalogue(&ws, tx)?)?;
                if let Some(person) = person(&ws, tx, &plan, contact)? {
                    identified = person.identified;
                    tree = Some(plan.explain(&person, &moment(&ws, &plan)));
                }
            }
            let (origin, since) = match hand {
                Some((1, origin, at)) => (format!("added by hand ({origin})"), Some(at)),
                Some((_, origin, at)) => (format!("removed by hand ({origin})"), Some(at)),
                None if member => ("filter".to_owned(), joined_at(tx, segment, contact)?),
                None if !identified && !found.include_anonymous => ("nobody knows who this visitor is".to_owned(), None),
                None => ("filter".to_owned(), None),
            };
            Ok(Explanation { member, origin, since, tree })
        })
        .await
}

/// What a plan answers for a contact and why, and whether she is known by name; none when she is gone.
pub(super) fn explain_plan(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    plan: &Plan,
    contact: ContactId,
) -> Result<Option<(Explained, bool)>> {
    let Some(person) = person(ws, tx, plan, contact)?.filter(|p| p.alive) else { return Ok(None) };
    Ok(Some((plan.explain(&person, &moment(ws, plan)), person.identified)))
}

/// Whether a filter holds for one contact now. Contacts that are gone satisfy nothing.
pub fn matches(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, filter: &Filter) -> Result<bool> {
    let plan = Plan::of(filter, &*fields::catalogue(ws, tx)?).map_err(SegmentProblem::Filter)?;
    let Some(person) = person(ws, tx, &plan, contact)?.filter(|p| p.alive) else { return Ok(false) };
    Ok(plan.matches(&person, &moment(ws, &plan), &mut Scratch::default()))
}

/// What a filter answers for one contact now, and why; none when she is gone.
pub fn judge(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, filter: &Filter) -> Result<Option<Explained>> {
    let plan = Plan::of(filter, &*fields::catalogue(ws, tx)?).map_err(SegmentProblem::Filter)?;
    Ok(explain_plan(ws, tx, &plan, contact)?.map(|(explained, _)| explained))
}

/// Checks a filter that something else than a segment keeps (a campaign's condition) against this workspace.
pub fn check_filter(ws: &Workspace, tx: &mut Tx<'_>, filter: &Filter) -> Result<()> {
    Plan::of(filter, &*fields::catalogue(ws, tx)?).map_err(SegmentProblem::Filter)?;
    Ok(())
}

fn moment(ws: &Workspace, plan: &Plan) -> hg_core::segments::Moment {
    let zone = hg_core::time::zone_or(Some(&ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
    plan.at(ws.clock.now(), &zone)
}

/// What a plan asks about one contact.
fn person(ws: &Workspace, tx: &mut Tx<'_>, plan: &Plan, contact: ContactId) -> Result<Option<Person>> {
    let depends = plan.dependencies();
    let columns: BTreeSet<_> = plan.columns.iter().cloned().collect();
    let mut people = gather(tx, &[contact.0], &columns, &depends.relations)?;
    let Some(mut person) = people.remove(&contact) else { return Ok(None) };
    if depends.relations.contains(&Relation::Segment) {
        let asked: Vec<SegmentId> = if depends.any_segment {
            tx.all("SELECT id FROM segments WHERE deleted_at IS NULL", |r| r.get(0))?
        } else {
            depends.segments.iter().copied().collect()
        };
        let rows = segment_rows(tx, &mut Pieces::new(ws), contact, asked)?;
        person.related.insert(Relation::Segment, rows);
    }
    Ok(Some(person))
}
