//! Statements about what campaigns are made of; those about who is in them stand in `members.rs` and `run.rs`.

use std::collections::HashMap;

use hg_core::campaigns::{Needs, Path, Plan, Republish, Source, SourceKind, Step, StepType, Timing};
use hg_core::ids::{CampaignId, CompanySegmentId, SegmentId, StepId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use super::model::{Campaign, CampaignQuery, Counted, Counts, NewCampaign, State, StepCounts, StepPause};
use crate::error::{Error, Result};
use crate::list::{Page, SmallTable};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, description, state, publish_up, publish_down, allow_restart, layout, extra, members, republish";

fn read(r: &Row<'_>) -> hg_store::Result<Campaign> {
    Ok(Campaign {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        description: r.get(6)?,
        state: State::from_key(&r.get::<String>(7)?),
        publish_up: r.get(8)?,
        publish_down: r.get(9)?,
        allow_restart: r.get(10)?,
        republish: Republish::from_key(&r.get::<String>(14)?),
        layout: r.get(11)?,
        extra: r.get(12)?,
        counts: Counts { members: r.get(13)?, ..Counts::default() },
        sources: Vec::new(),
        plan: Plan::default(),
        step_counts: Vec::new(),
        pauses: Vec::new(),
        rules: Vec::new(),
        problems: Vec::new(),
    })
}

/// A campaign with its sources (without their names) and steps.
pub(super) fn find(tx: &mut Tx<'_>, id: CampaignId, deleted: bool) -> Result<Campaign> {
    let text = format!("SELECT {COLUMNS} FROM campaigns WHERE id = $1 AND (deleted_at IS NULL OR $2 = 1)");
    let mut campaign = tx.opt(Sql::new(text).bind(id).bind(deleted), read)?.ok_or_else(|| Error::not_found("campaign", id))?;
    fill(tx, &mut campaign)?;
    Ok(campaign)
}

fn fill(tx: &mut Tx<'_>, campaign: &mut Campaign) -> Result<()> {
    campaign.sources = sources(tx, campaign.id)?.into_iter().map(|s| (s, String::new())).collect();
    (campaign.plan, campaign.step_counts, campaign.pauses) = steps(tx, campaign.id)?;
    let id = campaign.id;
    campaign.rules = super::goals::of(tx, id)?;
    campaign.counts.active =
        tx.scalar(Sql::new("SELECT count(*) FROM campaign_members WHERE campaign_id = $1 AND state = 'active'").bind(id))?;
    let busy: i64 = tx.scalar(
        Sql::new("SELECT count(DISTINCT contact_id) FROM campaign_log WHERE campaign_id = $1 AND state IN (0, 1)").bind(id),
    )?;
    campaign.counts.finished = (campaign.counts.active - busy).max(0);
    Ok(())
}

pub(super) fn sources(tx: &mut Tx<'_>, id: CampaignId) -> Result<Vec<Source>> {
    let rows = tx.all(
        Sql::new("SELECT kind, source_id FROM campaign_sources WHERE campaign_id = $1 ORDER BY kind DESC, source_id").bind(id),
        |r| Ok((r.get::<String>(0)?, r.get::<i64>(1)?)),
    )?;
    Ok(rows.into_iter().filter_map(|(kind, id)| SourceKind::from_key(&kind).map(|kind| Source { kind, id })).collect())
}

/// The steps in order, with their figures.
pub(super) fn steps(tx: &mut Tx<'_>, id: CampaignId) -> Result<(Plan, Vec<StepCounts>, Vec<StepPause>)> {
    struct Stored {
        parent: Option<StepId>,
        kind: String,
        settings: Json,
        step: Step,
        counts: StepCounts,
        pause: Option<StepPause>,
    }
    let rows = tx.all(
        Sql::new(
            "SELECT id, client_key, parent_id, path, type, name, settings, timing, done, waiting, yes, no, failed, \
             failing, paused_at, paused_why \
             FROM campaign_steps WHERE campaign_id = $1 AND deleted_at IS NULL ORDER BY position, id",
        )
        .bind(id),
        |r| {
            Ok(Stored {
                parent: r.get(2)?,
                kind: r.get(4)?,
                settings: r.get(6)?,
                step: Step {
                    id: r.get(0)?,
                    key: r.get(1)?,
                    parent: None,
                    path: r.get::<Option<String>>(3)?.as_deref().and_then(Path::from_key),
                    name: r.get(5)?,
                    what: StepType::OpensEmail { machines: false },
                    timing: serde_json::from_value::<Timing>(r.get(7)?).unwrap_or_default(),
                },
                counts: StepCounts {
                    done: r.get(8)?,
                    waiting: r.get(9)?,
                    yes: r.get(10)?,
                    no: r.get(11)?,
                    failed: r.get(12)?,
                    failing: r.get(13)?,
                },
                pause: r
                    .get::<Option<Timestamp>>(14)?
                    .map(|at| {
                        Ok::<_, hg_store::StoreError>(StepPause {
                            step: r.get(0)?,
                            at,
                            why: r.get::<Option<String>>(15)?.unwrap_or_default(),
                        })
                    })
                    .transpose()?,
            })
        },
    )?;
    let keys: HashMap<StepId, String> = rows.iter().map(|s| (s.step.id, s.step.key.clone())).collect();
    let mut plan = Plan::default();
    let (mut counts, mut pauses) = (Vec::new(), Vec::new());
    for stored in rows {
        let what = StepType::read(&stored.kind, &stored.settings)
            .map_err(|e| Error::internal(format!("Step {} of campaign {id} cannot be read: {e}", stored.step.id)))?;
        // A parent that was deleted leaves its children unconnected, which the check names.
        let parent = stored.parent.map(|p| keys.get(&p).cloned().unwrap_or_else(|| format!("deleted-{p}")));
        plan.steps.push(Step { what, parent, ..stored.step });
        counts.push(stored.counts);
        pauses.extend(stored.pause);
    }
    Ok((plan, counts, pauses))
}

const LIST: SmallTable = SmallTable {
    table: "campaigns",
    things: "Campaigns",
    searched: &["name"],
    sorted: &["name", "updated_at", "members", "state"],
    published: Some("state = 'published'"),
    global: None,
    category: true,
};

pub(super) fn list(tx: &mut Tx<'_>, query: &CampaignQuery) -> Result<Page<Campaign>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        let mut rows = tx.all(Sql::new(format!("SELECT {COLUMNS} FROM campaigns WHERE id @in($1)")).bind(ids), read)?;
        rows.iter_mut().try_for_each(|campaign| fill(tx, campaign))?;
        Ok(rows)
    };
    LIST.page(tx, &query.list, query.state.map(|state| ("state", state.key())), load, |campaign| campaign.id.0)
}

