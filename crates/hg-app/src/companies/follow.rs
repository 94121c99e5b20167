//! What a change of a company means for its contacts: written for the first of them at once, for the others by a job.

use async_trait::async_trait;
use hg_core::events::EventKind;
use hg_core::ids::{CompanyId, ContactId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::companies::links;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

const KIND: &str = "companies.follow";
/// How many contacts one transaction takes.
const CHUNK: i64 = 500;

/// What happened to the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Cause {
    /// It has another name, other values, or is gone.
    Changed,
    /// It came into a segment of companies or left one.
    Sorted,
    /// It came back.
    Restored,
    /// It became another one.
    Merged { into: i64 },
}

/// Brings the first contacts up to date, and leaves the others to a job.
pub(super) fn start(tx: &mut Tx<'_>, company: CompanyId, name: &str, cause: Cause, now: Timestamp) -> Result<()> {
    let Some(after) = step(tx, company, cause, 0, now)? else { return Ok(()) };
    jobs::push(
        tx,
        now,
        NewJob {
            kind: KIND,
            dedupe_key: None,
            title: format!("Bring the contacts of “{name}” up to date"),
            payload: json!({"company": company.0, "after": after, "cause": cause}),
            due_at: now,
            visible: true,
            link: Some(format!("/companies/{company}")),
            created_by: None,
        },
    )?;
    Ok(())
}

/// Its contacts are looked at again, because the segments of companies that it belongs to changed.
pub(crate) fn sorted(tx: &mut Tx<'_>, company: CompanyId, now: Timestamp) -> Result<()> {
    let text = "SELECT companyname FROM companies WHERE id = $1";
    let name: Option<Option<String>> = tx.opt(Sql::new(text).bind(company), |r| r.get(0))?;
    start(tx, company, &name.flatten().unwrap_or_default(), Cause::Sorted, now)
}

/// The contacts behind `after`; where to go on, when there may be more.
fn step(tx: &mut Tx<'_>, company: CompanyId, cause: Cause, after: i64, now: Timestamp) -> Result<Option<i64>> {
    let contacts: Vec<i64> = tx.all(
        Sql::new(
            "SELECT contact_id FROM contact_companies WHERE company_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3",
        )
        .bind(company)
        .bind(after)
        .bind(CHUNK),
        |r| r.get(0),
    )?;
    match cause {
        Cause::Changed | Cause::Sorted => {}
        Cause::Restored => promote_again(tx, company, &contacts)?,
        Cause::Merged { into } => hand_over(tx, company, CompanyId(into), &contacts)?,
    }
    if cause != Cause::Sorted {
        links::settle(tx, &contacts, now)?;
    }
    for contact in &contacts {
        changes::queue(tx, &Happening::new(ContactId(*contact), EventKind::CompanyEdited, now).object(company.0))?;
    }
    Ok(contacts.last().copied().filter(|_| contacts.len() as i64 == CHUNK))
}

/// The company is the primary one again of those whose primary one it was.
fn promote_again(tx: &mut Tx<'_>, company: CompanyId, contacts: &[i64]) -> Result<()> {
    let theirs: Vec<i64> = tx.all(
        Sql::new("SELECT contact_id FROM contact_companies WHERE company_id = $1 AND was_primary = 1 AND contact_id @in($2)")
            .bind(company)
            .bind(contacts),
        |r| r.get(0),
    )?;
    if theirs.is_empty() {
        return Ok(());
    }
    tx.exec(
        Sql::new("UPDATE contact_companies SET is_primary = 0, was_primary = 0 WHERE contact_id @in($1)").bind(theirs.as_slice()),
    )?;
    tx.exec(
        Sql::new("UPDATE contact_companies SET is_primary = 1 WHERE company_id = $1 AND contact_id @in($2)")
            .bind(company)
            .bind(theirs.as_slice()),
    )?;
    Ok(())
}

/// The contacts of one company become those of another.
fn hand_over(tx: &mut Tx<'_>, from: CompanyId, into: CompanyId, contacts: &[i64]) -> Result<()> {
    let moved: Vec<(i64, bool, bool, Timestamp)> = tx.all(
        Sql::new(
            "DELETE FROM contact_companies WHERE company_id = $1 AND contact_id @in($2) \
             RETURNING contact_id, is_primary, was_primary, added_at",
        )
        .bind(from)
        .bind(contacts),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    let rows: Vec<Value> = moved
        .iter()
        .flat_map(|(contact, primary, was, at)| {
            let flags = [*primary, *was].map(|flag| Value::Int(i64::from(flag)));
            let [primary, was] = flags;
            [Value::Int(*contact), Value::Int(into.0), primary, was, Value::Int(at.0)]
        })
        .collect();
    tx.insert_many(
        "INSERT INTO contact_companies (contact_id, company_id, is_primary, was_primary, added_at)",
        "ON CONFLICT (contact_id, company_id) DO UPDATE SET is_primary = @greatest(contact_companies.is_primary, excluded.is_primary)",
        5,
        &rows,
    )?;
    Ok(())
}

/// Brings the contacts of a company up to date.
pub struct FollowJob;

#[async_trait]
impl JobRunner for FollowJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let company = CompanyId(job.payload["company"].as_i64().unwrap_or(0));
        let cause: Cause = serde_json::from_value(job.payload["cause"].clone()).map_err(|e| Error::internal(e.to_string()))?;
        let mut after = job.payload["after"].as_i64().unwrap_or(0);
        let mut done = 0;
        loop {
            let now = cx.now();
            let next = cx.db().write_in(Lane::Bulk, move |tx| step(tx, company, cause, after, now)).await?;
            done += CHUNK;
            let Some(next) = next else { return Ok(Outcome::Done("All contacts are up to date.".to_owned())) };
            after = next;
            if !handle.progress(done, None, None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
    }
}
