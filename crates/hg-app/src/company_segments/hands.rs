//! Companies put in and taken out by hand, and who belongs.

use std::collections::HashSet;

use hg_core::ids::{CompanyId, CompanySegmentId};
use hg_store::{Sql, Value};
use serde_json::json;

use crate::audit::{self, Deed, Entry};
use crate::companies::{self, Company, load_many};
use crate::company_segments::judge::{Ready, settle, zone_of};
use crate::company_segments::{CompanyMembership, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Page};
use crate::segments::SegmentProblem;

/// What a hand does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// They belong, whatever the filter says.
    In,
    /// They do not belong, whatever the filter says.
    Out,
    /// The filter decides again.
    Away,
}

/// So many companies one request moves.
const MOST: usize = 1_000;

/// Puts companies in, takes them out, or lets the filter decide again; how many of them moved.
pub async fn change_by_hand(cx: &Cx, id: CompanySegmentId, companies: Vec<CompanyId>, hand: Hand) -> Result<usize> {
    cx.may(Action::Edit(Area::Segments))?;
    if companies.len() > MOST {
        let detail = format!("At most {MOST} companies are moved at once; send the others in another request.");
        return Err(Error::field("/companies", "company-segment.too-many", detail));
    }
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let segment = store::find(tx, id)?;
            let fields = fields::catalogue(&ws, tx)?;
            let mut ids = Vec::with_capacity(companies.len());
            for company in &companies {
                ids.push(companies::survivor(tx, *company)?.0);
            }
            ids.sort_unstable();
            ids.dedup();
            let by_hand = match hand {
                Hand::In => 1,
                Hand::Out => -1,
                Hand::Away => 0,
            };
            let rows: Vec<Value> = ids.iter().flat_map(|company| [id.0, *company, 0, by_hand, now.0].map(Value::Int)).collect();
            tx.insert_many(
                "INSERT INTO company_segment_members (segment_id, company_id, member, by_hand, changed_at)",
                "ON CONFLICT (segment_id, company_id) DO UPDATE SET by_hand = excluded.by_hand",
                5,
                &rows,
            )?;
            let Some(ready) = Ready::of(&segment, &fields, now, &zone_of(&ws)) else {
                let error = hg_core::segments::FilterError::new("", "broken", segment.broken.unwrap_or_default());
                return Err(SegmentProblem::Filter(vec![error]).into());
            };
            let moved = settle(&ws, tx, &[ready], &ids, now)?;
            let detail = json!({"companies": ids.len(), "hand": by_hand});
            audit::record(tx, &who, Entry::new(Deed::Update, "company_segment", id.0, &segment.name).detail(detail))?;
            Ok(moved)
        })
        .await
}

/// The companies of a segment, by their number; and which of them are there by hand.
pub async fn companies_of(cx: &Cx, id: CompanySegmentId, query: ListQuery) -> Result<(Page<Company>, HashSet<CompanyId>)> {
    cx.may(Action::View(Area::Segments))?;
    let after = query.after()?.map_or(0, |(_, id)| id);
    let (ws, limit) = (cx.ws.clone(), query.limit());
    cx.db()
        .read(move |tx| {
            let segment = store::find(tx, id)?;
            let text = "SELECT m.company_id, m.by_hand FROM company_segment_members m JOIN companies c ON c.id = m.company_id \
                        WHERE m.segment_id = $1 AND m.member = 1 AND m.company_id > $2 AND c.deleted_at IS NULL \
                        ORDER BY m.company_id LIMIT $3";
            let rows: Vec<(CompanyId, i64)> =
                tx.all(Sql::new(text).bind(id).bind(after).bind(i64::from(limit) + 1), |r| Ok((r.get(0)?, r.get(1)?)))?;
            let ids: Vec<CompanyId> = rows.iter().map(|row| row.0).collect();
            let fields = fields::catalogue(&ws, tx)?;
            let companies = load_many(tx, fields.companies(), &ids)?;
            let total = u64::try_from(segment.members).ok();
            let by_hand = rows.into_iter().filter(|(_, by)| *by > 0).map(|(id, _)| id).collect();
            Ok((Page::of(companies, limit, total, |c: &Company| (Value::Null, c.id.0)), by_hand))
        })
        .await
}

/// The segments that a company belongs to, by name.
pub async fn segments_of(cx: &Cx, company: CompanyId) -> Result<Vec<CompanyMembership>> {
    cx.may(Action::View(Area::Segments))?;
    cx.db()
        .read(move |tx| {
            let company = companies::survivor(tx, company)?;
            let text = "SELECT s.id, s.name, s.alias, m.by_hand, m.changed_at FROM company_segment_members m \
                        JOIN company_segments s ON s.id = m.segment_id \
                        WHERE m.company_id = $1 AND m.member = 1 AND s.deleted_at IS NULL ORDER BY s.name, s.id";
            Ok(tx.all(Sql::new(text).bind(company), |r| {
                Ok(CompanyMembership {
                    segment: r.get(0)?,
                    name: r.get(1)?,
                    alias: r.get(2)?,
                    by_hand: r.get::<i64>(3)? > 0,
                    since: r.get(4)?,
                })
            })?)
        })
        .await
}