pub(super) fn insert(tx: &mut Tx<'_>, now: Timestamp, by: Option<i64>, new: &NewCampaign) -> Result<CampaignId> {
    let sql = Sql::new(
        "INSERT INTO campaigns (created_at, updated_at, created_by, name, description, publish_up, publish_down, allow_restart, layout, extra, \
         republish) VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(now)
    .bind(by)
    .bind(new.name.trim())
    .bind(new.description.as_deref())
    .bind(new.publish_up)
    .bind(new.publish_down)
    .bind(new.allow_restart)
    .bind(new.layout.as_ref())
    .bind(new.extra.as_ref())
    .bind(republish_key(new.republish));
    Ok(tx.one(sql, |r| r.get(0))?)
}

/// How the column says it; what is no key stands for the workspace's.
fn republish_key(republish: Option<Republish>) -> &'static str {
    republish.map_or("workspace", Republish::key)
}

/// Writes the campaign's own columns back.
pub(super) fn write(tx: &mut Tx<'_>, now: Timestamp, c: &Campaign) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE campaigns SET version = version + 1, updated_at = $2, name = $3, description = $4, publish_up = $5, publish_down = $6, \
             allow_restart = $7, layout = $8, extra = $9, state = $10, republish = $11 WHERE id = $1",
        )
        .bind(c.id)
        .bind(now)
        .bind(c.name.trim())
        .bind(c.description.as_deref())
        .bind(c.publish_up)
        .bind(c.publish_down)
        .bind(c.allow_restart)
        .bind(c.layout.as_ref())
        .bind(c.extra.as_ref())
        .bind(c.state.key())
        .bind(republish_key(c.republish)),
    )?;
    Ok(())
}

