//! While somebody edits the filter of a company segment: what can be asked, and which companies it selects.

use std::time::{Duration, Instant};

use hg_core::ids::CompanyId;
use hg_core::segments::{FilterField, Scratch, company_catalogue};
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::companies::{Company, load_many};
use crate::company_segments::judge::{gather, zone_of};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::fields;
use crate::segments::{compile, resolve_filter};

/// Which companies a filter selects now.
#[derive(Debug, Clone)]
pub struct CompanyPreview {
    pub count: u64,
    /// Whether all companies were looked at; otherwise the counts are estimated.
    pub exact: bool,
    pub took_ms: i64,
    pub sample: Vec<Company>,
    /// How many each condition selects by itself, by its pointer.
    pub conditions: Vec<(String, u64)>,
    /// All companies.
    pub everyone: u64,
    /// The filter in words.
    pub summary: String,
}

/// After that the counts are estimated from what was seen.
const TIME_LIMIT: Duration = Duration::from_millis(250);
const CHUNK: i64 = 2_000;
const SAMPLE: usize = 5;

/// What conditions on companies can be about.
pub async fn catalogue(cx: &Cx) -> Result<Vec<FilterField>> {
    cx.may(Action::View(Area::Segments))?;
    Ok(company_catalogue(fields::known(cx).await?.companies()))
}

/// Which companies a filter selects, without saving it. `all`: however long it takes.
pub async fn preview(cx: &Cx, filter: Json, all: bool) -> Result<CompanyPreview> {
    cx.may(Action::View(Area::Segments))?;
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .read(move |tx| {
            let started = Instant::now();
            let fields = fields::catalogue(&ws, tx)?;
            let plan = compile(&resolve_filter(tx, &filter)?, fields.companies())?;
            let moment = plan.at(now, &zone_of(&ws));
            let everyone: i64 = tx.scalar("SELECT count(*) FROM companies WHERE deleted_at IS NULL")?;
            let (mut after, mut seen, mut count) = (0, 0_u64, 0_u64);
            let mut leaves = vec![0_u64; plan.leaves.len()];
            let mut sample: Vec<CompanyId> = Vec::new();
            let mut scratch = Scratch::default();
            let exact = loop {
                let ids = ids_behind(tx, after)?;
                let Some(last) = ids.last() else { break true };
                after = *last;
                seen += ids.len() as u64;
                for (id, firm) in gather(tx, &ids, std::iter::once(&plan))? {
                    for (leaf, found) in leaves.iter_mut().enumerate() {
                        *found += u64::from(plan.leaf(leaf, &firm, &moment, &mut scratch));
                    }
                    if plan.matches(&firm, &moment, &mut scratch) {
                        count += 1;
                        if sample.len() < SAMPLE {
                            sample.push(id);
                        }
                    }
                }
                if !all && started.elapsed() > TIME_LIMIT {
                    break false;
                }
            };
            let everyone = everyone.unsigned_abs();
            let share = if exact || seen == 0 { 1.0 } else { everyone as f64 / seen as f64 };
            let scaled = |n: u64| if exact { n } else { (n as f64 * share).round() as u64 };
            Ok(CompanyPreview {
                count: scaled(count),
                exact,
                took_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(0),
                sample: load_many(tx, fields.companies(), &sample)?,
                conditions: plan.conditions.iter().map(|(pointer, leaf)| (pointer.clone(), scaled(leaves[*leaf]))).collect(),
                everyone,
                summary: plan.summary(),
            })
        })
        .await
}

fn ids_behind(tx: &mut Tx<'_>, after: i64) -> Result<Vec<i64>> {
    let text = "SELECT id FROM companies WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2";
    Ok(tx.all(Sql::new(text).bind(after).bind(CHUNK), |r| r.get(0))?)
}
