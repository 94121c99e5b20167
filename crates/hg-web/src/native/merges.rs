//! Merging contacts, taking merges back, and the pairs that may be duplicates.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use hg_app::contacts::{self, Choices, MergePreview, MergeRecord, Side};
use hg_app::duplicates::{self, Pair, PairQuery};
use hg_app::{Error, list::ListQuery};
use hg_core::contacts::Likeness;
use hg_core::ids::ContactId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::native::contacts::ContactOut;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(preview, merge))
        .routes(routes!(merges))
        .routes(routes!(unmerge))
        .routes(routes!(pairs))
        .routes(routes!(find))
        .routes(routes!(merge_safe))
        .routes(routes!(merge_pair))
        .routes(routes!(dismiss))
}

/// What a merge would do.
#[derive(Debug, Serialize, ToSchema)]
struct MergePreviewOut {
    /// The one that survives.
    winner: ContactOut,
    /// The one that is merged into her.
    loser: ContactOut,
    /// Fields that at least one of them has a value for.
    fields: Vec<MergeFieldOut>,
    /// The survivor's points afterwards.
    points: i64,
    moved: Vec<MovedOut>,
    /// How long the merge can be undone.
    undo_days: i64,
}

/// A field of both, side by side.
#[derive(Debug, Serialize, ToSchema)]
struct MergeFieldOut {
    field: String,
    label: String,
    winner: String,
    loser: String,
    /// Whose value is taken when nobody chooses.
    #[schema(value_type = super::words::SideWord)]
    chosen: &'static str,
}

/// Rows that move along.
#[derive(Debug, Serialize, ToSchema)]
struct MovedOut {
    what: &'static str,
    count: u64,
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Winner => "winner",
        Side::Loser => "loser",
    }
}

impl From<MergePreview> for MergePreviewOut {
    fn from(p: MergePreview) -> Self {
        let fields = p.fields.into_iter().map(|f| MergeFieldOut {
            field: f.alias,
            label: f.label,
            winner: f.winner,
            loser: f.loser,
            chosen: side(f.chosen),
        });
        Self {
            winner: p.winner.into(),
            loser: p.loser.into(),
            fields: fields.collect(),
            points: p.points,
            moved: p.moved.into_iter().map(|(what, count)| MovedOut { what, count }).collect(),
            undo_days: contacts::UNMERGE_DAYS,
        }
    }
}

