//! The log of a contact, read and changed from outside: what ran, what is to come, and both set by hand.

use std::net::IpAddr;

use hg_core::campaigns::{Kind, Path};
use hg_core::ids::{CampaignId, ContactId, LogId, StepId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::error::LogError;
use super::members::active_rotation;
use super::model::{Campaign, LogState};
use super::people::told;
use super::run::{Ending, Run, TOPIC, Task};
use super::{service, store};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// A row of the log.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub id: LogId,
    pub campaign: CampaignId,
    pub step: StepId,
    pub contact: ContactId,
    pub rotation: i64,
    pub state: &'static str,
    /// Still to come.
    pub is_open: bool,
    pub due_at: Option<Timestamp>,
    pub done_at: Option<Timestamp>,
    pub path: Option<Path>,
    pub text: Option<String>,
    /// What somebody outside told about it.
    pub given: Given,
}

/// What somebody outside tells about a step that ran elsewhere; kept and given back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// The "no" path was taken; only for conditions and decisions.
    #[serde(skip)]
    pub no: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<i64>,
}

/// What somebody outside sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogChange {
    /// The step is to run then.
    Schedule(Timestamp),
    /// The step ran then, elsewhere; what follows goes on from there.
    Done(Timestamp),
}

const COLUMNS: &str = "id, campaign_id, step_id, contact_id, rotation, state, due_at, done_at, path, detail";

fn read(r: &hg_store::Row<'_>) -> hg_store::Result<LogEntry> {
    let state = LogState::from_code(r.get(5)?);
    let detail: Option<Json> = r.get(9)?;
    Ok(LogEntry {
        id: r.get(0)?,
        campaign: r.get(1)?,
        step: r.get(2)?,
        contact: r.get(3)?,
        rotation: r.get(4)?,
        state: state.key(),
        is_open: matches!(state, LogState::Scheduled | LogState::Waiting),
        due_at: r.get(6)?,
        done_at: r.get(7)?,
        path: r.get::<Option<String>>(8)?.as_deref().and_then(Path::from_key),
        text: detail.as_ref().and_then(told),
        given: detail.and_then(|d| serde_json::from_value(d.get("given")?.clone()).ok()).unwrap_or_default(),
    })
}

/// Everything that campaigns did or will do for a contact, the oldest first; in one campaign when it is named.
pub async fn log_of(cx: &Cx, contact: ContactId, campaign: Option<CampaignId>) -> Result<Vec<LogEntry>> {
    cx.may(Action::View(Area::Campaigns))?;
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let text = format!(
                "SELECT {COLUMNS} FROM campaign_log l WHERE contact_id = $1 AND ($2 = 0 OR campaign_id = $2) \
                 AND EXISTS (SELECT 1 FROM campaigns c WHERE c.id = l.campaign_id AND c.deleted_at IS NULL) ORDER BY id"
            );
            Ok(tx.all(Sql::new(text).bind(contact).bind(campaign.map_or(0, |c| c.0)), read)?)
        })
        .await
}

/// The campaign that a step belongs to.
pub async fn of_step(cx: &Cx, step: StepId) -> Result<Campaign> {
    cx.may(Action::View(Area::Campaigns))?;
    let id = cx.db().read(move |tx| campaign_of(tx, step)).await?;
    service::get(cx, id).await
}

fn campaign_of(tx: &mut Tx<'_>, step: StepId) -> Result<CampaignId> {
    let sql = Sql::new("SELECT campaign_id FROM campaign_steps WHERE id = $1 AND deleted_at IS NULL").bind(step);
    tx.opt(sql, |r| r.get(0))?.ok_or_else(|| Error::not_found("step", step))
}

