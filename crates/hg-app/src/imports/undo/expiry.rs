//! Forgetting what imports did when they can no longer be undone.

use async_trait::async_trait;
use hg_core::ids::ImportId;
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql};

use super::KEPT;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;

/// Rows of one transaction.
const CHUNK: i64 = 2_000;
/// Imports that rest and whose notes are still kept.
const RESTING: &str = "logged = 1 AND state IN ('done', 'stopped', 'failed') AND (undo_state IS NULL OR undo_state IN ('stopped', 'failed', 'done'))";

/// Takes the notes of imports away when they have become too old.
pub struct NotesExpiry;

#[async_trait]
impl Worker for NotesExpiry {
    fn name(&self) -> &'static str {
        "expiry of undoing imports"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let before = cx.now().minus(KEPT);
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                let text = format!("SELECT id FROM imports WHERE {RESTING} AND coalesce(finished_at, updated_at) <= $1 ORDER BY id LIMIT 1");
                let Some(id) = tx.opt(Sql::new(text).bind(before), |r| r.get::<ImportId>(0))? else { return Ok(0) };
                let text = "DELETE FROM import_changes WHERE id IN (SELECT c.id FROM import_changes c WHERE c.import_id = $1 LIMIT $2)";
                let gone = tx.exec(Sql::new(text).bind(id).bind(CHUNK))?;
                if gone == 0 {
                    tx.exec(Sql::new("DELETE FROM import_made WHERE import_id = $1").bind(id))?;
                    let text = "UPDATE imports SET logged = 0, undo_state = CASE WHEN undo_state = 'done' THEN undo_state ELSE 'expired' END WHERE id = $1";
                    tx.exec(Sql::new(text).bind(id))?;
                }
                Ok::<_, Error>(1)
            })
            .await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let text = format!("SELECT min(coalesce(finished_at, updated_at)) FROM imports WHERE {RESTING}");
        let oldest: Option<Timestamp> = cx.db().read(move |tx| Ok::<_, Error>(tx.scalar(Sql::new(text))?)).await?;
        Ok(oldest.map(|at| at.plus(KEPT)))
    }
}
