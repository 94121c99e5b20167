//! People in campaigns: who is where, who comes in and goes out by hand, whose failures are taken up.

use axum::Json;
use hg_app::campaigns::{self, History, Next, Person, Progress};
use hg_core::ids::{CampaignId, ContactId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(people, change_people))
        .routes(routes!(progress))
        .routes(routes!(take_up))
        .routes(routes!(of_contact))
}

#[derive(Serialize, ToSchema)]
pub struct ContactRef {
    pub id: i64,
    pub name: String,
    pub email: Option<String>,
}

/// A contact in a campaign.
#[derive(Serialize, ToSchema)]
pub struct PersonOut {
    contact: ContactRef,
    /// How often the contact began the campaign.
    rotation: i64,
    joined_at: String,
    /// `active`, `left` or `removed`.
    state: String,
    /// `goal` or `exit` where a rule of the campaign said so.
    left_why: Option<String>,
    current: Vec<NextOut>,
}

/// Something still to come.
#[derive(Serialize, ToSchema)]
pub struct NextOut {
    step_key: String,
    name: String,
    /// `scheduled`, `sending` or `waiting`.
    state: String,
    due_at: Option<String>,
    explain: String,
}

/// Something a contact went through.
#[derive(Serialize, ToSchema)]
struct HistoryOut {
    step_key: String,
    name: String,
    /// `done`, `warning`, `cancelled` or `failed`.
    state: String,
    at: String,
    path: Option<String>,
    detail: Option<String>,
    /// What a condition was decided by, with every value of that moment; its outcome can be found anew from it alone.
    #[schema(value_type = Option<Object>)]
    decision: Option<serde_json::Value>,
}

/// One contact's way through one campaign.
#[derive(Serialize, ToSchema)]
pub struct ProgressOut {
    contact: ContactRef,
    rotation: i64,
    joined_at: String,
    state: String,
    history: Vec<HistoryOut>,
    next: Vec<NextOut>,
}

impl From<Next> for NextOut {
    fn from(n: Next) -> Self {
        Self {
            step_key: n.step_key,
            name: n.name,
            state: n.state.into(),
            due_at: n.due_at.map(|t| t.rfc3339()),
            explain: n.explain,
        }
    }
}

impl From<History> for HistoryOut {
    fn from(h: History) -> Self {
        Self {
            step_key: h.step_key,
            name: h.name,
            state: h.state.into(),
            at: h.at.rfc3339(),
            path: h.path.map(|p| p.key().into()),
            detail: h.detail,
            decision: h.decision,
        }
    }
}

impl From<Person> for PersonOut {
    fn from(p: Person) -> Self {
        Self {
            contact: ContactRef { id: p.contact.0, name: p.name, email: p.email },
            rotation: p.rotation,
            joined_at: p.joined_at.rfc3339(),
            state: p.state,
            left_why: p.left_why,
            current: p.current.into_iter().map(NextOut::from).collect(),
        }
    }
}

impl From<Progress> for ProgressOut {
    fn from(p: Progress) -> Self {
        let person = p.person;
        Self {
            contact: ContactRef { id: person.contact.0, name: person.name, email: person.email },
            rotation: person.rotation,
            joined_at: person.joined_at.rfc3339(),
            state: person.state,
            history: p.history.into_iter().map(HistoryOut::from).collect(),
            next: p.next.into_iter().map(NextOut::from).collect(),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeopleParams {
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
    /// Key of a step: only those who passed or wait there.
    step: Option<String>,
    /// `active`, `left`, `removed`; with a step `waiting`, `done`, `cancelled`, `failed`.
    state: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct PeopleChange {
    #[serde(default)]
    add: Vec<i64>,
    #[serde(default)]
    remove: Vec<i64>,
}

#[derive(Serialize, ToSchema)]
struct Affected {
    affected: u64,
}

/// A campaign as a contact's record shows it.
#[derive(Serialize, ToSchema)]
struct InCampaignOut {
    id: i64,
    name: String,
    state: String,
    joined_at: String,
    next: Vec<NextOut>,
}

/// Who is in a campaign, and where.
#[utoipa::path(get, path = "/campaigns/{id}/people", tag = "campaigns", params(("id" = i64, Path), PeopleParams), responses((status = 200, body = PageOut<PersonOut>)))]
async fn people(
    Caller(cx): Caller,
    Path(id): Path<CampaignId>,
    Query(q): Query<PeopleParams>,
) -> Answer<Json<PageOut<PersonOut>>> {
    let query = campaigns::PeopleQuery {
        list: crate::input::ListParams { limit: q.limit, cursor: q.cursor, ..Default::default() }.into(),
        step: q.step.filter(|s| !s.is_empty()),
        state: q.state,
    };
    Ok(PageOut::of(campaigns::people(&cx, id, query).await?, |p: Person| PersonOut::from(p)))
}

/// Adds and removes people by hand.
#[utoipa::path(post, path = "/campaigns/{id}/people", tag = "campaigns", params(("id" = i64, Path)), request_body = PeopleChange, responses((status = 200, body = Affected)))]
async fn change_people(Caller(cx): Caller, Path(id): Path<CampaignId>, Body(b): Body<PeopleChange>) -> Answer<Json<Affected>> {
    let ids = |list: Vec<i64>| list.into_iter().map(ContactId).collect();
    let affected = campaigns::change_people(&cx, id, ids(b.add), ids(b.remove)).await?;
    Ok(Json(Affected { affected }))
}

/// One contact's way through a campaign: what happened, what comes next and when.
#[utoipa::path(get, path = "/campaigns/{id}/people/{contact}", tag = "campaigns", params(("id" = i64, Path), ("contact" = i64, Path)), responses((status = 200, body = ProgressOut)))]
async fn progress(Caller(cx): Caller, Path((id, contact)): Path<(CampaignId, ContactId)>) -> Answer<Json<ProgressOut>> {
    Ok(Json(campaigns::progress(&cx, id, contact).await?.into()))
}

/// The campaigns of a contact.
#[utoipa::path(get, path = "/contacts/{id}/campaigns", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = Vec<InCampaignOut>)))]
async fn of_contact(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<InCampaignOut>>> {
    let all = campaigns::campaigns_of(&cx, id).await?;
    let out = all.into_iter().map(|c| InCampaignOut {
        id: c.id.0,
        name: c.name,
        state: c.state,
        joined_at: c.joined_at.rfc3339(),
        next: c.next.into_iter().map(NextOut::from).collect(),
    });
    Ok(Json(out.collect()))
}

#[derive(Deserialize, ToSchema)]
struct TakeUp {
    /// Only this contact; null: everybody.
    contact_id: Option<i64>,
    /// Let them pass without it instead of trying it once more.
    #[serde(default)]
    skip: bool,
}

/// Tries once more what failed at a step, or lets those contacts pass without it.
#[utoipa::path(post, path = "/campaigns/{id}/steps/{key}/failed", tag = "campaigns", params(("id" = i64, Path), ("key" = String, Path)), request_body = TakeUp, responses((status = 200, body = Affected)))]
async fn take_up(
    Caller(cx): Caller,
    Path((id, key)): Path<(CampaignId, String)>,
    Body(b): Body<TakeUp>,
) -> Answer<Json<Affected>> {
    let again = if b.skip { campaigns::Again::Skip } else { campaigns::Again::Retry };
    let affected = campaigns::take_up(&cx, id, key, b.contact_id.map(ContactId), again).await?;
    Ok(Json(Affected { affected }))
}
