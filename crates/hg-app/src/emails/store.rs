use hg_core::ids::{EmailId, UserId};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use super::blocks;
use super::family::Role;
use super::model::{Content, Counts, Email, Kind, NewEmail, SendingState};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};

/// How many messages of an email have not left; counts as many rows.
/// In two parts, so that each has its index: what waits in one of the lanes, and what is on its way.
const QUEUED: &str = "((SELECT count(*) FROM sends WHERE sends.email_id = emails.id AND sends.state = 0 AND sends.lane IN (0, 1, 2, 102)) \
     + (SELECT count(*) FROM sends WHERE sends.email_id = emails.id AND sends.state IN (1, 2)))";
const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, subject, preheader, from_name, from_address, reply_to, \
     format, source, plain_text, kind, purpose, published, language, utm, headers, extra, revision, send_state, \
     sent, opened, clicked, unsubscribed, failed, unknown, skipped, \
     @queued, bounced, complained, replied, stopped_reason, dynamic, parent_id, parent_as, weight, machine_opened, machine_clicked, attachments, owner_sends, publish_up, publish_down, evergreen";
const TABLES: &str = "emails JOIN email_counts ON email_counts.email_id = emails.id";
/// Variants and translations are shown with the email that they belong to.
const PARENTS: &str =
    "(SELECT * FROM emails WHERE parent_id IS NULL) emails JOIN email_counts ON email_counts.email_id = emails.id";

fn read(r: &Row<'_>) -> hg_store::Result<Email> {
    let utm: Option<Json> = r.get(18)?;
    let utm_of = |name: &str| utm.as_ref().and_then(|u| u.get(name)?.as_str()).unwrap_or_default().to_owned();
    let headers: Option<Json> = r.get(19)?;
    let text = |i: usize| Ok::<_, hg_store::StoreError>(r.get::<Option<String>>(i)?.unwrap_or_default());
    Ok(Email {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        content: Content {
            subject: r.get(6)?,
            preheader: text(7)?,
            from_name: text(8)?,
            from_address: text(9)?,
            reply_to: text(10)?,
            format: r.get(11)?,
            source: r.get(12)?,
            plain_text: r.get(13)?,
            purpose: r.get(15)?,
            language: r.get(17)?,
            utm_source: utm_of("source"),
            utm_medium: utm_of("medium"),
            utm_campaign: utm_of("campaign"),
            utm_content: utm_of("content"),
            headers: headers.and_then(|h| serde_json::from_value(h).ok()).unwrap_or_default(),
            dynamic: r.get::<Option<Json>>(35)?.and_then(|d| serde_json::from_value(d).ok()).unwrap_or_default(),
            attachments: r.get::<Option<Json>>(41)?.and_then(|a| serde_json::from_value(a).ok()).unwrap_or_default(),
            owner_sends: r.get(42)?,
        },
        kind: Kind::from_key(&r.get::<String>(14)?).unwrap_or(Kind::Template),
        published: r.get(16)?,
        publish_up: r.get(43)?,
        publish_down: r.get(44)?,
        segments: Vec::new(),
        excluded_segments: Vec::new(),
        evergreen: r.get(45)?,
        extra: r.get::<Option<Json>>(20)?.unwrap_or_else(|| Json::Object(serde_json::Map::new())),
        revision: r.get(21)?,
        parent: parent_of(r.get(36)?, r.get::<Option<String>>(37)?.as_deref()),
        weight: r.get(38)?,
        send_state: SendingState::from_key(&r.get::<String>(22)?),
        stopped_reason: r.get(34)?,
        counts: Counts {
            sent: r.get(23)?,
            opened: r.get(24)?,
            clicked: r.get(25)?,
            unsubscribed: r.get(26)?,
            failed: r.get(27)?,
            unknown: r.get(28)?,
            skipped: r.get(29)?,
            queued: r.get(30)?,
            bounced: r.get(31)?,
            complained: r.get(32)?,
            replied: r.get(33)?,
            machine_opened: r.get(39)?,
            machine_clicked: r.get(40)?,
        },
    })
}

fn parent_of(id: Option<EmailId>, role: Option<&str>) -> Option<(EmailId, Role)> {
    Some((id?, Role::of(role?)?))
}

/// One email that is not deleted.
pub fn find(tx: &mut Tx<'_>, id: EmailId) -> Result<Option<Email>> {
    find_where(tx, id, "deleted_at IS NULL")
}

