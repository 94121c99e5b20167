//! `/api/emails` (`api.md` §4.8). Keys of features that are not there yet are stored and given back.

use std::time::Duration;

use async_trait::async_trait;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use hg_app::emails::family;
use hg_app::emails::{self, Content, Email, EmailPatch, Kind, NewEmail, SendingState};
use hg_app::list::ListQuery;
use hg_app::sending::{self, Queued};
use hg_app::{Cx, Error, segments};
use hg_core::emails::mjml_to_html;
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::body::AnyBody;
use super::campaigns::instant;
use super::crud::{CompatList, Entity, Kept, PublishBlock, id_of, ids, is_true, routes};
use super::{email_blocks, email_family};
use crate::Web;
use crate::auth::Caller;

/// Keys that are only kept, with what they are when nobody set them.
const KEPT: [Kept; 8] = [
    ("category", || Value::Null),
    ("bccAddress", || Value::Null),
    ("template", || json!("mautic_code_mode")),
    ("publicPreview", || json!(false)),
    ("unsubscribeForm", || Value::Null),
    ("preferenceCenter", || Value::Null),
    ("variantSettings", || json!([])),
    ("grapesjsbuilder", || Value::Null),
];

pub fn router() -> Router<Web> {
    routes::<Emails>()
        .route("/emails/{id}/send", post(send))
        .route("/emails/{id}/contact/{contact}/send", post(send_to_contact))
        .route("/emails/reply/{key}", post(reply))
}

struct Emails;

fn show(e: &Email, lists: &[Value], excluded: &[Value]) -> Value {
    let block = PublishBlock {
        is_published: e.published,
        date_added: Some(e.created_at),
        date_modified: Some(e.updated_at),
        created_by: e.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let some = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let c = &e.content;
    let mut out = block.start();
    let kept = |key: &str, default: fn() -> Value| e.extra.get(key).cloned().unwrap_or_else(default);
    let own = json!({
        "id": e.id, "name": e.name, "subject": c.subject, "language": c.language,
        "fromAddress": some(&c.from_address), "fromName": some(&c.from_name), "replyToAddress": some(&c.reply_to),
        "utmTags": {"utmSource": some(&c.utm_source), "utmMedium": some(&c.utm_medium),
                    "utmCampaign": some(&c.utm_campaign), "utmContent": some(&c.utm_content)},
        "preheaderText": some(&c.preheader), "customHtml": shown_html(c), "plainText": c.plain_text,
        "publishUp": e.publish_up.map(Timestamp::rfc3339_offset), "publishDown": e.publish_down.map(Timestamp::rfc3339_offset),
        "emailType": if e.kind == Kind::Segment { "list" } else { "template" },
        "readCount": e.counts.opened, "sentCount": e.counts.sent, "revision": e.revision,
        "variantStartDate": null, "variantSentCount": 0, "variantReadCount": 0, "variantParent": null, "variantChildren": [],
        "translationParent": null, "translationChildren": [], "lists": lists, "excludedLists": excluded,
        "continueSending": e.evergreen,
        "useOwnerAsMailer": if c.owner_sends { json!(true) } else { Value::Null }, "assetAttachments": c.attachments,
        "dynamicContent": email_blocks::show(&c.dynamic),
        "headers": if c.headers.is_empty() { json!([]) } else { json!(c.headers) },
    });
    if let Value::Object(own) = own {
        out.extend(own);
    }
    for (key, default) in KEPT {
        out.insert(key.to_owned(), kept(key, default));
    }
    if c.format == "mjml" {
        out.insert("grapesjsbuilder".to_owned(), json!({"id": e.id, "customMjml": c.source}));
    }
    Value::Object(out)
}

/// The HTML of an email: as written, or what its design becomes. A design that does not compile any more is shown as it
/// stands.
fn shown_html(content: &Content) -> String {
    if content.format != "mjml" {
        return content.source.clone();
    }
    mjml_to_html(&content.source).unwrap_or_else(|_| content.source.clone())
}

/// Segments in the old shape; what they are called is filled in with the rest around an email.
async fn lists_of(cx: &Cx, wanted: &[i64]) -> CompatAnswer<Vec<Value>> {
    let ids = wanted.to_vec();
    let names = cx.db().read(move |tx| segments::names(tx, &ids)).await?;
    let list = wanted.iter().filter(|id| names.contains_key(id)).map(|id| {
        json!({"createdByUser": null, "modifiedByUser": null, "id": id, "name": names[id], "publicName": names[id],
               "alias": null, "description": null, "category": null})
    });
    Ok(list.collect())
}

async fn shown(cx: &Cx, email: &Email) -> CompatAnswer<Value> {
    let mut out = show(email, &lists_of(cx, &email.segments).await?, &lists_of(cx, &email.excluded_segments).await?);
    if let Value::Object(keys) = &mut out {
        keys.extend(email_family::show(&family::relatives(cx, email).await?));
    }
    Ok(out)
}

fn text(body: &Map<String, Value>, key: &str) -> Option<String> {
    match body.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => Some(String::new()),
        other => Some(other.to_string()),
    }
}

