//! `/api/forms/{id}/submissions` (`api.md` §4.7).

use axum::extract::{Path, RawQuery};
use axum::routing::get;
use axum::{Json, Router};
use hg_app::Cx;
use hg_app::contacts::{self, Contact};
use hg_app::forms::{self, Answer, FormRecord};
use hg_app::list::ListQuery;
use hg_core::ids::{ContactId, FormId};
use serde_json::{Map, Value, json};

use super::answer::CompatAnswer;
use super::crud::{CompatList, id_of};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/forms/{id}/submissions", get(submissions))
        .route("/forms/{id}/submissions/{submission}", get(submission))
        .route("/forms/{id}/submissions/contact/{contact}", get(submissions_of_contact))
}

/// Fields of a contact that stand beside an answer.
const LEAD_FIELDS: [&str; 14] = [
    "title",
    "firstname",
    "lastname",
    "company",
    "position",
    "email",
    "phone",
    "mobile",
    "address1",
    "address2",
    "city",
    "state",
    "zipcode",
    "timezone",
];

fn lead(contact: &Contact) -> Value {
    let mut out = Map::from_iter([
        ("id".to_owned(), json!(contact.id)),
        ("points".to_owned(), json!(contact.points)),
        ("color".to_owned(), Value::Null),
    ]);
    for alias in LEAD_FIELDS.into_iter().chain(["country"]) {
        out.insert(alias.into(), contact.values.get(alias).map_or(Value::Null, |v| v.to_json()));
    }
    Value::Object(out)
}

async fn show_answer(cx: &Cx, form: &FormRecord, a: &Answer) -> CompatAnswer<Value> {
    let who = match &a.contact {
        Some((id, _, _)) => match contacts::get(cx, *id).await {
            Ok(contact) => lead(&contact),
            // Whoever was deleted since is still named by her id.
            Err(error) if error.is_not_found() => json!({"id": id}),
            Err(error) => return Err(error.into()),
        },
        None => Value::Null,
    };
    Ok(json!({
        "id": a.id, "ipAddress": a.address.as_ref().map(|address| json!({"ipAddress": address, "ipDetails": {}})),
        "form": {"id": form.id, "name": form.name, "alias": form.alias, "category": form.extra.get("category")},
        "lead": who, "trackingId": null, "dateSubmitted": a.submitted_at.rfc3339_offset(), "referer": a.referrer,
        "page": a.page.map(|p| json!({ "id": p })), "results": a.values,
    }))
}

async fn answered(cx: &Cx, id: FormId, contact: Option<ContactId>, query: Option<String>) -> CompatAnswer<Json<Value>> {
    let asked = CompatList::parse(query.as_deref().unwrap_or(""))?;
    let form = forms::get(cx, id).await?;
    let window = ListQuery { limit: asked.limit, offset: asked.start, ..ListQuery::default() };
    let page = forms::answers(cx, id, contact, window).await?;
    let mut list = Vec::new();
    for answer in &page.items {
        list.push(show_answer(cx, &form, answer).await?);
    }
    let empty = if list.is_empty() { json!({}) } else { Value::Array(list) };
    Ok(Json(json!({"total": page.total.unwrap_or(0), "submissions": empty})))
}

async fn submissions(Caller(cx): Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    answered(&cx, FormId(id_of(&id)?), None, query).await
}

async fn submissions_of_contact(
    Caller(cx): Caller,
    Path((id, contact)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> CompatAnswer<Json<Value>> {
    answered(&cx, FormId(id_of(&id)?), Some(ContactId(id_of(&contact)?)), query).await
}

async fn submission(Caller(cx): Caller, Path((id, submission)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let id = FormId(id_of(&id)?);
    let form = forms::get(&cx, id).await?;
    let answer = forms::answer(&cx, id, id_of(&submission)?).await?;
    Ok(Json(json!({"submission": show_answer(&cx, &form, &answer).await?})))
}