pub(super) fn find_deleted(tx: &mut Tx<'_>, id: EmailId) -> Result<Option<Email>> {
    find_where(tx, id, "deleted_at IS NOT NULL")
}

fn find_where(tx: &mut Tx<'_>, id: EmailId, condition: &str) -> Result<Option<Email>> {
    find_counting(tx, id, condition, QUEUED)
}

/// The same for who asks for each message: how many wait is not counted, `counts.queued` is 0.
pub fn find_uncounted(tx: &mut Tx<'_>, id: EmailId) -> Result<Option<Email>> {
    find_counting(tx, id, "deleted_at IS NULL", "0")
}

/// The columns in the order in which they are read.
fn columns(queued: &str) -> String {
    COLUMNS.replace("@queued", queued)
}

fn find_counting(tx: &mut Tx<'_>, id: EmailId, condition: &str, queued: &str) -> Result<Option<Email>> {
    let text = format!("SELECT {} FROM {TABLES} WHERE id = $1 AND {condition}", columns(queued));
    let found = tx.opt(Sql::new(text).bind(id), read)?;
    let Some(email) = found else { return Ok(None) };
    let mut emails = vec![email];
    attach_segments(tx, &mut emails)?;
    Ok(emails.pop())
}

fn attach_segments(tx: &mut Tx<'_>, emails: &mut [Email]) -> Result<()> {
    let ids: Vec<i64> = emails.iter().map(|e| e.id.0).collect();
    let links: Vec<(i64, i64, bool)> = tx.all(
        Sql::new("SELECT email_id, segment_id, excluded FROM email_segments WHERE email_id @in($1) ORDER BY segment_id")
            .bind(ids.as_slice()),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
    )?;
    for (email_id, segment, excluded) in links {
        if let Some(email) = emails.iter_mut().find(|e| e.id.0 == email_id) {
            if excluded { email.excluded_segments.push(segment) } else { email.segments.push(segment) }
        }
    }
    Ok(())
}

const LIST: SmallTable = SmallTable {
    table: PARENTS,
    things: "Emails",
    searched: &["name", "subject"],
    sorted: &["name", "subject", "sent", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: true,
};

pub(super) fn list(tx: &mut Tx<'_>, query: &ListQuery, kind: Option<Kind>) -> Result<Page<Email>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        let mut rows = tx.all(Sql::new(format!("SELECT {} FROM {TABLES} WHERE id @in($1)", columns(QUEUED))).bind(ids), read)?;
        attach_segments(tx, &mut rows)?;
        Ok(rows)
    };
    LIST.page(tx, query, kind.map(|kind| ("kind", kind.key())), load, |email| email.id.0)
}

fn utm(content: &Content) -> Json {
    serde_json::json!({
        "source": content.utm_source, "medium": content.utm_medium,
        "campaign": content.utm_campaign, "content": content.utm_content,
    })
}

/// What people wrote, in the order of both statements.
fn bind<'t>(sql: Sql<'t>, name: &str, c: &Content, kind: Kind, window: Window, evergreen: bool, extra: &Json) -> Result<Sql<'t>> {
    Ok(sql
        .bind(name)
        .bind(&c.subject)
        .bind(&c.preheader)
        .bind(&c.from_name)
        .bind(&c.from_address)
        .bind(&c.reply_to)
        .bind(&c.format)
        .bind(&c.source)
        .bind(c.plain_text.as_deref())
        .bind(kind.key())
        .bind(&c.purpose)
        .bind(window.published)
        .bind(&c.language)
        .bind(utm(c))
        .bind(json_of(&c.headers)?)
        .bind(extra)
        .bind(json_of(&c.dynamic)?)
        .bind(json_of(&c.attachments)?)
        .bind(c.owner_sends)
        .bind(window.publish_up)
        .bind(window.publish_down)
        .bind(evergreen))
}

pub(super) fn insert(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, new: &NewEmail) -> Result<EmailId> {
    let sql = Sql::new(
        "INSERT INTO emails (created_at, updated_at, created_by, name, subject, preheader, from_name, from_address, reply_to, format, \
         source, plain_text, kind, purpose, published, language, utm, headers, extra, dynamic, attachments, owner_sends, publish_up, publish_down, \
         evergreen) \
         VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) RETURNING id",
    );
    let sql = bind(sql.bind(now).bind(by), &new.name, &new.content, new.kind, new.window(), new.evergreen, &new.extra)?;
    let id: EmailId = tx.scalar(sql)?;
    tx.exec(Sql::new("INSERT INTO email_counts (email_id) VALUES ($1)").bind(id))?;
    set_segments(tx, id, &new.segments, &new.excluded_segments)?;
    blocks::note_uses(tx, id, &new.content.source)?;
    keep_revision(tx, now, id, 1, &new.content)?;
    Ok(id)
}

