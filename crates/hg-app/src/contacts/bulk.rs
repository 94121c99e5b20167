//! One action on many contacts: at once when they are few, as a task when they are many.

use async_trait::async_trait;
use hg_core::ids::{ContactId, JobId, SegmentId, StageId, UserId};
use hg_store::{Lane, Tx};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contacts::{ContactQuery, NewDoNotContact, list, marks, service};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::segments;
use crate::stages;
use crate::workspace::Workspace;

/// Which contacts.
#[derive(Debug, Clone)]
pub enum Selection {
    Ids(Vec<ContactId>),
    /// All that a list shows.
    Query(Box<ContactQuery>),
}

/// What happens to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BulkAction {
    AddTags {
        tags: Vec<String>,
    },
    RemoveTags {
        tags: Vec<String>,
    },
    AddToSegment {
        segment: i64,
    },
    RemoveFromSegment {
        segment: i64,
    },
    DoNotContact {
        comments: String,
    },
    /// Gives them an owner, or none.
    SetOwner {
        owner: Option<i64>,
    },
    /// To a stage, or out of any.
    ChangeStage {
        stage: Option<i64>,
    },
    Delete,
    Restore,
}

/// What was done, or the task that does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkDone {
    pub affected: u64,
    pub task: Option<JobId>,
}

const KIND: &str = "contacts.bulk";
/// Up to so many are done at once.
const AT_ONCE: u64 = 500;
/// How many one transaction takes.
const CHUNK: usize = 250;

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
    let chosen = chosen(cx, selection).await?;
    let (ws, user) = (cx.ws.clone(), cx.user_id());
    if chosen.len() <= AT_ONCE {
        let ids: Vec<ContactId> = chosen.iter().map(ContactId::from_bit).collect();
        let affected = cx.db().write(move |tx| apply(&ws, tx, &ids, &action)).await?;
        return Ok(BulkDone { affected, task: None });
    }
    let now = cx.now();
    let affected = chosen.len();
    let ids: Vec<u32> = chosen.iter().collect();
    let task = cx
        .db()
        .write(move |tx| {
            jobs::push(
                tx,
                now,
                NewJob {
                    kind: KIND,
                    dedupe_key: None,
                    title: format!("{} for {affected} contacts", title(&action)),
                    payload: json!({"ids": ids, "action": action}),
                    due_at: now,
                    visible: true,
                    link: Some("/contacts".to_owned()),
                    created_by: user,
                },
            )
        })
        .await?;
    Ok(BulkDone { affected, task })
}

fn title(action: &BulkAction) -> &'static str {
    match action {
        BulkAction::AddTags { .. } => "Add tags",
        BulkAction::RemoveTags { .. } => "Remove tags",
        BulkAction::AddToSegment { .. } => "Add to a segment",
        BulkAction::RemoveFromSegment { .. } => "Remove from a segment",
        BulkAction::DoNotContact { .. } => "Do not contact",
        BulkAction::SetOwner { .. } => "Change the owner",
        BulkAction::ChangeStage { .. } => "Change the stage",
        BulkAction::Delete => "Delete",
        BulkAction::Restore => "Restore",
    }
}

fn apply(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], action: &BulkAction) -> Result<u64> {
    match action {
        BulkAction::AddTags { tags } => each(ids, |id| marks::change_tags(ws, tx, id, tags, &[])),
        BulkAction::RemoveTags { tags } => each(ids, |id| marks::change_tags(ws, tx, id, &[], tags)),
        BulkAction::DoNotContact { comments } => {
            let entry = NewDoNotContact { channel: "email".into(), reason: 3, channel_id: None, comments: comments.clone() };
            each(ids, |id| marks::write_do_not_contact(ws, tx, id, &entry).map(|_| ()))
        }
        BulkAction::SetOwner { owner } => service::set_owner(ws, tx, ids, owner.map(UserId)),
        BulkAction::ChangeStage { stage } => {
            let stage = stage.map(StageId);
            each(ids, |id| match stages::change_in(ws, tx, id, stage, "By hand, with others") {
                Err(error) if error.code == "contact.not-found" => Ok(()),
                other => other.map(|_| ()),
            })
        }
        BulkAction::AddToSegment { segment } => by_hand(ws, tx, *segment, ids, true),
        BulkAction::RemoveFromSegment { segment } => by_hand(ws, tx, *segment, ids, false),
        BulkAction::Delete => service::set_deleted(ws, tx, ids, true),
        BulkAction::Restore => service::set_deleted(ws, tx, ids, false),
    }
}

fn each(ids: &[ContactId], mut act: impl FnMut(ContactId) -> Result<()>) -> Result<u64> {
    for id in ids {
        act(*id)?;
    }
    Ok(ids.len() as u64)
}

fn by_hand(ws: &Workspace, tx: &mut Tx<'_>, segment: i64, ids: &[ContactId], add: bool) -> Result<u64> {
    let moved = segments::change_by_hand_in(ws, tx, SegmentId(segment), ids, add, "user", None)?;
    Ok(moved.len() as u64)
}

/// Does an action to many contacts, chunk by chunk; after a crash it goes on where it was.
pub struct BulkJob;

#[async_trait]
impl JobRunner for BulkJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let ids: Vec<u32> = serde_json::from_value(job.payload["ids"].clone()).unwrap_or_default();
        let action: BulkAction =
            serde_json::from_value(job.payload["action"].clone()).map_err(|e| Error::internal(e.to_string()))?;
        let total = ids.len();
        let mut done = usize::try_from(job.done).unwrap_or(0).min(total);
        while done < total {
            let chunk: Vec<ContactId> = ids[done..].iter().take(CHUNK).map(|id| ContactId::from_bit(*id)).collect();
            let (ws, action, taken) = (cx.ws.clone(), action.clone(), chunk.len());
            cx.db().write_in(Lane::Bulk, move |tx| apply(&ws, tx, &chunk, &action)).await?;
            done += taken;
            let so_far = i64::try_from(done).unwrap_or(i64::MAX);
            if !handle.progress(so_far, i64::try_from(total).ok(), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Done(format!("{total} contacts.")))
    }
}
