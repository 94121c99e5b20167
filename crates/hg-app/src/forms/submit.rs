//! Somebody sent a form in.

use std::collections::BTreeMap;

use hg_core::events::EventKind;
use hg_core::forms::{Answers, FieldProblem, PostAction};
use hg_core::ids::{ContactId, DeviceId, FormId, PageId, SubmissionId};
use hg_core::time::{Millis, Timestamp};
use hg_core::tracking::{UtmTags, utm_of_url};
use hg_store::{Sql, Tx};
use serde_json::{Map, Value as Json, json};

use super::actions;
use super::model::FormRecord;
use super::store;
use crate::changes::{self, Happening};
use crate::contacts::{self, Source, Values};
use crate::cx::Cx;
use crate::emails::site_url;
use crate::error::Result;
use crate::tracking::{Claims, Known, Visitor, identify, write_values};
use crate::workspace::Workspace;

/// The same token within this time is the same click.
const DOUBLE_CLICK: Millis = Millis::seconds(10);

/// What was posted.
#[derive(Debug, Clone)]
pub struct Post {
    pub form: FormId,
    /// `mauticform[…]` by alias.
    pub values: BTreeMap<String, String>,
    pub visitor: Visitor,
    /// The page the form stood on.
    pub referrer: String,
    pub page: Option<PageId>,
    /// Makes a double click harmless.
    pub nonce: Option<String>,
}

/// What the person sees next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    Message(String),
    Redirect(String),
    Return,
}

/// What became of a post.
#[derive(Debug, Clone, PartialEq)]
pub enum Submitted {
    Done {
        after: After,
        /// Alias and value, as stored.
        results: Vec<(String, String)>,
        /// The device's id, when it is to be kept in a cookie.
        tracking_id: Option<String>,
        contact: Option<ContactId>,
        form: String,
    },
    Refused {
        problems: Vec<FieldProblem>,
        form: String,
    },
    /// Not there, or not published.
    Unavailable,
}

/// Takes a post.
pub async fn submit(cx: &Cx, post: Post) -> Result<Submitted> {
    let ws = cx.ws.clone();
    cx.db().write(move |tx| write(&ws, tx, &post)).await
}

fn write(ws: &Workspace, tx: &mut Tx<'_>, post: &Post) -> Result<Submitted> {
    let Some(record) = store::find(tx, post.form)?.filter(|f| f.published) else { return Ok(Submitted::Unavailable) };
    let form = record.form();
    let name = form.element_name();
    let answers = match form.check(&post.values) {
        Ok(answers) => answers,
        Err(problems) => return Ok(Submitted::Refused { problems, form: name }),
    };
    let now = ws.clock.now();
    let done = |answers: &Answers, known: Option<&Somebody>| Submitted::Done {
        after: after(ws, &record, answers),
        results: answers.values.clone(),
        tracking_id: known.and_then(|k| k.tracking_id.clone()),
        contact: known.map(|k| k.contact),
        form: name.clone(),
    };
    if answers.trapped {
        store_answer(ws, tx, post, &answers, Kept { somebody: None, nonce: None, quarantined: true })?;
        return Ok(done(&answers, None));
    }
    let nonce = match earlier(tx, post)? {
        // A double click: the first reply again.
        Some(at) if now.since(at) <= DOUBLE_CLICK => return Ok(done(&answers, None)),
        // She went back and wrote once more; the page still carries the old token.
        Some(_) => None,
        None => post.nonce.as_deref(),
    };
    let somebody = who(ws, tx, post, &answers)?;
    let id = store_answer(ws, tx, post, &answers, Kept { somebody: somebody.as_ref(), nonce, quarantined: false })?;
    tx.exec(Sql::new("UPDATE forms SET submissions = submissions + 1 WHERE id = $1").bind(record.id))?;
    if let Some(somebody) = &somebody {
        if somebody.verified {
            let consents: Vec<_> = answers.consents.iter().map(|c| (c.purpose.clone(), c.text.clone())).collect();
            actions::run(ws, tx, &form, somebody.contact, &consents, id.0)?;
        }
        let utm = utm_of(post);
        let mut detail = Map::from_iter([("form".to_owned(), json!(record.name))]);
        if !utm.is_empty() {
            detail.insert("utm".into(), json!(utm));
        }
        let happening = Happening::new(somebody.contact, EventKind::FormSubmitted, now).object(record.id.0).reference(id.0);
        changes::record(tx, happening.detail(Json::Object(detail)))?;
    }
    Ok(done(&answers, somebody.as_ref()))
}

/// Whoever sent the form in, as far as that is known.
struct Somebody {
    contact: ContactId,
    device: Option<DeviceId>,
    tracking_id: Option<String>,
    verified: bool,
}