pub(super) fn save(tx: &mut Tx<'_>, now: Timestamp, email: &Email) -> Result<()> {
    let c = &email.content;
    let sql = Sql::new(
        "UPDATE emails SET version = $2, updated_at = $3, name = $4, subject = $5, preheader = $6, from_name = $7, from_address = $8, \
         reply_to = $9, format = $10, source = $11, plain_text = $12, kind = $13, purpose = $14, published = $15, language = $16, \
         utm = $17, headers = $18, extra = $19, dynamic = $20, attachments = $21, owner_sends = $22, publish_up = $23, publish_down = $24, evergreen = $25, \
         revision = $26 WHERE id = $1",
    );
    let sql = sql.bind(email.id).bind(email.version).bind(now);
    tx.exec(bind(sql, &email.name, c, email.kind, email.window(), email.evergreen, &email.extra)?.bind(email.revision))?;
    set_segments(tx, email.id, &email.segments, &email.excluded_segments)?;
    blocks::note_uses(tx, email.id, &c.source)?;
    keep_revision(tx, now, email.id, email.revision, c)
}

fn json_of<T: serde::Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value).map_err(|e| Error::internal(e.to_string()))
}

fn set_segments(tx: &mut Tx<'_>, id: EmailId, segments: &[i64], excluded: &[i64]) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM email_segments WHERE email_id = $1").bind(id))?;
    for (list, is_excluded) in [(segments, false), (excluded, true)] {
        for segment in list {
            tx.exec(
                Sql::new(
                    "INSERT INTO email_segments (email_id, segment_id, excluded) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                )
                .bind(id)
                .bind(*segment)
                .bind(is_excluded),
            )?;
        }
    }
    Ok(())
}

fn keep_revision(tx: &mut Tx<'_>, now: Timestamp, id: EmailId, revision: i64, content: &Content) -> Result<()> {
    tx.exec(
        Sql::new(
            "INSERT INTO email_revisions (email_id, revision, content, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (email_id, revision) DO NOTHING",
        )
        .bind(id)
        .bind(revision)
        .bind(json_of(content)?)
        .bind(now),
    )?;
    Ok(())
}

/// What an email looked like in a revision.
pub fn content_of(tx: &mut Tx<'_>, id: EmailId, revision: i64) -> Result<Option<Content>> {
    let found: Option<Json> = tx.opt(
        Sql::new("SELECT content FROM email_revisions WHERE email_id = $1 AND revision = $2").bind(id).bind(revision),
        |r| r.get(0),
    )?;
    found.map(|json| serde_json::from_value(json).map_err(|e| Error::internal(e.to_string()))).transpose()
}

pub(super) fn set_deleted(tx: &mut Tx<'_>, now: Timestamp, id: EmailId, deleted: bool) -> Result<()> {
    tx.exec(
        // Children go with their parent, and those that went with it come back with it.
        Sql::new(
            "UPDATE emails SET deleted_at = $2, updated_at = $3, version = version + 1 WHERE id = $1 OR (parent_id = $1 AND \
             coalesce(deleted_at, 0) = coalesce((SELECT p.deleted_at FROM emails p WHERE p.id = $1), 0))",
        )
        .bind(id)
        .bind(deleted.then_some(now))
        .bind(now),
    )?;
    Ok(())
}

pub(super) fn was_sent(tx: &mut Tx<'_>, id: EmailId) -> Result<bool> {
    Ok(tx.opt(Sql::new("SELECT 1 FROM sends WHERE email_id = $1 AND state <> 6 LIMIT 1").bind(id), |_| Ok(()))?.is_some())
}

pub(super) fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    Ok(tx.all(Sql::new("SELECT id, name FROM emails WHERE id @in($1)").bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// The addresses of landing pages, by id; pages that are gone have none.
pub(super) fn page_aliases(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    let sql = Sql::new("SELECT id, alias FROM pages WHERE id @in($1) AND deleted_at IS NULL").bind(ids);
    Ok(tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?)
}
