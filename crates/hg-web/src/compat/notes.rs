//! `/api/notes` (`api.md` §3.5) and the notes of a contact.

use async_trait::async_trait;
use axum::extract::{Path, RawQuery};
use axum::routing::get;
use axum::{Json, Router};
use hg_app::Cx;
use hg_app::contacts;
use hg_app::list::ListQuery;
use hg_app::notes::{self, Note, NoteInput, NoteKind, NoteQuery};
use hg_core::ids::{ContactId, NoteId};
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::campaigns::instant;
use super::contact_parts::{contact_id, no_contact};
use super::contacts::{Around, basics};
use super::crud::{CompatList, Entity, ids, routes};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Notes>().route("/contacts/{id}/notes", get(of_contact))
}

struct Notes;

/// Notes with the contact that each is about.
async fn show(cx: &Cx, all: &[Note]) -> CompatAnswer<Vec<(i64, Value)>> {
    let whose: Vec<ContactId> = all.iter().map(|n| n.contact).collect();
    let around = Around::of(cx, Vec::new()).await?;
    let people = contacts::several(cx, whose).await?;
    let one = |n: &Note| {
        let lead = people.iter().find(|c| c.id == n.contact).map(|c| basics(c, &around));
        let row = json!({
            "id": n.id, "text": n.text, "type": n.kind.key(), "dateTime": n.happened_at.rfc3339_offset(), "lead": lead,
        });
        (n.id.0, row)
    };
    Ok(all.iter().map(one).collect())
}

async fn shown(cx: &Cx, note: Note) -> CompatAnswer<Value> {
    Ok(show(cx, &[note]).await?.pop().map(|(_, row)| row).unwrap_or_default())
}

fn window(query: &CompatList) -> ListQuery {
    let sort = query.order.first().map(|(column, down)| {
        let column = match column.as_str() {
            "dateTime" | "date_time" => "happened_at",
            other => other,
        };
        format!("{}{column}", if *down { "-" } else { "" })
    });
    ListQuery {
        search: query.search.clone(),
        sort: sort.unwrap_or_else(|| "id".into()),
        limit: query.limit,
        offset: query.start,
        ..ListQuery::default()
    }
}

async fn of_contact(Caller(cx): Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let asked = CompatList::parse(query.as_deref().unwrap_or(""))?;
    let query = NoteQuery { contact: Some(contact_id(&id)?), list: window(&asked) };
    let page = notes::list(&cx, query).await.map_err(no_contact)?;
    let rows: Vec<Value> = show(&cx, &page.items).await?.into_iter().map(|(_, row)| row).collect();
    Ok(Json(json!({"total": page.total.unwrap_or(0), "notes": rows})))
}

fn read(body: &Map<String, Value>) -> CompatAnswer<NoteInput> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let wrong = |kind: &str| CompatError::bad(format!("type: {kind} is no type of note; use general, email, call or meeting."));
    let kind = text("type").filter(|k| !k.is_empty()).map(|k| NoteKind::parse(&k).ok_or_else(|| wrong(&k))).transpose()?;
    Ok(NoteInput {
        version: None,
        text: text("text"),
        kind,
        happened_at: instant(body, "dateTime")?,
        pinned: None,
        contact: ids(body.get("lead").or_else(|| body.get("contact"))).first().map(|id| ContactId(*id)),
    })
}

#[async_trait]
impl Entity for Notes {
    const PATH: &'static str = "notes";
    const ONE: &'static str = "note";
    const MANY: &'static str = "notes";
    const KEYED: bool = false;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let page = notes::list(cx, NoteQuery { contact: None, list: window(query) }).await?;
        Ok((page.total.unwrap_or(0), show(cx, &page.items).await?))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        shown(cx, notes::get(cx, NoteId(id)).await?).await
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let new = read(&body)?;
        let contact = new.contact.ok_or_else(|| CompatError::bad("lead: Say which contact the note is about."))?;
        let note = notes::create(cx, contact, new).await.map_err(no_contact)?;
        Ok((note.id.0, shown(cx, note).await?, true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let mut patch = read(&body)?;
        if replace {
            patch.kind = patch.kind.or(Some(NoteKind::General));
            patch.text = patch.text.or_else(|| Some(String::new()));
        }
        shown(cx, notes::update(cx, NoteId(id), patch).await?).await
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let note = notes::delete(cx, NoteId(id)).await?;
        shown(cx, note).await
    }
}