/// The content after a request. `replace`: what is not named is emptied.
fn content(body: &Map<String, Value>, before: Content, replace: bool) -> CompatAnswer<Content> {
    let utm = body.get("utmTags");
    let take = |key: &str, old: String| text(body, key).unwrap_or(if replace { String::new() } else { old });
    let tag = |key: &str, old: String| {
        let new = utm.and_then(|u| u.get(key)).map(|v| v.as_str().unwrap_or_default().to_owned());
        new.unwrap_or(if replace { String::new() } else { old })
    };
    let was_shown = shown_html(&before);
    let dynamic = match body.get("dynamicContent") {
        Some(blocks) => email_blocks::read(blocks),
        None if replace => Vec::new(),
        None => before.dynamic,
    };
    if let Some(mistake) = hg_core::emails::dynamic_mistakes(&dynamic).first() {
        return Err(CompatError::bad(format!("dynamicContent: {}", mistake.detail)));
    }
    let mjml =
        body.get("grapesjsbuilder").and_then(|g| g.get("customMjml")).and_then(Value::as_str).filter(|m| !m.trim().is_empty());
    let html = text(body, "customHtml");
    let (format, source) = match (mjml, html) {
        (Some(mjml), None) => ("mjml".to_owned(), mjml.to_owned()),
        // Clients give both back, as they got them: the design holds, unless only the HTML was changed.
        (Some(mjml), Some(html)) if html.trim().is_empty() || mjml != before.source || html == was_shown => {
            ("mjml".to_owned(), mjml.to_owned())
        }
        (_, Some(html)) => ("html".to_owned(), html),
        (None, None) if replace => ("html".to_owned(), String::new()),
        (None, None) => (before.format, before.source),
    };
    let headers = match body.get("headers") {
        Some(Value::Object(map)) => map.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect(),
        Some(_) => Default::default(),
        None if replace => Default::default(),
        None => before.headers,
    };
    let language = take("language", before.language);
    Ok(Content {
        subject: take("subject", before.subject),
        preheader: take("preheaderText", before.preheader),
        from_name: take("fromName", before.from_name),
        from_address: take("fromAddress", before.from_address),
        reply_to: take("replyToAddress", before.reply_to),
        format,
        source,
        plain_text: text(body, "plainText").or_else(|| before.plain_text.filter(|_| !replace)).filter(|t| !t.trim().is_empty()),
        purpose: before.purpose,
        language: if language.is_empty() { "en".into() } else { language },
        utm_source: tag("utmSource", before.utm_source),
        utm_medium: tag("utmMedium", before.utm_medium),
        utm_campaign: tag("utmCampaign", before.utm_campaign),
        utm_content: tag("utmContent", before.utm_content),
        headers,
        dynamic,
        attachments: match body.get("assetAttachments") {
            Some(files) => ids(Some(files)),
            None if replace => Vec::new(),
            None => before.attachments,
        },
        owner_sends: body.get("useOwnerAsMailer").map_or(before.owner_sends && !replace, is_true),
    })
}

