//! Statements about versions.

use hg_core::campaigns::{Change, Inside, Source};
use hg_core::ids::CampaignId;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use super::apply::{Edit, Made, tally};
use super::model::{Cursor, Kept, KeptSource, PeopleChoice, Version, Work};
use crate::campaigns::file::{FileRule, FileStep};
use crate::campaigns::model::Campaign;
use crate::error::{Error, Result};

const COLUMNS: &str = "v.number, v.made_at, trim(u.first_name || ' ' || u.last_name), u.email, v.note, v.inside, v.added, v.changed, \
                       v.removed, v.done";

fn read(r: &Row<'_>) -> hg_store::Result<Version> {
    let name: Option<String> = r.get(2)?;
    Ok(Version {
        number: r.get(0)?,
        made_at: r.get(1)?,
        made_by: match name.filter(|n| !n.is_empty()) {
            Some(name) => Some(name),
            None => r.get(3)?,
        },
        note: r.get(4)?,
        inside: Inside::from_key(&r.get::<String>(5)?).unwrap_or_default(),
        added: r.get(6)?,
        changed: r.get(7)?,
        removed: r.get(8)?,
        done: r.get(9)?,
    })
}

pub(super) fn list(tx: &mut Tx<'_>, id: CampaignId, before: i64, limit: u32) -> Result<Vec<Version>> {
    let text = format!(
        "SELECT {COLUMNS} FROM campaign_versions v LEFT JOIN users u ON u.id = v.made_by WHERE v.campaign_id = $1 AND v.number < $2 \
         ORDER BY v.number DESC LIMIT $3"
    );
    Ok(tx.all(Sql::new(text).bind(id).bind(before).bind(i64::from(limit) + 1), read)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: CampaignId, number: i64) -> Result<(Version, Kept)> {
    let version = list(tx, id, number.saturating_add(1), 0)?.into_iter().find(|v| v.number == number);
    let version = version.ok_or_else(|| Error::not_found("version", number))?;
    let sql = Sql::new("SELECT plan FROM campaign_versions WHERE campaign_id = $1 AND number = $2").bind(id).bind(number);
    let kept: Json = tx.one(sql, |r| r.get(0))?;
    Ok((version, serde_json::from_value(kept).map_err(|e| Error::internal(format!("A version cannot be read: {e}")))?))
}

fn kept(campaign: &Campaign) -> Kept {
    let source = |s: &Source| KeptSource { kind: s.kind.key().to_owned(), id: s.id };
    Kept {
        sources: campaign.sources.iter().map(|(s, _)| source(s)).collect(),
        allow_restart: campaign.allow_restart,
        steps: campaign.plan.steps.iter().map(FileStep::of).collect(),
        rules: campaign.rules.iter().map(FileRule::of).collect(),
        layout: campaign.layout.clone(),
    }
}

fn latest(tx: &mut Tx<'_>, id: CampaignId) -> Result<i64> {
    Ok(tx.scalar(Sql::new("SELECT coalesce(max(number), 0) FROM campaign_versions WHERE campaign_id = $1").bind(id))?)
}

/// Keeps the campaign as it is now as its newest version. `edit`: what brought it there; none: it was started as it is,
/// which is a version only where it is the first or differs from the latest.
pub(in crate::campaigns) fn keep(
    tx: &mut Tx<'_>,
    now: Timestamp,
    by: Option<i64>,
    campaign: &Campaign,
    edit: Option<(&Edit, Option<&PeopleChoice>)>,
) -> Result<()> {
    let made = Made { id: campaign.id, now, by };
    let plan = serde_json::to_value(kept(campaign)).map_err(|e| Error::internal(e.to_string()))?;
    let number = latest(tx, campaign.id)?;
    match edit {
        Some((edit, choice)) => insert(tx, &made, number + 1, &plan, edit, choice),
        None => {
            let sql = Sql::new("SELECT plan FROM campaign_versions WHERE campaign_id = $1 AND number = $2");
            let same = tx.opt(sql.bind(campaign.id).bind(number), |r| r.get::<Json>(0))?.is_some_and(|latest| latest == plan);
            let nothing = Edit::default();
            if same { Ok(()) } else { insert(tx, &made, number + 1, &plan, &nothing, None) }
        }
    }
}

/// Keeps a campaign that was started before there were versions, so that one can go back to it.
pub(in crate::campaigns) fn keep_first(tx: &mut Tx<'_>, now: Timestamp, campaign: &Campaign) -> Result<()> {
    if latest(tx, campaign.id)? == 0 { keep(tx, now, None, campaign, None) } else { Ok(()) }
}

fn insert(tx: &mut Tx<'_>, made: &Made, number: i64, plan: &Json, edit: &Edit, choice: Option<&PeopleChoice>) -> Result<()> {
    let work = serde_json::to_value(&edit.work).map_err(|e| Error::internal(e.to_string()))?;
    let sql = Sql::new(
        "INSERT INTO campaign_versions (campaign_id, number, made_at, made_by, note, plan, inside, added, changed, removed, work, done) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(made.id)
    .bind(number)
    .bind(made.now)
    .bind(made.by)
    .bind(choice.and_then(|c| c.note.as_deref()).map(str::trim).filter(|n| !n.is_empty()))
    .bind(plan)
    .bind(choice.map_or(Inside::Keep, |c| c.inside).key())
    .bind(tally(&edit.differences, Change::New))
    .bind(tally(&edit.differences, Change::Changed))
    .bind(tally(&edit.differences, Change::Gone))
    .bind(work)
    .bind(edit.work.is_empty());
    tx.exec(sql)?;
    Ok(())
}

/// The oldest version whose people are not yet where it wants them.
pub(super) struct Open {
    pub number: i64,
    pub made_at: Timestamp,
    pub work: Vec<Work>,
    pub cursor: Cursor,
}

pub(super) fn open(tx: &mut Tx<'_>, id: CampaignId) -> Result<Option<Open>> {
    let sql = Sql::new(
        "SELECT number, made_at, work, cursor FROM campaign_versions WHERE campaign_id = $1 AND done = 0 ORDER BY number LIMIT 1",
    );
    let row = tx.opt(sql.bind(id), |r| Ok((r.get(0)?, r.get(1)?, r.get::<Option<Json>>(2)?, r.get::<Option<Json>>(3)?)))?;
    let Some((number, made_at, work, cursor)) = row else { return Ok(None) };
    let work = work.map(serde_json::from_value).transpose().map_err(broken)?.unwrap_or_default();
    let cursor = cursor.map(serde_json::from_value).transpose().map_err(broken)?.unwrap_or_default();
    Ok(Some(Open { number, made_at, work, cursor }))
}

/// Adds work to the newest version; what is overdue is not run before it is done.
pub(super) fn resume(tx: &mut Tx<'_>, id: CampaignId, more: Vec<Work>) -> Result<()> {
    let number = latest(tx, id)?;
    let sql = Sql::new("SELECT work FROM campaign_versions WHERE campaign_id = $1 AND number = $2");
    let work: Option<Json> = tx.opt(sql.bind(id).bind(number), |r| r.get(0))?.flatten();
    let mut work: Vec<Work> = work.map(serde_json::from_value).transpose().map_err(broken)?.unwrap_or_default();
    work.extend(more);
    let work = serde_json::to_value(&work).map_err(|e| Error::internal(e.to_string()))?;
    let sql = Sql::new("UPDATE campaign_versions SET work = $3, done = 0 WHERE campaign_id = $1 AND number = $2");
    tx.exec(sql.bind(id).bind(number).bind(work))?;
    tx.exec(Sql::new("UPDATE campaigns SET resuming = 1 WHERE id = $1").bind(id))?;
    Ok(())
}

/// Keeps since when a campaign is paused; none: it is not.
pub(super) fn set_paused(tx: &mut Tx<'_>, id: CampaignId, at: Option<Timestamp>) -> Result<()> {
    tx.exec(Sql::new("UPDATE campaigns SET paused_at = $2 WHERE id = $1").bind(id).bind(at))?;
    Ok(())
}

pub(super) fn paused_at(tx: &mut Tx<'_>, id: CampaignId) -> Result<Option<Timestamp>> {
    Ok(tx.scalar(Sql::new("SELECT paused_at FROM campaigns WHERE id = $1").bind(id))?)
}

fn broken(error: serde_json::Error) -> Error {
    Error::internal(format!("The work of a version cannot be read: {error}"))
}

/// Notes how far the work is.
pub(super) fn note(tx: &mut Tx<'_>, id: CampaignId, number: i64, cursor: Cursor, done: bool) -> Result<()> {
    let cursor = serde_json::to_value(cursor).map_err(|e| Error::internal(e.to_string()))?;
    let sql = Sql::new("UPDATE campaign_versions SET cursor = $3, done = $4 WHERE campaign_id = $1 AND number = $2");
    tx.exec(sql.bind(id).bind(number).bind(cursor).bind(done))?;
    if done {
        tx.exec(
            Sql::new(
                "UPDATE campaigns SET resuming = 0 WHERE id = $1 AND resuming = 1 \
                          AND NOT EXISTS (SELECT 1 FROM campaign_versions WHERE campaign_id = $1 AND done = 0)",
            )
            .bind(id),
        )?;
    }
    Ok(())
}
