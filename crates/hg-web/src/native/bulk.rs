//! One action on many contacts, and taking it back.

use axum::Json;
use hg_app::Error;
use hg_app::contacts::{self, BulkAction, BulkDone, Limit, Pause};
use hg_app::preferences::Period;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::contacts::SelectIn;
use super::maybe::instant;
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(bulk)).routes(routes!(undo))
}

/// Many contacts and what to do with them.
#[derive(Debug, Deserialize, ToSchema)]
struct BulkIn {
    select: SelectIn,
    action: ActionIn,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ActionIn {
    #[schema(value_type = super::words::BulkWord)]
    kind: String,
    #[serde(default)]
    tags: Vec<String>,
    segment_id: Option<i64>,
    campaign_id: Option<i64>,
    company_id: Option<i64>,
    /// For `subscribe` and `unsubscribe`.
    category_id: Option<i64>,
    /// For `set_owner`; none takes the owner away.
    owner_id: Option<i64>,
    /// For `change_stage`; null: out of any.
    stage_id: Option<i64>,
    /// For `do_not_contact`, `contact_again` and `change_channel`; `email` when absent.
    channel: Option<String>,
    #[serde(default)]
    comments: String,
    /// For `change_channel`, as the three below: what is absent stays as it is with everybody.
    subscribed: Option<bool>,
    preferred: Option<bool>,
    limit: Option<LimitIn>,
    pause: Option<PauseIn>,
}

/// At most so many messages in a period; without a number there is no rule.
#[derive(Debug, Deserialize, ToSchema)]
struct LimitIn {
    most: Option<i64>,
    #[schema(value_type = Option<super::words::PeriodWord>)]
    period: Option<String>,
}

/// Nothing from here to there; without both ends a pause is over.
#[derive(Debug, Deserialize, ToSchema)]
struct PauseIn {
    from: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct BulkOut {
    /// How many contacts changed; with a task: how many it is about.
    affected: u64,
    /// The task that does it, when they are many.
    task_id: Option<i64>,
    /// By this number it can be taken back.
    undo: Option<i64>,
}

impl From<BulkDone> for BulkOut {
    fn from(done: BulkDone) -> Self {
        Self { affected: done.affected, task_id: done.task.map(|t| t.0), undo: done.undo }
    }
}

fn chosen(id: Option<i64>, key: &str, what: &str) -> Result<i64, Error> {
    id.ok_or_else(|| Error::field(format!("/action/{key}"), "required", format!("Choose a {what}.")))
}

impl ActionIn {
    fn action(self) -> Result<BulkAction, Error> {
        if self.kind.ends_with("_tags") && self.tags.iter().all(|t| t.trim().is_empty()) {
            return Err(Error::field("/action/tags", "required", "Name at least one tag."));
        }
        let segment = || chosen(self.segment_id, "segment_id", "segment");
        let campaign = || chosen(self.campaign_id, "campaign_id", "campaign");
        let company = || chosen(self.company_id, "company_id", "company");
        let category = || chosen(self.category_id, "category_id", "category");
        let channel = self.channel.clone().filter(|c| !c.is_empty()).unwrap_or_else(|| "email".to_owned());
        Ok(match self.kind.as_str() {
            "add_tags" => BulkAction::AddTags { tags: self.tags },
            "remove_tags" => BulkAction::RemoveTags { tags: self.tags },
            "add_to_segment" => BulkAction::AddToSegment { segment: segment()? },
            "remove_from_segment" => BulkAction::RemoveFromSegment { segment: segment()? },
            "add_to_campaign" => BulkAction::AddToCampaign { campaign: campaign()? },
            "remove_from_campaign" => BulkAction::RemoveFromCampaign { campaign: campaign()? },
            "do_not_contact" => BulkAction::DoNotContact { channel, comments: self.comments, reason: 3 },
            "contact_again" => BulkAction::ContactAgain { channel },
            "change_channel" => BulkAction::ChangeChannel {
                channel,
                subscribed: self.subscribed,
                preferred: self.preferred,
                limit: self.limit.map(limit).transpose()?,
                pause: self.pause.map(pause).transpose()?,
            },
            "subscribe" => BulkAction::Subscribe { category: category()?, subscribed: true },
            "unsubscribe" => BulkAction::Subscribe { category: category()?, subscribed: false },
            "add_to_company" => BulkAction::AddToCompany { company: company()?, primary: true },
            "remove_from_company" => BulkAction::RemoveFromCompany { company: company()? },
            "set_owner" => BulkAction::SetOwner { owner: self.owner_id },
            "change_stage" => BulkAction::ChangeStage { stage: self.stage_id },
            "delete" => BulkAction::Delete,
            "restore" => BulkAction::Restore,
            _ => return Err(contacts::ContactProblem::NoAction.into()),
        })
    }
}

fn limit(l: LimitIn) -> Result<Limit, Error> {
    let wrong = || Error::field("/action/limit/period", "period", "Choose day, week or month.");
    let period = l.period.filter(|p| !p.is_empty()).map(|p| Period::parse(&p).ok_or_else(wrong)).transpose()?;
    Ok(Limit { most: l.most, period })
}

fn pause(p: PauseIn) -> Result<Pause, Error> {
    Ok(Pause { from: instant("/action/pause/from", p.from)?, until: instant("/action/pause/until", p.until)? })
}

/// Does something to many contacts.
#[utoipa::path(post, path = "/contacts/bulk", tag = "contacts", request_body = BulkIn, responses((status = 200, body = BulkOut)))]
async fn bulk(Caller(cx): Caller, Body(b): Body<BulkIn>) -> Answer<Json<BulkOut>> {
    let selection = b.select.selection()?;
    Ok(Json(contacts::bulk(&cx, selection, b.action.action()?).await?.into()))
}

/// Takes back what was done to many contacts, for those whom it changed, within thirty days.
#[utoipa::path(post, path = "/contacts/bulk/{id}/undo", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = BulkOut)))]
async fn undo(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<BulkOut>> {
    Ok(Json(contacts::undo_bulk(&cx, id).await?.into()))
}
