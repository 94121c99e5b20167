//! Companies that changed are looked at a moment later.

use async_trait::async_trait;
use hg_core::ids::CompanyId;
use hg_store::{Lane, Sql, Tx};

use crate::company_segments::judge::{Ready, settle, zone_of};
use crate::company_segments::store;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::fields;
use crate::worker::Worker;

/// Announced when a company changed.
const TOPIC: &str = "company-changes";
/// Companies that one transaction looks at.
const CHUNK: i64 = 500;

/// Notes that companies changed, in the transaction that changes them; while there are no segments nothing is noted.
pub fn noted(tx: &mut Tx<'_>, companies: &[CompanyId]) -> Result<()> {
    if companies.is_empty() || tx.scalar::<i64>("SELECT count(*) FROM company_segments")? == 0 {
        return Ok(());
    }
    let values: Vec<hg_store::Value> = companies.iter().map(|id| hg_store::Value::Int(id.0)).collect();
    tx.insert_many("INSERT INTO company_changes (company_id)", "ON CONFLICT DO NOTHING", 1, &values)?;
    tx.wake(TOPIC);
    Ok(())
}

/// Looks at companies that changed.
pub struct CompanySegmentReactor;

#[async_trait]
impl Worker for CompanySegmentReactor {
    fn name(&self) -> &'static str {
        "company segments"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let waits = "SELECT company_id FROM company_changes LIMIT 1";
        if cx.db().read(move |tx| Ok::<_, Error>(tx.opt(waits, |r| r.get::<i64>(0))?)).await?.is_none() {
            return Ok(0);
        }
        let (ws, now) = (cx.ws.clone(), cx.now());
        cx.db()
            .write_in(Lane::Live, move |tx| {
                let text = "SELECT company_id FROM company_changes ORDER BY company_id LIMIT $1";
                let ids: Vec<i64> = tx.all(Sql::new(text).bind(CHUNK), |r| r.get(0))?;
                let (fields, zone) = (fields::catalogue(&ws, tx)?, zone_of(&ws));
                let published = store::all(tx)?.into_iter().filter(|s| s.published);
                let ready: Vec<Ready> = published.filter_map(|s| Ready::of(&s, &fields, now, &zone)).collect();
                settle(&ws, tx, &ready, &ids, now)?;
                tx.exec(Sql::new("DELETE FROM company_changes WHERE company_id @in($1)").bind(ids.as_slice()))?;
                Ok::<_, Error>(ids.len())
            })
            .await
    }
}
