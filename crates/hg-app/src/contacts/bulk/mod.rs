//! One action on many contacts: at once when they are few, as a task when they are many. Each piece notes how it can be
//! taken back, in the transaction that does it, so that even a million people can be put back as they were.

mod action;
mod effects;
mod job;
mod store;

use hg_core::ids::{ContactId, JobId};
use roaring::RoaringBitmap;
use serde_json::json;

pub use action::{BulkAction, Limit, Pause};
pub use job::BulkJob;

use crate::audit::{self, Deed, Entry};
use crate::contacts::{ContactProblem, ContactQuery, list};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::jobs::{self, NewJob};
use crate::trash;

/// Which contacts.
#[derive(Debug, Clone)]
pub enum Selection {
    Ids(Vec<ContactId>),
    /// All that a list shows.
    Query(Box<ContactQuery>),
}

/// What was done, or the task that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDone {
    /// How many contacts changed; with a task: how many it is about.
    pub affected: u64,
    pub task: Option<JobId>,
    /// By this number it can be taken back; none when there is nothing to take back.
    pub undo: Option<i64>,
}

/// Up to so many are done at once.
const AT_ONCE: u64 = 500;

/// The contacts of a selection.
pub(crate) async fn chosen(cx: &Cx, selection: Selection) -> Result<RoaringBitmap> {
    match selection {
        Selection::Ids(ids) => Ok(ids.into_iter().map(ContactId::bit).collect()),
        Selection::Query(query) => list::wanted(cx, &query).await,
    }
}

/// Does something to many contacts.
pub async fn bulk(cx: &Cx, selection: Selection, action: BulkAction) -> Result<BulkDone> {
    cx.may(Action::Edit(Area::Contacts))?;
    cx.may(Action::Edit(action.area()))?;
    let chosen = chosen(cx, selection).await?;
    let (ws, user, who, now) = (cx.ws.clone(), cx.user_id(), cx.who(), cx.now());
    let affected = chosen.len();
    let told = json!({"contacts": affected, "action": action});
    cx.db()
        .write(move |tx| {
            // Before anything happens to anybody: a task that cannot work is not begun.
            action.check(tx)?;
            store::prune(tx, now.minus(trash::KEPT))?;
            audit::record(tx, &who, Entry::new(Deed::Bulk, "contact", 0, action.title()).detail(told.clone()))?;
            if affected <= AT_ONCE {
                let ids: Vec<ContactId> = chosen.iter().map(ContactId::from_bit).collect();
                let effect = effects::apply(&ws, tx, &ids, &action)?;
                if effect.undo.is_empty() {
                    return Ok(BulkDone { affected: effect.changed, task: None, undo: None });
                }
                let id = store::insert(tx, now, user, &action, None)?;
                store::note(tx, id, &effect)?;
                return Ok(BulkDone { affected: effect.changed, task: None, undo: Some(id) });
            }
            let id = store::insert(tx, now, user, &action, Some(&chosen))?;
            let title = format!("{} for {affected} contacts", action.title());
            let task = jobs::push(tx, now, task(title, json!({"bulk": id}), now, user))?;
            store::set_job(tx, id, task)?;
            Ok(BulkDone { affected, task, undo: action.can_be_undone().then_some(id) })
        })
        .await
}

fn task(title: String, payload: serde_json::Value, now: hg_core::time::Timestamp, user: Option<hg_core::ids::UserId>) -> NewJob {
    let link = Some("/contacts".to_owned());
    NewJob { kind: job::KIND, dedupe_key: None, title, payload, due_at: now, visible: true, link, created_by: user }
}

/// Takes back what was done to many contacts: at once when they are few, as a task when they are many. Only those whom it
/// changed are touched. A task that still runs is stopped first by whoever asks.
pub async fn undo(cx: &Cx, id: i64) -> Result<BulkDone> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, user, who, now) = (cx.ws.clone(), cx.user_id(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let bulk = store::find(tx, id)?;
            if bulk.undone_at.is_some() {
                return Err(ContactProblem::AlreadyUndone.into());
            }
            if bulk.job_state.as_deref().is_some_and(|state| matches!(state, "queued" | "running" | "stopping")) {
                return Err(ContactProblem::StillRunning.into());
            }
            store::set_undone(tx, id, now)?;
            if let Some(job) = bulk.job {
                // Nobody resumes what was taken back, or takes it back twice.
                jobs::close(tx, job, now, "Taken back.")?;
            }
            let title = format!("Take back: {}", bulk.action.title());
            let told = json!({"contacts": bulk.affected, "action": bulk.action});
            audit::record(tx, &who, Entry::new(Deed::Bulk, "contact", 0, &title).detail(told))?;
            if bulk.affected <= AT_ONCE {
                let mut affected = 0;
                while let Some(changed) = effects::take_back(&ws, tx, id)? {
                    affected += changed;
                }
                return Ok(BulkDone { affected, task: None, undo: None });
            }
            let title = format!("{title} for {} contacts", bulk.affected);
            let task = jobs::push(tx, now, task(title, json!({"undo": id}), now, user))?;
            Ok(BulkDone { affected: bulk.affected, task, undo: None })
        })
        .await
}