pub(super) fn set_sources(tx: &mut Tx<'_>, id: CampaignId, sources: &[Source]) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM campaign_sources WHERE campaign_id = $1").bind(id))?;
    for source in sources {
        tx.exec(
            Sql::new("INSERT INTO campaign_sources (campaign_id, kind, source_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(id)
                .bind(source.kind.key())
                .bind(source.id),
        )?;
    }
    Ok(())
}

pub(super) fn insert_step(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    step: &Step,
    parent: Option<StepId>,
    position: i64,
) -> Result<StepId> {
    let sql = Sql::new(
        "INSERT INTO campaign_steps (campaign_id, client_key, parent_id, path, position, kind, type, name, settings, timing) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(campaign)
    .bind(&step.key)
    .bind(parent)
    .bind(step.path.map(Path::key))
    .bind(position)
    .bind(kind_key(step))
    .bind(step.what.key())
    .bind(&step.name)
    .bind(step.what.write())
    .bind(timing_json(step)?);
    Ok(tx.one(sql, |r| r.get(0))?)
}

pub(super) fn update_step(tx: &mut Tx<'_>, step: &Step, parent: Option<StepId>, position: i64) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE campaign_steps SET parent_id = $2, path = $3, position = $4, kind = $5, type = $6, name = $7, settings = $8, timing = $9 WHERE id = $1",
        )
        .bind(step.id)
        .bind(parent)
        .bind(step.path.map(Path::key))
        .bind(position)
        .bind(kind_key(step))
        .bind(step.what.key())
        .bind(&step.name)
        .bind(step.what.write())
        .bind(timing_json(step)?),
    )?;
    Ok(())
}

fn kind_key(step: &Step) -> &'static str {
    match step.what.kind() {
        hg_core::campaigns::Kind::Action => "action",
        hg_core::campaigns::Kind::Decision => "decision",
        hg_core::campaigns::Kind::Condition => "condition",
    }
}

fn timing_json(step: &Step) -> Result<Json> {
    serde_json::to_value(&step.timing).map_err(|e| Error::internal(e.to_string()))
}

/// Takes a step out; its history stays, and who waits there is moved by the job of the edit.
pub(super) fn delete_step(tx: &mut Tx<'_>, now: Timestamp, step: StepId) -> Result<()> {
    let sql = Sql::new("UPDATE campaign_steps SET deleted_at = $2, redirect_id = NULL WHERE id = $1");
    tx.exec(sql.bind(step).bind(now))?;
    Ok(())
}

/// Brings back a removed step of the same key and kind; its id.
pub(super) fn revive_step(tx: &mut Tx<'_>, campaign: CampaignId, step: &Step) -> Result<Option<StepId>> {
    let sql = Sql::new(
        "UPDATE campaign_steps SET deleted_at = NULL, redirect_id = NULL WHERE id = (SELECT max(id) FROM campaign_steps \
         WHERE campaign_id = $1 AND client_key = $2 AND kind = $3 AND deleted_at IS NOT NULL) RETURNING id",
    );
    Ok(tx.opt(sql.bind(campaign).bind(&step.key).bind(kind_key(step)), |r| r.get(0))?)
}

/// Says where those who wait at a removed step go on.
pub(super) fn redirect_step(tx: &mut Tx<'_>, step: StepId, to: Option<StepId>) -> Result<()> {
    tx.exec(Sql::new("UPDATE campaign_steps SET redirect_id = $2 WHERE id = $1").bind(step).bind(to))?;
    Ok(())
}

pub(super) fn mark_deleted(tx: &mut Tx<'_>, now: Timestamp, id: CampaignId, deleted: bool) -> Result<bool> {
    let sql = Sql::new(
        "UPDATE campaigns SET deleted_at = CASE WHEN $3 = 1 THEN CAST($2 AS BIGINT) ELSE NULL END, updated_at = $2, version = version + 1, \
         paused_at = CASE WHEN $3 = 1 AND state = 'published' THEN CAST($2 AS BIGINT) ELSE paused_at END, \
         state = CASE WHEN $3 = 1 AND state = 'published' THEN 'paused' ELSE state END \
         WHERE id = $1 AND (CASE WHEN deleted_at IS NULL THEN 1 ELSE 0 END) = $3",
    );
    Ok(tx.exec(sql.bind(id).bind(now).bind(deleted))? > 0)
}

