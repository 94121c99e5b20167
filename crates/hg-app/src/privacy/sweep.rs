//! After an erasure: files and rejected rows of imports that are through, and what the database file still remembers of
//! rows that are gone.

use async_trait::async_trait;
use hg_core::ids::UserId;
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx};
use serde_json::{Value as Json, json};

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::exports;
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

const KIND: &str = "privacy.sweep";
/// A larger database is not written anew beside a running server: `honeyguide maintenance compact` does it when there is
/// time. What deleted rows held was overwritten in their pages already.
const LARGEST: u64 = 256 * 1024 * 1024;
/// Rows of one transaction.
const CHUNK: i64 = 500;

/// Asks for a sweep; one that waits already does for all.
pub(super) fn push(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>) -> Result<()> {
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(KIND.to_owned()),
        title: "Remove the traces of erased contacts".to_owned(),
        payload: json!({}),
        due_at: now,
        visible: true,
        link: None,
        created_by: by,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// Removes what is left outside the rows of a contact. Doing it twice does no harm.
pub struct SweepJob;

#[async_trait]
impl JobRunner for SweepJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, _job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let mut files = 0;
        for (id, path) in finished_imports(cx).await? {
            // The file was read to its end; the people in it are contacts now, or rejected.
            if std::fs::remove_file(cx.ws.site.data_dir.join(&path)).is_ok() {
                files += 1;
            }
            empty(cx, id).await?;
            if !handle.progress(files, None, None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        exports::forget_files(cx).await?;
        let whole = cx.db().compact(LARGEST).await?;
        let rest = if whole { " The database was written anew." } else { "" };
        Ok(Outcome::Done(format!("{files} files of imports removed.{rest}")))
    }
}

async fn finished_imports(cx: &Cx) -> Result<Vec<(i64, String)>> {
    cx.db()
        .read(|tx| {
            Ok(tx.all("SELECT id, file_path FROM imports WHERE state IN ('done', 'failed') ORDER BY id", |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?)
        })
        .await
}

/// Takes sample rows, examples and rejected rows away; the counts stay.
async fn empty(cx: &Cx, import: i64) -> Result<()> {
    cx.db()
        .write(move |tx| {
            let setup: Json = tx.scalar(Sql::new("SELECT setup FROM imports WHERE id = $1").bind(import))?;
            let mut setup = setup;
            if let Json::Object(setup) = &mut setup {
                setup.insert("sample".into(), json!([]));
            }
            tx.exec(Sql::new("UPDATE imports SET setup = $2, dry_run = NULL WHERE id = $1").bind(import).bind(&setup))?;
            Ok::<_, Error>(())
        })
        .await?;
    loop {
        let gone = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                let text = "DELETE FROM import_rejects WHERE import_id = $1 AND line IN \
                            (SELECT r.line FROM import_rejects r WHERE r.import_id = $1 LIMIT $2)";
                Ok::<_, Error>(tx.exec(Sql::new(text).bind(import).bind(CHUNK))?)
            })
            .await?;
        if gone == 0 {
            return Ok(());
        }
    }
}
