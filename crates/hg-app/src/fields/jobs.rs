//! Dropping the column of a field that was deleted a month ago.

use async_trait::async_trait;
use hg_core::ids::FieldId;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Tx};
use serde_json::json;

use crate::cx::Cx;
use crate::error::Result;
use crate::fields::store;
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

const KIND: &str = "fields.drop-column";
const KEPT_FOR: Millis = Millis::days(30);

/// Drops the column of a deleted field.
pub struct DropColumn;

pub(super) fn push(tx: &mut Tx<'_>, field: FieldId, label: &str, now: Timestamp) -> Result<()> {
    jobs::push(
        tx,
        now,
        NewJob {
            kind: KIND,
            dedupe_key: Some(format!("{KIND}:{field}")),
            title: format!("Remove the values of the deleted field “{label}”"),
            payload: json!({"field": field.0}),
            due_at: now.plus(KEPT_FOR),
            visible: false,
            link: None,
            created_by: None,
        },
    )?;
    Ok(())
}

#[async_trait]
impl JobRunner for DropColumn {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, _handle: &JobHandle) -> Result<Outcome> {
        let field = FieldId(job.payload["field"].as_i64().unwrap_or(0));
        cx.db().write_in(Lane::Bulk, move |tx| store::drop_column(tx, field)).await?;
        Ok(Outcome::Done("The column is gone.".to_owned()))
    }
}