/// Running campaigns that a source feeds.
pub(super) fn fed_by(tx: &mut Tx<'_>, source: Source) -> Result<Vec<CampaignId>> {
    let sql = Sql::new(
        "SELECT c.id FROM campaign_sources s JOIN campaigns c ON c.id = s.campaign_id \
         WHERE s.kind = $1 AND s.source_id = $2 AND c.state = 'published' AND c.deleted_at IS NULL ORDER BY c.id",
    );
    Ok(tx.all(sql.bind(source.kind.key()).bind(source.id), |r| r.get(0))?)
}

/// Running campaigns that any segment of companies feeds.
pub(super) fn fed_by_companies(tx: &mut Tx<'_>) -> Result<Vec<CampaignId>> {
    let text = "SELECT DISTINCT c.id FROM campaign_sources s JOIN campaigns c ON c.id = s.campaign_id \
                WHERE s.kind = 'company_segment' AND c.state = 'published' AND c.deleted_at IS NULL ORDER BY c.id";
    Ok(tx.all(text, |r| r.get(0))?)
}

/// Campaigns, running or not, that a segment of companies feeds.
pub(crate) fn using_company_segment(tx: &mut Tx<'_>, id: CompanySegmentId) -> Result<Vec<(CampaignId, String)>> {
    let text = "SELECT c.id, c.name FROM campaign_sources s JOIN campaigns c ON c.id = s.campaign_id \
                WHERE s.kind = 'company_segment' AND s.source_id = $1 AND c.deleted_at IS NULL ORDER BY c.id";
    Ok(tx.all(Sql::new(text).bind(id), |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// The segments that steps and rules of campaigns name, in their settings or in filters inside of these: the campaign, what
/// it is called, and the segments. There are hundreds of steps, not millions.
pub(crate) fn segments_in_steps(tx: &mut Tx<'_>) -> Result<Vec<(i64, String, Vec<SegmentId>)>> {
    let text = "SELECT c.id, c.name, s.type, s.settings FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id \
                WHERE s.deleted_at IS NULL AND c.deleted_at IS NULL \
                UNION ALL SELECT c.id, c.name, r.type, r.settings FROM campaign_rules r JOIN campaigns c ON c.id = r.campaign_id \
                WHERE c.deleted_at IS NULL ORDER BY 1";
    let rows = tx.all(text, |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?, r.get::<String>(2)?, r.get::<Json>(3)?)))?;
    let named = |(id, name, kind, settings): (i64, String, String, Json)| {
        let segment = |needs: Needs| if let Needs::Segment(id) = needs { Some(SegmentId(id)) } else { None };
        let ids: Vec<SegmentId> = StepType::read(&kind, &settings).ok()?.needs().into_iter().filter_map(segment).collect();
        (!ids.is_empty()).then_some((id, name, ids))
    };
    Ok(rows.into_iter().filter_map(named).collect())
}

pub(super) fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let rows = tx.all(Sql::new("SELECT id, name FROM campaigns WHERE id @in($1)").bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// Whether a row of a table is there and not deleted; the table is one of ours, never a caller's text.
pub(super) fn exists(tx: &mut Tx<'_>, table: &'static str, id: i64) -> Result<bool> {
    let n: i64 = tx.scalar(Sql::new(format!("SELECT count(*) FROM {table} WHERE id = $1 AND deleted_at IS NULL")).bind(id))?;
    Ok(n > 0)
}

pub(super) fn source_name(tx: &mut Tx<'_>, source: Source) -> Result<Option<String>> {
    let table = match source.kind {
        SourceKind::Segment => "segments",
        SourceKind::Form => "forms",
        SourceKind::CompanySegment => "company_segments",
    };
    Ok(tx.opt(Sql::new(format!("SELECT name FROM {table} WHERE id = $1 AND deleted_at IS NULL")).bind(source.id), |r| r.get(0))?)
}

/// Adds to the figures of the steps.
pub(super) fn add_counts(tx: &mut Tx<'_>, deltas: &[Counted]) -> Result<()> {
    for (step, d) in deltas {
        tx.exec(
            Sql::new("UPDATE campaign_steps SET done = done + $2, waiting = waiting + $3, yes = yes + $4, no = no + $5, failed = failed + $6, failing = failing + $7 WHERE id = $1")
                .bind(*step)
                .bind(d.done)
                .bind(d.waiting)
                .bind(d.yes)
                .bind(d.no)
                .bind(d.failed)
                .bind(d.failing),
        )?;
    }
    Ok(())
}