/// Schedules a step for a contact, or marks it as done; `true`: there was no row for it before.
pub async fn change_log(cx: &Cx, step: StepId, contact: ContactId, change: LogChange, given: Given) -> Result<(LogEntry, bool)> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let id = campaign_of(tx, step)?;
            store::find(tx, id, false)?;
            let mut run = Run::new(&ws, tx);
            let rotation = active_rotation(run.tx, id, contact)?.ok_or(LogError::NotAMember)?;
            let row = run.tx.opt(
                Sql::new("SELECT id, state, base_at, due_at FROM campaign_log WHERE step_id = $1 AND contact_id = $2 AND rotation = $3")
                    .bind(step)
                    .bind(contact)
                    .bind(rotation),
                |r| Ok((r.get::<LogId>(0)?, LogState::from_code(r.get(1)?), r.get::<Timestamp>(2)?, r.get::<Option<Timestamp>>(3)?)),
            )?;
            if row.as_ref().is_some_and(|(_, state, ..)| !matches!(state, LogState::Scheduled | LogState::Waiting)) {
                return Err(LogError::AlreadyExecuted.into());
            }
            let is_new = row.is_none();
            let log = match change {
                LogChange::Schedule(at) => run.set_due(id, step, contact, rotation, row, at)?,
                LogChange::Done(at) => run.set_done(id, step, contact, rotation, row, Ran { at, yes: !given.no })?,
            };
            run.finish()?;
            keep(tx, log, &given)?;
            let entry = tx.one(Sql::new(format!("SELECT {COLUMNS} FROM campaign_log WHERE id = $1")).bind(log), read)?;
            Ok((entry, is_new))
        })
        .await
}

/// Keeps what was told beside what the step itself found.
fn keep(tx: &mut Tx<'_>, log: LogId, given: &Given) -> Result<()> {
    let told = serde_json::to_value(given).map_err(|e| Error::internal(e.to_string()))?;
    if told.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok(());
    }
    let detail: Option<Json> = tx.scalar(Sql::new("SELECT detail FROM campaign_log WHERE id = $1").bind(log))?;
    let mut detail = match detail {
        Some(Json::Object(detail)) => detail,
        _ => serde_json::Map::new(),
    };
    detail.insert("given".to_owned(), told);
    tx.exec(Sql::new("UPDATE campaign_log SET detail = $2 WHERE id = $1").bind(log).bind(Json::Object(detail)))?;
    Ok(())
}

/// When a step ran elsewhere, and the path that was taken there.
struct Ran {
    at: Timestamp,
    yes: bool,
}

type OpenRow = (LogId, LogState, Timestamp, Option<Timestamp>);

impl Run<'_, '_> {
    fn set_due(
        &mut self,
        campaign: CampaignId,
        step: StepId,
        contact: ContactId,
        rotation: i64,
        row: Option<OpenRow>,
        at: Timestamp,
    ) -> Result<LogId> {
        let loaded = self.load(campaign)?;
        let found = loaded.plan.by_id(step).ok_or_else(|| Error::not_found("step", step))?;
        if found.what.kind() == Kind::Decision {
            return Err(LogError::Decision.into());
        }
        self.tx.wake(TOPIC);
        match row {
            // Its mail is on its way already.
            Some((_, _, _, None)) => Err(LogError::AlreadyExecuted.into()),
            Some((log, ..)) => {
                self.tx.exec(Sql::new("UPDATE campaign_log SET due_at = $2 WHERE id = $1").bind(log).bind(at))?;
                Ok(log)
            }
            None => self.add_row(&Row { campaign, step, contact, rotation, base: self.now }, Some(at)),
        }
    }

    fn set_done(
        &mut self,
        campaign: CampaignId,
        step: StepId,
        contact: ContactId,
        rotation: i64,
        row: Option<OpenRow>,
        Ran { at, yes }: Ran,
    ) -> Result<LogId> {
        let loaded = self.load(campaign)?;
        let found = loaded.plan.by_id(step).ok_or_else(|| Error::not_found("step", step))?.clone();
        let (log, base) = match row {
            // Its mail is on its way: what becomes of that decides.
            Some((_, LogState::Scheduled, _, None)) => return Err(LogError::AlreadyExecuted.into()),
            Some((log, _, base, _)) => (log, base),
            None => (self.add_row(&Row { campaign, step, contact, rotation, base: at }, Some(at))?, at),
        };
        let ending = if found.what.kind() == Kind::Action { Ending::done(at) } else { Ending::path(at, yes) };
        let task = Task { campaign: loaded, log, step, contact, rotation, base, attempts: 0 };
        self.end(&task, &found, ending)?;
        Ok(log)
    }

    fn add_row(&mut self, row: &Row, due: Option<Timestamp>) -> Result<LogId> {
        let log = self
            .insert_log(row.campaign, row.step, row.contact, row.rotation, LogState::Scheduled, due, row.base, None)?
            .ok_or(LogError::AlreadyExecuted)?;
        self.count(row.step).waiting += 1;
        Ok(log)
    }
}

struct Row {
    campaign: CampaignId,
    step: StepId,
    contact: ContactId,
    rotation: i64,
    base: Timestamp,
}