fn who(ws: &Workspace, tx: &mut Tx<'_>, post: &Post, answers: &Answers) -> Result<Option<Somebody>> {
    let claims = Claims { ct: None, fields: answers.mapped.iter().cloned().collect(), public_only: false };
    let tracked = post.visitor.ignored(ws, false).is_none();
    if !tracked && claims.fields.is_empty() {
        return Ok(None);
    }
    let somebody = if tracked {
        let known = identify(ws, tx, &post.visitor, &claims)?;
        write_values(ws, tx, &known, &claims)?;
        Somebody {
            contact: known.contact,
            device: Some(known.device),
            tracking_id: Some(known.tracking_id),
            verified: known.verified,
        }
    } else {
        untracked(ws, tx, &claims)?
    };
    Ok(Some(somebody))
}

/// People who are not tracked may send forms in all the same; only their devices stay unknown.
fn untracked(ws: &Workspace, tx: &mut Tx<'_>, claims: &Claims) -> Result<Somebody> {
    let known = match claims.fields.get("email") {
        Some(address) => contacts::find_by_email(ws, tx, address)?,
        None => None,
    };
    let (contact, verified) = match known {
        Some(contact) => (contact, false),
        None => (contacts::create_or_update(ws, tx, &Values::new(), Source::Web)?.0, true),
    };
    let nobody = Known {
        contact,
        device: DeviceId(0),
        tracking_id: String::new(),
        verified,
        send: None,
        last_active_at: None,
        has_zone: false,
    };
    write_values(ws, tx, &nobody, claims)?;
    Ok(Somebody { contact, device: None, tracking_id: None, verified })
}

fn utm_of(post: &Post) -> UtmTags {
    utm_of_url(&post.referrer)
}

/// When the same token came in before.
fn earlier(tx: &mut Tx<'_>, post: &Post) -> Result<Option<Timestamp>> {
    let Some(nonce) = &post.nonce else { return Ok(None) };
    let sql = Sql::new("SELECT submitted_at FROM submissions WHERE form_id = $1 AND nonce = $2").bind(post.form).bind(nonce);
    Ok(tx.opt(sql, |r| r.get(0))?)
}

/// How an answer is kept.
struct Kept<'a> {
    somebody: Option<&'a Somebody>,
    nonce: Option<&'a str>,
    quarantined: bool,
}

fn store_answer(ws: &Workspace, tx: &mut Tx<'_>, post: &Post, answers: &Answers, kept: Kept<'_>) -> Result<SubmissionId> {
    let Kept { somebody, nonce, quarantined } = kept;
    let values: Map<String, Json> = answers.values.iter().map(|(alias, value)| (alias.clone(), json!(value))).collect();
    let utm = utm_of(post);
    let some = |text: String| Some(text).filter(|t| !t.is_empty());
    let verified = somebody.is_none_or(|s| s.verified);
    Ok(tx.one(
        Sql::new(
            "INSERT INTO submissions (form_id, contact_id, submitted_at, answers, page_id, device_id, referrer, utm_source, utm_medium, \
             utm_campaign, nonce, quarantined, verified, actions_done, address) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14) RETURNING id",
        )
        .bind(post.form)
        .bind(somebody.map(|s| s.contact))
        .bind(ws.clock.now())
        .bind(Json::Object(values))
        .bind(post.page)
        .bind(somebody.and_then(|s| s.device))
        .bind(some(post.referrer.chars().take(2_000).collect()))
        .bind(some(utm.source))
        .bind(some(utm.medium))
        .bind(some(utm.campaign))
        .bind(nonce)
        .bind(quarantined)
        .bind(verified)
        .bind(post.visitor.kept_address(ws)),
        |r| r.get(0),
    )?)
}

/// What comes next, with the answers filled in where the author wants them.
fn after(ws: &Workspace, form: &FormRecord, answers: &Answers) -> After {
    let fill = |text: &str, write: &dyn Fn(&str) -> String| {
        answers
            .values
            .iter()
            .fold(text.to_owned(), |text, (alias, value)| text.replace(&format!("{{formfield={alias}}}"), &write(value)))
    };
    match &form.post_action {
        PostAction::Message(text) => After::Message(fill(text, &|value| hg_core::tokens::escaped_html(value))),
        PostAction::Redirect(url) => {
            let url = fill(url, &|value| hg_core::tokens::encode_component(value));
            After::Redirect(if url.starts_with('/') && !url.starts_with("//") { format!("{}{url}", site_url(ws)) } else { url })
        }
        PostAction::Return => After::Return,
    }
}