/// Both contacts side by side, and what would move. The first one survives.
#[utoipa::path(get, path = "/contacts/{id}/merge/{other}", tag = "contacts", params(("id" = i64, Path), ("other" = i64, Path)), responses((status = 200, body = MergePreviewOut)))]
async fn preview(Caller(cx): Caller, Path((id, other)): Path<(ContactId, ContactId)>) -> Answer<Json<MergePreviewOut>> {
    Ok(Json(contacts::merge_preview(&cx, id, other).await?.into()))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct MergeIn {
    /// Whose value to take, by field; the others follow the rules.
    #[schema(value_type = std::collections::BTreeMap<String, super::words::SideWord>)]
    choices: BTreeMap<String, String>,
}

/// Merges the other contact into the first one, which survives.
#[utoipa::path(post, path = "/contacts/{id}/merge/{other}", tag = "contacts", params(("id" = i64, Path), ("other" = i64, Path)), request_body = MergeIn, responses((status = 200, body = ContactOut)))]
async fn merge(
    Caller(cx): Caller,
    Path((id, other)): Path<(ContactId, ContactId)>,
    Body(b): Body<MergeIn>,
) -> Answer<Json<ContactOut>> {
    let mut choices = Choices::new();
    for (field, word) in b.choices {
        let side = match word.as_str() {
            "winner" => Side::Winner,
            "loser" => Side::Loser,
            _ => {
                let detail = "Choose “winner” or “loser”.";
                return Err(Error::field(format!("/choices/{field}"), "contact.merge-side", detail).into());
            }
        };
        choices.insert(field, side);
    }
    Ok(Json(contacts::merge_by_hand(&cx, id, other, choices).await?.into()))
}

/// A contact that was merged into this one.
#[derive(Debug, Serialize, ToSchema)]
struct MergeOut {
    id: i64,
    contact_id: i64,
    name: String,
    merged_at: String,
    /// Until when it can be undone.
    undo_until: String,
    can_undo: bool,
}

/// Who was merged into a contact, the latest first.
#[utoipa::path(get, path = "/contacts/{id}/merges", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = Vec<MergeOut>)))]
async fn merges(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<MergeOut>>> {
    let now = cx.now();
    let show = |m: MergeRecord| MergeOut {
        id: m.id,
        contact_id: m.loser.0,
        name: m.name,
        merged_at: m.at.rfc3339(),
        undo_until: m.until.rfc3339(),
        can_undo: m.until > now,
    };
    Ok(Json(contacts::merges_of(&cx, id).await?.into_iter().map(show).collect()))
}

/// Takes a merge back; the contact that was merged comes back with everything that was hers.
#[utoipa::path(post, path = "/merges/{id}/undo", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = ContactOut)))]
async fn unmerge(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<ContactOut>> {
    Ok(Json(contacts::unmerge(&cx, id).await?.into()))
}

/// Two contacts that may be one person.
#[derive(Debug, Serialize, ToSchema)]
struct PairOut {
    id: i64,
    #[schema(value_type = super::words::LikenessWord)]
    rule: &'static str,
    /// Nothing speaks against merging them.
    safe: bool,
    first: ContactOut,
    other: ContactOut,
    found_at: String,
}

impl From<Pair> for PairOut {
    fn from(p: Pair) -> Self {
        Self {
            id: p.id,
            rule: p.rule.key(),
            safe: p.safe,
            first: p.first.into(),
            other: p.other.into(),
            found_at: p.found_at.rfc3339(),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PairParams {
    /// `mailbox`, `phone` or `name_and_company`.
    #[serde(default)]
    rule: String,
    /// Only pairs that nothing speaks against merging.
    #[serde(default)]
    safe: bool,
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
}

/// Pairs that wait for a decision, safe ones first.
#[utoipa::path(get, path = "/duplicates", tag = "contacts", params(PairParams), responses((status = 200, body = PageOut<PairOut>)))]
async fn pairs(Caller(cx): Caller, Query(q): Query<PairParams>) -> Answer<Json<PageOut<PairOut>>> {
    let list = ListQuery { limit: q.limit.min(200), cursor: q.cursor.filter(|c| !c.is_empty()), ..ListQuery::default() };
    let query = PairQuery { list, rule: Likeness::parse(&q.rule), safe_only: q.safe };
    Ok(PageOut::of(duplicates::list(&cx, query).await?, PairOut::from))
}

/// The task that was started; none when one waits already.
#[derive(Debug, Serialize, ToSchema)]
struct StartedOut {
    task_id: Option<i64>,
}

/// Looks for duplicates in the background.
#[utoipa::path(post, path = "/duplicates/find", tag = "contacts", responses((status = 200, body = StartedOut)))]
async fn find(Caller(cx): Caller) -> Answer<Json<StartedOut>> {
    Ok(Json(StartedOut { task_id: duplicates::start(&cx).await?.map(|t| t.0) }))
}

/// Merges every safe pair in the background: the newer contact into the older.
#[utoipa::path(post, path = "/duplicates/merge-safe", tag = "contacts", responses((status = 200, body = StartedOut)))]
async fn merge_safe(Caller(cx): Caller) -> Answer<Json<StartedOut>> {
    Ok(Json(StartedOut { task_id: duplicates::merge_safe(&cx).await?.map(|t| t.0) }))
}

/// Merges a pair: the newer contact into the older.
#[utoipa::path(post, path = "/duplicates/{id}/merge", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = ContactOut)))]
async fn merge_pair(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<ContactOut>> {
    Ok(Json(duplicates::merge_pair(&cx, id).await?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(default)]
struct DismissIn {
    /// `false` opens the pair once more.
    dismissed: bool,
}

impl Default for DismissIn {
    fn default() -> Self {
        Self { dismissed: true }
    }
}

/// They are two people: the pair is not shown again.
#[utoipa::path(post, path = "/duplicates/{id}/dismiss", tag = "contacts", params(("id" = i64, Path)), request_body = DismissIn, responses((status = 204)))]
async fn dismiss(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<DismissIn>) -> Answer<StatusCode> {
    duplicates::dismiss(&cx, id, b.dismissed).await?;
    Ok(StatusCode::NO_CONTENT)
}
