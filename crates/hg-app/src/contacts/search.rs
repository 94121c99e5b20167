//! From a search to the contacts that it finds.

use std::sync::Arc;
use std::time::Duration;

use hg_core::contacts::{FieldCatalogue, Search, Term};
use hg_core::ids::{EmailId, SegmentId, UserId};
use hg_core::segments::{Condition, Filter, Operator, Plan, TextTest, find_field};
use hg_core::text::fold;
use hg_store::{Sql, Tx};
use roaring::RoaringBitmap;
use serde_json::{Value as Json, json};

use crate::contacts::directory::{self, Part, Place};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::fields;
use crate::segments::{self, Everyone, select};
use crate::sending;
use crate::tags;

/// The contacts that a search finds, among everybody.
pub(super) async fn find(cx: &Cx, search: &Search) -> Result<RoaringBitmap> {
    match search {
        Search::Term(one) => term(cx, one).await,
        Search::Not(inner) => {
            let found = Box::pin(find(cx, inner)).await?;
            Ok(directory::everyone(&cx.ws, Everyone::WithVisitors).await? - found)
        }
        Search::All(parts) => {
            let mut all: Option<RoaringBitmap> = None;
            for part in parts {
                let found = Box::pin(find(cx, part)).await?;
                all = Some(all.map_or(found.clone(), |so_far| so_far & found));
            }
            Ok(all.unwrap_or_default())
        }
        Search::Any(parts) => {
            let mut any = RoaringBitmap::new();
            for part in parts {
                any |= Box::pin(find(cx, part)).await?;
            }
            Ok(any)
        }
    }
}

