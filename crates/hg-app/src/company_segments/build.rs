//! Building a segment of companies: all companies are looked at, piece by piece; and again when time changes the answer.

use std::time::Instant;

use async_trait::async_trait;
use hg_core::ids::{CompanySegmentId, JobId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};
use serde_json::json;

use crate::company_segments::judge::{Ready, settle, zone_of};
use crate::company_segments::{CompanySegment, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::segments::compile;
use crate::worker::Worker;
use crate::workspace::Workspace;

const KIND: &str = "company-segments.build";
/// Companies that one transaction looks at.
const CHUNK: i64 = 500;
/// How often a filter is looked at that asks about hours and minutes.
const OFTEN: Millis = Millis::minutes(15);
/// Announced when a segment is due at another time.
const TOPIC: &str = "company-segments-due";

/// Queues a build in the caller's transaction.
pub(super) fn push(tx: &mut Tx<'_>, segment: &CompanySegment, now: Timestamp, by: Option<UserId>) -> Result<Option<JobId>> {
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(format!("{KIND}:{}", segment.id)),
        title: format!("Build the company segment “{}”", segment.name),
        payload: json!({"segment": segment.id.0}),
        due_at: now,
        visible: by.is_some(),
        link: Some(format!("/companies/segments/{}", segment.id)),
        created_by: by,
    };
    jobs::push(tx, now, job)
}

enum Step {
    /// Up to which id companies were looked at, and the last one.
    Done(i64, i64),
    End,
    Gone(&'static str),
    Broken(String),
}

/// Looks at the companies behind an id.
fn step(ws: &Workspace, tx: &mut Tx<'_>, id: CompanySegmentId, after: i64, took: i64, now: Timestamp) -> Result<Step> {
    let segment = match store::find(tx, id) {
        Ok(segment) if segment.published => segment,
        Ok(_) => return Ok(Step::Gone("The segment is not published.")),
        Err(error) if error.is_not_found() => return Ok(Step::Gone("The segment was deleted.")),
        Err(error) => return Err(error),
    };
    let (fields, zone) = (fields::catalogue(ws, tx)?, zone_of(ws));
    let Some(ready) = Ready::of(&segment, &fields, now, &zone) else {
        let why = segment.filter.as_ref().and_then(|json| compile(json, fields.companies()).err());
        let why = why.map_or_else(String::new, |problem| problem.to_string());
        store::set_broken(tx, id, &why)?;
        return Ok(Step::Broken(why));
    };
    let text = "SELECT id FROM companies WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2";
    let ids: Vec<i64> = tx.all(Sql::new(text).bind(after).bind(CHUNK), |r| r.get(0))?;
    let Some(last) = ids.last().copied() else {
        let due = ready.question.as_ref().and_then(|(plan, _)| {
            let often = plan.dependencies().clock.then(|| now.plus(OFTEN));
            [plan.next_calendar_flip(now, &zone), often].into_iter().flatten().min()
        });
        store::set_built(tx, &segment, took, due, now)?;
        tx.wake(TOPIC);
        return Ok(Step::End);
    };
    settle(ws, tx, &[ready], &ids, now)?;
    let end: i64 = tx.scalar("SELECT coalesce(max(id), 0) FROM companies")?;
    Ok(Step::Done(last, end))
}

/// Builds a segment; it goes on where it was.
pub struct BuildJob;

#[async_trait]
impl JobRunner for BuildJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = CompanySegmentId(job.payload["segment"].as_i64().unwrap_or(0));
        let (mut after, begun) = (job.done, Instant::now());
        loop {
            match next(cx, id, after, begun).await? {
                Step::Done(last, end) => {
                    after = last;
                    if !handle.progress(last, Some(end), None).await? {
                        return Ok(Outcome::Interrupted);
                    }
                }
                Step::End => return Ok(Outcome::Done("All companies were looked at.".to_owned())),
                Step::Gone(why) => return Ok(Outcome::Done(why.to_owned())),
                Step::Broken(why) => return Ok(Outcome::Fail(why)),
            }
        }
    }
}

async fn next(cx: &Cx, id: CompanySegmentId, after: i64, begun: Instant) -> Result<Step> {
    let (ws, now) = (cx.ws.clone(), cx.now());
    let took = i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
    cx.db().write_in(Lane::Bulk, move |tx| step(&ws, tx, id, after, took, now)).await
}

/// Builds one segment, or all that are published, now; each as it is afterwards.
pub async fn build_all_now(cx: &Cx, only: Option<CompanySegmentId>) -> Result<Vec<CompanySegment>> {
    cx.may(Action::Edit(Area::Segments))?;
    let wanted = match only {
        Some(id) => vec![cx.db().read(move |tx| store::find(tx, id)).await?],
        None => cx.db().read(store::all).await?,
    };
    let mut built = Vec::new();
    for segment in wanted {
        let (mut after, begun) = (0, Instant::now());
        while let Step::Done(last, _) = next(cx, segment.id, after, begun).await? {
            after = last;
        }
        built.push(cx.db().read(move |tx| store::find(tx, segment.id)).await?);
    }
    Ok(built)
}

/// Pushes the builds of segments whose answer time changes.
pub struct BuildClock;

#[async_trait]
impl Worker for BuildClock {
    fn name(&self) -> &'static str {
        "company segments clock"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let now = cx.now();
        let text = "SELECT id FROM company_segments WHERE due_at <= $1 ORDER BY due_at LIMIT 100";
        let due = cx.db().read(move |tx| Ok::<_, Error>(tx.all(Sql::new(text).bind(now), |r| r.get::<CompanySegmentId>(0))?));
        let due = due.await?;
        if due.is_empty() {
            return Ok(0);
        }
        cx.db()
            .write(move |tx| {
                for id in &due {
                    tx.exec(Sql::new("UPDATE company_segments SET due_at = NULL WHERE id = $1").bind(*id))?;
                    match store::find(tx, *id) {
                        Ok(segment) if segment.published => drop(push(tx, &segment, now, None)?),
                        Ok(_) => {}
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(due.len())
            })
            .await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| Ok(tx.scalar("SELECT min(due_at) FROM company_segments")?)).await
    }
}
