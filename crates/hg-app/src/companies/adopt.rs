//! Contacts who name a company but belong to none, because they were there before companies were: each is led to the company
//! of that name.

use async_trait::async_trait;
use hg_core::contacts::FieldValue;
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx};

use crate::changes::{self, Happening};
use crate::companies::{Names, employer_values, links};
use crate::contacts::{Source, Values};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::fields;
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};
use crate::workspace::Workspace;

const KIND: &str = "companies.adopt";
/// Contacts led in one transaction.
const CHUNK: i64 = 500;
/// Ids looked at in one transaction.
const WINDOW: i64 = 20_000;

/// Leads contacts to their companies, window by window; those who were led are passed over, so that it can begin again anywhere.
pub struct AdoptJob;

#[async_trait]
impl JobRunner for AdoptJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let last: i64 = cx.db().read(|tx| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
        let mut after = job.done.min(last);
        let mut led = 0;
        while after < last {
            let (ws, now) = (cx.ws.clone(), cx.now());
            let (next, found) = cx.db().write_in(Lane::Bulk, move |tx| step(&ws, tx, after, now)).await?;
            after = next.min(last);
            led += found;
            if !handle.progress(after, Some(last), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Done(format!("{led} contacts belong to the companies that they name.")))
    }
}

/// The contacts of a window who name a company and have none as their primary one: where to go on, and how many there were.
fn step(ws: &Workspace, tx: &mut Tx<'_>, after: i64, now: Timestamp) -> Result<(i64, usize)> {
    let rows: Vec<(i64, Values)> = tx.all(
        Sql::new(
            "SELECT id, company, city, state, country FROM contacts WHERE id > $1 AND id <= $2 AND company <> '' AND deleted_at IS NULL \
             AND NOT EXISTS (SELECT 1 FROM contact_companies l WHERE l.contact_id = contacts.id AND l.is_primary = 1) ORDER BY id LIMIT $3",
        )
        .bind(after)
        .bind(after + WINDOW)
        .bind(CHUNK),
        |r| {
            let mut values = Values::new();
            for (n, alias) in ["company", "city", "state", "country"].into_iter().enumerate() {
                if let Some(text) = r.get::<Option<String>>(n + 1)? {
                    values.insert(alias.to_owned(), FieldValue::Text(text));
                }
            }
            Ok((r.get(0)?, values))
        },
    )?;
    let full = rows.len() as i64 == CHUNK;
    let next = rows.last().map_or(after + WINDOW, |(id, _)| if full { *id } else { after + WINDOW });
    let fields = fields::catalogue(ws, tx)?;
    let wanted: Vec<Values> = rows.iter().map(|(_, values)| employer_values(values)).collect();
    let companies = Names::default().resolve(tx, &fields, &wanted, Source::Engine, now)?;
    let mut led = Vec::new();
    for ((contact, _), company) in rows.iter().zip(companies) {
        let Some((company, _)) = company else { continue };
        let contact = ContactId(*contact);
        links::join(tx, contact, company, false, now)?;
        changes::queue(tx, &Happening::new(contact, EventKind::CompanyEdited, now).object(company.0))?;
        led.push(contact.0);
    }
    // A name is written as its company writes it.
    links::settle(tx, &led, now)?;
    Ok((next, led.len()))
}