/// How a term is answered.
enum Answer {
    Sql(&'static str, Vec<hg_store::Value>),
    Condition(Condition),
    Segments(Vec<String>),
    /// A word in the texts that everybody has.
    Texts(String, Place),
    Everyone(Everyone),
    /// Everybody but these.
    Not(Box<Answer>),
    Either(Box<Answer>, Box<Answer>),
    /// Who is still to be sent a segment email.
    Pending(EmailId),
    /// Members of the campaigns whose name begins so.
    Campaigns(String, bool),
    /// Whose owner's first or last name begins so.
    Owners(String, bool),
    Nobody,
}

async fn term(cx: &Cx, term: &Term) -> Result<RoaringBitmap> {
    let ws = cx.ws.clone();
    let catalogue = cx.db().read(move |tx| fields::catalogue(&ws, tx)).await?;
    let me = cx.user_id();
    resolve(cx, answer(term, &catalogue, me), &catalogue).await
}

async fn resolve(cx: &Cx, answer: Answer, catalogue: &FieldCatalogue) -> Result<RoaringBitmap> {
    match answer {
        Answer::Nobody => Ok(RoaringBitmap::new()),
        Answer::Everyone(who) => directory::everyone(&cx.ws, who).await,
        Answer::Not(inner) => {
            let those = Box::pin(resolve(cx, *inner, catalogue)).await?;
            Ok(directory::everyone(&cx.ws, Everyone::WithVisitors).await? - those)
        }
        Answer::Either(one, other) => {
            let one = Box::pin(resolve(cx, *one, catalogue)).await?;
            Ok(one | Box::pin(resolve(cx, *other, catalogue)).await?)
        }
        Answer::Texts(word, place) => {
            let directory = directory::current(&cx.ws, Part::Texts).await?;
            let looked = tokio::task::spawn_blocking(move || directory.find(&word, place)).await;
            looked.map_err(|e| Error::internal(e.to_string()))
        }
        Answer::Pending(email) => {
            let ws = cx.ws.clone();
            cx.db().read(move |tx| sending::pending(&ws, tx, email)).await
        }
        Answer::Campaigns(name, exact) => {
            let named = cx.db().read(move |tx| few(tx, CAMPAIGNS, &name, exact)).await?;
            let members = Answer::Condition(Condition::new("campaign", Operator::In, json!(named)));
            Box::pin(resolve(cx, members, catalogue)).await
        }
        Answer::Owners(name, exact) => {
            let found = cx.db().read(move |tx| {
                let owners = few(tx, USERS, &name, exact)?;
                ids(tx, Sql::new(BY_OWNERS).bind(owners.as_slice()))
            });
            found.await
        }
        Answer::Sql(text, values) => cx.db().read(move |tx| ids(tx, Sql::new(text).binds(values))).await,
        Answer::Condition(condition) => {
            let Ok(plan) = Plan::of(&Filter::all(vec![condition]), catalogue) else { return Ok(RoaringBitmap::new()) };
            let zone = hg_core::time::zone_or(Some(&cx.ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
            let moment = Arc::new(plan.at(cx.now(), &zone));
            let no_limit: Option<Duration> = None;
            Ok(select(&cx.ws, Arc::new(plan), moment, Everyone::WithVisitors, no_limit).await?.selected)
        }
        Answer::Segments(aliases) => {
            let ws = cx.ws.clone();
            cx.db()
                .read(move |tx| {
                    let mut all: Option<RoaringBitmap> = None;
                    for alias in &aliases {
                        let id: Option<SegmentId> = segments::by_alias(tx, alias)?;
                        let members = id.map(|id| segments::members(&ws, tx, id)).transpose()?.unwrap_or_default();
                        all = Some(all.map_or((*members).clone(), |so_far| so_far & &*members));
                    }
                    Ok::<_, Error>(all.unwrap_or_default())
                })
                .await
        }
    }
}

fn ids(tx: &mut Tx<'_>, sql: Sql<'_>) -> Result<RoaringBitmap> {
    let mut found = RoaringBitmap::new();
    tx.each(sql, |r| {
        found.insert(r.get(0)?);
        Ok(hg_store::Flow::Next)
    })?;
    Ok(found)
}

/// Whether a name is what was written, or begins so.
fn named(written: &str, exact: bool) -> Option<TextTest> {
    let written = written.replace('_', "\\_");
    match (exact, written.contains('%')) {
        (true, false) => TextTest::of(Operator::Eq, &written.replace("\\_", "_")).ok(),
        (true, true) => TextTest::of(Operator::Like, &written).ok(),
        (false, _) => TextTest::of(Operator::Like, &format!("{written}%")).ok(),
    }
}

/// Things by one of their names; for kinds of which there are few.
fn few(tx: &mut Tx<'_>, statement: &'static str, written: &str, exact: bool) -> Result<Vec<i64>> {
    let Some(test) = named(written, exact) else { return Ok(Vec::new()) };
    let (mut found, mut folded) = (Vec::new(), String::new());
    tx.each(statement, |r| {
        let names = [r.get::<Option<String>>(1)?, r.get::<Option<String>>(2)?];
        if names.iter().flatten().any(|name| test.passes(Some(name), &mut folded)) {
            found.push(r.get(0)?);
        }
        Ok(hg_store::Flow::Next)
    })?;
    Ok(found)
}

const CAMPAIGNS: &str = "SELECT id, name, NULL FROM campaigns WHERE deleted_at IS NULL";
const USERS: &str = "SELECT id, first_name, last_name FROM users";
const BY_TAG: &str = "SELECT ct.contact_id FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id \
     WHERE t.deleted_at IS NULL AND t.name_key LIKE $1 ESCAPE '\\'";
const WITH_TAGS: &str = "SELECT ct.contact_id FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id WHERE t.deleted_at IS NULL";
const OWNED: &str = "SELECT id FROM contacts WHERE owner_id IS NOT NULL";
const BY_OWNERS: &str = "SELECT id FROM contacts WHERE owner_id @in($1) AND deleted_at IS NULL";
const BY_STAGE: &str = "SELECT c.id FROM contacts c JOIN stages s ON s.id = c.stage_id \
     WHERE c.deleted_at IS NULL AND s.deleted_at IS NULL AND s.name_key LIKE $1 ESCAPE '\\'";
const IN_A_STAGE: &str = "SELECT id FROM contacts WHERE deleted_at IS NULL AND stage_id IS NOT NULL";
const BY_ADDRESS: &str = "SELECT contact_id FROM contact_addresses WHERE address LIKE $1 ESCAPE '\\'";
const BY_COMPANY: &str = "SELECT l.contact_id FROM contact_companies l JOIN companies c ON c.id = l.company_id \
     WHERE c.deleted_at IS NULL AND c.name_fold LIKE $1 ESCAPE '\\'";
const BY_COMPANY_ID: &str = "SELECT contact_id FROM contact_companies WHERE company_id = $1";
const BY_PAGE: &str = "SELECT contact_id FROM events WHERE kind = 13 AND object_id = $1";
const BY_FORM: &str = "SELECT contact_id FROM events WHERE kind = 18 AND object_id = $1";
const BY_IMPORT: &str = "SELECT contact_id FROM events WHERE kind IN (1, 19) AND object_id = $1";
const IMPORTED_NEW: &str = "SELECT contact_id FROM events WHERE kind = 1 AND object_id > 0";
const IMPORTED_OLD: &str = "SELECT contact_id FROM events WHERE kind = 19";
/// A click in an email is the visit that has a source.
const FROM_EMAILS: &str = "SELECT contact_id FROM events WHERE kind = 16";
const FROM_EMAIL: &str = "SELECT contact_id FROM events WHERE kind = 16 AND object_id = $1";
const QUEUED: &str = "SELECT contact_id FROM sends WHERE email_id = $1 AND state = 0 AND lane IN (0, 1, 2, 102)";
const BY_IDS: &str = "SELECT id FROM contacts WHERE deleted_at IS NULL AND id @in($1)";
const MINE: &str = "SELECT id FROM contacts WHERE deleted_at IS NULL AND owner_id = $1";
const DO_NOT_CONTACT: &str = "SELECT contact_id FROM do_not_contact WHERE channel = $1";
const ANY_DO_NOT_CONTACT: &str = "SELECT contact_id FROM do_not_contact";

fn answer(term: &Term, fields: &FieldCatalogue, me: Option<UserId>) -> Answer {
    let text = |value: String| vec![hg_store::Value::Text(value)];
    let anywhere = if term.exact { Place::Whole } else { Place::Anywhere };
    let Some(command) = term.command.as_deref() else { return Answer::Texts(fold(&term.text), anywhere) };
    let starts = |place| Answer::Texts(fold(&term.text), place);
    let starting = || text(pattern(&term.text, false, term.exact));
    match (command, term.text.as_str()) {
        ("is", "anonymous") => Answer::Not(Box::new(Answer::Everyone(Everyone::Identified))),
        ("is", "identified") => Answer::Everyone(Everyone::Identified),
        ("is", "mine") => me.map_or(Answer::Nobody, |id| Answer::Sql(MINE, vec![hg_store::Value::Int(id.0)])),
        ("is", "unowned") => Answer::Not(Box::new(Answer::Sql(OWNED, Vec::new()))),
        ("ids", list) => {
            let ids: Vec<i64> = list.split(',').filter_map(|id| id.trim().parse().ok()).collect();
            Answer::Sql(BY_IDS, text(hg_store::value::id_list(ids)))
        }
        ("name", _) => starts(if term.exact { Place::NameIs } else { Place::NameStarts }),
        // Clients look people up by their whole address, and want nobody whose address merely begins so.
        ("email", address) => {
            let whole = term.exact || !address.contains('%') && hg_core::forms::is_email_address(address);
            starts(if whole { Place::EmailIs } else { Place::EmailStarts })
        }
        ("company", _) => {
            let linked = Answer::Sql(BY_COMPANY, starting());
            let texts = starts(if term.exact { Place::CompanyIs } else { Place::CompanyStarts });
            Answer::Either(Box::new(texts), Box::new(linked))
        }
        ("tag", "none") => Answer::Not(Box::new(Answer::Sql(WITH_TAGS, Vec::new()))),
        ("tag", _) => Answer::Sql(BY_TAG, starting()),
        ("segment", alias) => Answer::Segments(vec![alias.to_owned()]),
        ("common", aliases) => Answer::Segments(aliases.split('+').map(str::to_owned).collect()),
        ("dnc", "any") => Answer::Sql(ANY_DO_NOT_CONTACT, Vec::new()),
        ("dnc", channel) => Answer::Sql(DO_NOT_CONTACT, text(channel.to_lowercase())),
        ("owner", name) => Answer::Owners(name.to_owned(), term.exact),
        ("stage", "none") => Answer::Not(Box::new(Answer::Sql(IN_A_STAGE, Vec::new()))),
        ("stage", _) => Answer::Sql(BY_STAGE, starting()),
        ("ip", _) => Answer::Sql(BY_ADDRESS, starting()),
        ("company_id", id) => numbered(BY_COMPANY_ID, id),
        ("page_id", id) => numbered(BY_PAGE, id),
        ("form_id", id) => numbered(BY_FORM, id),
        ("import_id", id) => numbered(BY_IMPORT, id),
        ("import_action", "inserted") => Answer::Sql(IMPORTED_NEW, Vec::new()),
        ("import_action", "updated") => Answer::Sql(IMPORTED_OLD, Vec::new()),
        // A row that failed made or changed nobody.
        ("import_action", _) => Answer::Nobody,
        ("page_source", source) if "email".starts_with(&fold(source)) => Answer::Sql(FROM_EMAILS, Vec::new()),
        ("page_source", _) => Answer::Nobody,
        ("page_source_id", id) => numbered(FROM_EMAIL, id),
        ("email_pending", id) => id.trim().parse().map_or(Answer::Nobody, |id| Answer::Pending(EmailId(id))),
        // Nothing but mail is sent so far.
        ("sms_sent" | "web_sent" | "mobile_sent", _) => Answer::Nobody,
        ("email_queued", id) => numbered(QUEUED, id),
        ("score", value) => compared("points", value),
        ("has", alias) => Answer::Condition(Condition::new(alias, Operator::NotEmpty, Json::Null)),
        ("email_sent", id) => Answer::Condition(Condition::new("lead_email_sent", Operator::In, json!([id]))),
        ("email_read", id) => Answer::Condition(Condition::new("lead_email_received", Operator::In, json!([id]))),
        ("campaign", name) => match name.trim().parse::<i64>() {
            Ok(id) => Answer::Condition(Condition::new("campaign", Operator::In, json!([id]))),
            Err(_) => Answer::Campaigns(name.to_owned(), term.exact),
        },
        ("added", value) => compared("date_added", value),
        (alias, value) if fields.get(alias).is_some_and(|f| f.published) => {
            let offers = |op| find_field(alias, fields).is_some_and(|f| f.kind.operators().contains(&op));
            let is_text = fields.get(alias).is_some_and(|f| f.kind.is_text());
            match is_text {
                true if term.exact || !offers(Operator::Like) => {
                    Answer::Condition(Condition::new(alias, Operator::Eq, json!(value)))
                }
                true => Answer::Condition(Condition::new(alias, Operator::Like, json!(format!("{value}%")))),
                false => compared(alias, value),
            }
        }
        (command, value) => Answer::Texts(fold(&format!("{command}:{value}")), anywhere),
    }
}

/// A statement about the thing of a number; what is no number names nothing.
fn numbered(text: &'static str, id: &str) -> Answer {
    id.trim().parse().map_or(Answer::Nobody, |id: i64| Answer::Sql(text, vec![hg_store::Value::Int(id)]))
}

/// `>50`, `>=50`, `<50`, `50`.
fn compared(field: &str, value: &str) -> Answer {
    let (op, rest) = [(">=", Operator::Gte), ("<=", Operator::Lte), (">", Operator::Gt), ("<", Operator::Lt)]
        .into_iter()
        .find_map(|(sign, op)| value.strip_prefix(sign).map(|rest| (op, rest)))
        .unwrap_or((Operator::Eq, value));
    Answer::Condition(Condition::new(field, op, json!(rest)))
}

/// A LIKE pattern on folded text. `%` of the writer's own stays one.
fn pattern(text: &str, anywhere: bool, exact: bool) -> String {
    let folded = tags::like_escaped(&fold(text)).replace("\\%", "%");
    match (exact, anywhere) {
        (true, _) => folded,
        (false, true) => format!("%{folded}%"),
        (false, false) => format!("{folded}%"),
    }
}
