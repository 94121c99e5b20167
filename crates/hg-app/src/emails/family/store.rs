use hg_core::emails::Criterion;
use hg_core::ids::{EmailId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use crate::error::Result;

/// What a child is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Variant,
    Translation,
}

impl Role {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Variant => "variant",
            Self::Translation => "translation",
        }
    }

    pub fn of(key: &str) -> Option<Self> {
        match key {
            "variant" => Some(Self::Variant),
            "translation" => Some(Self::Translation),
            _ => None,
        }
    }
}

/// A variant or a translation.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub id: EmailId,
    pub role: Role,
    pub name: String,
    pub subject: String,
    pub language: String,
    /// Percent; of variants.
    pub weight: i64,
    pub published: bool,
    pub revision: i64,
    pub updated_at: Timestamp,
    /// Whether there is anything to send.
    pub empty: bool,
    pub sent: i64,
    pub opened: i64,
    pub clicked: i64,
}

const MEMBER: &str = "id, parent_as, name, subject, language, weight, published, revision, updated_at, \
     CASE WHEN source = '' THEN 1 ELSE 0 END, sent, opened, clicked";

fn read_member(r: &Row<'_>) -> hg_store::Result<Member> {
    Ok(Member {
        id: r.get(0)?,
        role: Role::of(&r.get::<String>(1)?).unwrap_or(Role::Variant),
        name: r.get(2)?,
        subject: r.get(3)?,
        language: r.get(4)?,
        weight: r.get(5)?,
        published: r.get(6)?,
        revision: r.get(7)?,
        updated_at: r.get(8)?,
        empty: r.get(9)?,
        sent: r.get(10)?,
        opened: r.get(11)?,
        clicked: r.get(12)?,
    })
}

/// The children of an email, the oldest first.
pub(super) fn children(tx: &mut Tx<'_>, parent: EmailId) -> Result<Vec<Member>> {
    let sql = format!(
        "SELECT {MEMBER} FROM emails JOIN email_counts ON email_counts.email_id = emails.id \
         WHERE parent_id = $1 AND deleted_at IS NULL ORDER BY id"
    );
    Ok(tx.all(Sql::new(sql).bind(parent), read_member)?)
}

pub(super) fn attach(tx: &mut Tx<'_>, child: EmailId, parent: EmailId, role: Role, weight: i64) -> Result<()> {
    let sql = "UPDATE emails SET parent_id = $2, parent_as = $3, weight = $4 WHERE id = $1";
    tx.exec(Sql::new(sql).bind(child).bind(parent).bind(role.key()).bind(weight))?;
    Ok(())
}

pub(super) fn set_weight(tx: &mut Tx<'_>, now: Timestamp, child: EmailId, weight: i64) -> Result<()> {
    let sql = "UPDATE emails SET weight = $2, updated_at = $3, version = version + 1 WHERE id = $1";
    tx.exec(Sql::new(sql).bind(child).bind(weight).bind(now))?;
    Ok(())
}

/// Lets the variants of an email take part, or not.
pub(super) fn publish_variants(tx: &mut Tx<'_>, parent: EmailId, published: bool) -> Result<()> {
    let sql = "UPDATE emails SET published = $2 WHERE parent_id = $1 AND parent_as = 'variant' AND deleted_at IS NULL";
    tx.exec(Sql::new(sql).bind(parent).bind(published))?;
    Ok(())
}

/// A test as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TrialRow {
    pub id: i64,
    pub started_at: Timestamp,
    pub criterion: Criterion,
    pub share: i64,
    pub automatic: bool,
    pub decide_at: Option<Timestamp>,
    pub before: Json,
    pub ended_at: Option<Timestamp>,
    pub ended_how: Option<String>,
    pub winner: Option<EmailId>,
    pub figures: Option<Json>,
}

const TRIAL: &str = "id, started_at, criterion, share, automatic, decide_at, before, ended_at, ended_how, winner_id, figures";

fn read_trial(r: &Row<'_>) -> hg_store::Result<TrialRow> {
    Ok(TrialRow {
        id: r.get(0)?,
        started_at: r.get(1)?,
        criterion: Criterion::of(&r.get::<String>(2)?).unwrap_or(Criterion::Clicks),
        share: r.get(3)?,
        automatic: r.get(4)?,
        decide_at: r.get(5)?,
        before: r.get(6)?,
        ended_at: r.get(7)?,
        ended_how: r.get(8)?,
        winner: r.get(9)?,
        figures: r.get(10)?,
    })
}

pub(super) fn running(tx: &mut Tx<'_>, parent: EmailId) -> Result<Option<TrialRow>> {
    let sql = format!("SELECT {TRIAL} FROM email_tests WHERE email_id = $1 AND ended_at IS NULL");
    Ok(tx.opt(Sql::new(sql).bind(parent), read_trial)?)
}

/// The last tests that ended, newest first.
pub(super) fn past(tx: &mut Tx<'_>, parent: EmailId) -> Result<Vec<TrialRow>> {
    let sql = format!("SELECT {TRIAL} FROM email_tests WHERE email_id = $1 AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 20");
    Ok(tx.all(Sql::new(sql).bind(parent), read_trial)?)
}

pub(super) struct NewRow<'a> {
    pub parent: EmailId,
    pub criterion: Criterion,
    pub share: i64,
    pub automatic: bool,
    pub decide_at: Option<Timestamp>,
    pub before: &'a Json,
}

pub(super) fn insert(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, new: &NewRow<'_>) -> Result<()> {
    let sql = "INSERT INTO email_tests (email_id, started_at, started_by, criterion, share, automatic, decide_at, before) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.exec(
        Sql::new(sql)
            .bind(new.parent)
            .bind(now)
            .bind(by)
            .bind(new.criterion.key())
            .bind(new.share)
            .bind(new.automatic)
            .bind(new.decide_at)
            .bind(new.before),
    )?;
    Ok(())
}

pub(super) fn end(
    tx: &mut Tx<'_>,
    now: Timestamp,
    by: Option<UserId>,
    trial: i64,
    how: &str,
    winner: Option<EmailId>,
    figures: &Json,
) -> Result<()> {
    let sql = "UPDATE email_tests SET ended_at = $2, ended_by = $3, ended_how = $4, winner_id = $5, figures = $6 \
               WHERE id = $1 AND ended_at IS NULL";
    tx.exec(Sql::new(sql).bind(trial).bind(now).bind(by).bind(how).bind(winner).bind(figures))?;
    Ok(())
}

/// Whether a part of the audience waits for the winner of a running test.
pub(crate) fn is_held_back(tx: &mut Tx<'_>, parent: EmailId) -> Result<bool> {
    let sql = "SELECT 1 FROM email_tests WHERE email_id = $1 AND ended_at IS NULL AND share < 100";
    Ok(tx.opt(Sql::new(sql).bind(parent), |_| Ok(()))?.is_some())
}

/// Whether a test of the email ended after an instant.
pub(crate) fn ended_since(tx: &mut Tx<'_>, parent: EmailId, since: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 FROM email_tests WHERE email_id = $1 AND ended_at > $2 LIMIT 1";
    Ok(tx.opt(Sql::new(sql).bind(parent).bind(since), |_| Ok(()))?.is_some())
}