fn extra(body: &Map<String, Value>, before: &Value, replace: bool) -> Value {
    let mut kept = if replace { Map::new() } else { before.as_object().cloned().unwrap_or_default() };
    for (key, _) in KEPT {
        if let Some(value) = body.get(key) {
            let clean = if key == "publicPreview" { json!(is_true(value)) } else { value.clone() };
            kept.insert(key.to_owned(), clean);
        }
    }
    Value::Object(kept)
}

fn kind(body: &Map<String, Value>) -> CompatAnswer<Option<Kind>> {
    match body.get("emailType").and_then(Value::as_str) {
        None => Ok(None),
        Some("template") => Ok(Some(Kind::Template)),
        Some("list") => Ok(Some(Kind::Segment)),
        Some(_) => Err(CompatError::from(Error::field("/emailType", "choice", "The selected choice is invalid."))),
    }
}

fn require(body: &Map<String, Value>) -> CompatAnswer<()> {
    let missing = |key: &str| body.get(key).and_then(Value::as_str).is_none_or(|t| t.trim().is_empty());
    if missing("name") {
        return Err(CompatError::from_missing_name());
    }
    if missing("subject") {
        return Err(Error::field("/subject", "required", "A subject is required.").into());
    }
    Ok(())
}

#[async_trait]
impl Entity for Emails {
    const PATH: &'static str = "emails";
    const ONE: &'static str = "email";
    const MANY: &'static str = "emails";
    const KEYED: bool = true;
    const CATEGORY: Option<(&str, &str)> = Some(("email", "emails"));
    const SHORT: &'static [&'static str] = &["id", "name", "subject", "language", "category"];

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let published = query.published_only;
        let search = query.search.clone();
        let (column, down) = query.order.first().cloned().unwrap_or(("id".into(), false));
        let sort = match column.as_str() {
            "id" => "id",
            "name" => "name",
            "subject" => "subject",
            "dateAdded" | "date_added" => "created_at",
            "dateModified" | "date_modified" => "updated_at",
            "sentCount" | "sent_count" => "sent",
            other => return Err(CompatError::bad(format!("Unknown column {other}."))),
        };
        let sort = format!("{}{sort}", if down { "-" } else { "" });
        let page = emails::list(cx, ListQuery { search, sort, limit: 100_000, ..ListQuery::default() }, None).await?;
        let all: Vec<Email> = page.items.into_iter().filter(|e| !published || e.published).collect();
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for email in all.iter().skip(skip).take(query.limit as usize) {
            rows.push((email.id.0, shown(cx, email).await?));
        }
        Ok((all.len() as u64, rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        shown(cx, &emails::get(cx, EmailId(id)).await?).await
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        require(&body)?;
        let kind = kind(&body)?.unwrap_or(Kind::Template);
        let segments = ids(body.get("lists"));
        if kind == Kind::Segment && segments.is_empty() {
            return Err(Error::field("/lists", "required", "A segment is required.").into());
        }
        // What clients send one by one is an answer to something; what goes to lists never is.
        let purpose = if kind == Kind::Segment { "marketing" } else { "transactional" };
        let new = NewEmail {
            name: text(&body, "name").unwrap_or_default(),
            content: content(&body, Content { purpose: purpose.into(), ..Content::default() }, false)?,
            kind,
            published: body.get("isPublished").is_none_or(is_true),
            publish_up: instant(&body, "publishUp")?,
            publish_down: instant(&body, "publishDown")?,
            segments,
            excluded_segments: ids(body.get("excludedLists")),
            evergreen: body.get("continueSending").is_some_and(is_true),
            extra: extra(&body, &Value::Null, true),
        };
        let joining = email_family::read(&body)?;
        let mut made = emails::create(cx, new).await?;
        if let Some(joining) = joining {
            // An email that cannot join the one it names is not kept either.
            if let Err(error) = family::join(cx, made.id, joining).await {
                emails::delete(cx, made.id).await?;
                return Err(error.into());
            }
            made = emails::get(cx, made.id).await?;
        }
        Ok((made.id.0, shown(cx, &made).await?, true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let before = emails::get(cx, EmailId(id)).await?;
        if replace {
            require(&body)?;
        }
        let list = |key: &str| (replace || body.contains_key(key)).then(|| ids(body.get(key)));
        let moment = |key: &str| (replace || body.contains_key(key)).then(|| instant(&body, key)).transpose();
        let patch = EmailPatch {
            version: None,
            name: text(&body, "name"),
            content: Some(content(&body, before.content, replace)?),
            kind: kind(&body)?,
            published: body.get("isPublished").map(is_true).or(replace.then_some(false)),
            publish_up: moment("publishUp")?,
            publish_down: moment("publishDown")?,
            segments: list("lists"),
            excluded_segments: list("excludedLists"),
            evergreen: body.get("continueSending").map(is_true).or(replace.then_some(false)),
            extra: Some(extra(&body, &before.extra, replace)),
        };
        let joining = email_family::read(&body)?;
        let changed = emails::update(cx, EmailId(id), patch).await?;
        if let Some(joining) = joining {
            family::join(cx, EmailId(id), joining).await?;
            return Self::get(cx, id).await;
        }
        shown(cx, &changed).await
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let before = Self::get(cx, id).await?;
        emails::delete(cx, EmailId(id)).await?;
        Ok(before)
    }
}

/// How long a client waits for a send to segments; the rest goes on without it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends to the segments, and answers with the counts so far.
async fn send(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let id = EmailId(id_of(&id)?);
    let before = emails::get(&cx, id).await?;
    if !before.window().holds_at(cx.now()) || before.kind != Kind::Segment {
        return Err(CompatError::not_found());
    }
    sending::send_to_segments(&cx, id, sending::Wish::default()).await?;
    let looked = async {
        loop {
            let email = emails::get(&cx, id).await?;
            // A send that goes on is never over; what waited at first may be.
            let served = email.evergreen && email.counts.queued == 0 && email.counts != before.counts;
            if served || email.send_state != SendingState::Sending {
                return Ok::<_, Error>(email);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let patience = if before.evergreen { PATIENCE / 10 } else { PATIENCE };
    let after = match tokio::time::timeout(patience, looked).await {
        Ok(done) => done?,
        Err(_) => emails::get(&cx, id).await?,
    };
    let sent = after.counts.sent - before.counts.sent;
    let failed = after.counts.failed - before.counts.failed;
    Ok(Json(json!({"success": 1, "sentCount": sent, "failedRecipients": failed})))
}

/// Sends to one contact.
async fn send_to_contact(
    Caller(cx): Caller,
    Path((id, contact)): Path<(String, String)>,
    headers: axum::http::HeaderMap,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let key = crate::native::idempotency_key(&headers);
    let (id, contact) = (EmailId(id_of(&id)?), ContactId(id_of(&contact)?));
    let body = body.0.unwrap_or_default();
    let tokens = body.get("tokens").filter(|t| t.is_object()).cloned();
    let given = sending::Personal { tokens, attachments: ids(body.get("assetAttachments")) };
    Ok(Json(match sending::send_to_contact(&cx, id, contact, given, key).await? {
        Queued::Queued(_) => json!({"success": true}),
        Queued::Skipped(why) => json!({"success": false, "failed": why.text()}),
    }))
}

/// A client that reads the mailbox tells that a message was answered.
async fn reply(Caller(cx): Caller, Path(key): Path<String>) -> CompatAnswer<Response> {
    if !sending::responses::replied(&cx, &key).await? {
        return Err(CompatError::not_found());
    }
    Ok((StatusCode::CREATED, Json(json!({"success": true}))).into_response())
}
