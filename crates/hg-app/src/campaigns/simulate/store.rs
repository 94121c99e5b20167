//! Every statement over simulations that were asked for.

use hg_core::ids::{CampaignId, ContactId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, StoreError, Tx};

use super::model::{Report, Setup, Simulation, SimulationState};
use crate::error::{Error, Result};

/// So many are kept of a campaign.
const KEPT: i64 = 20;
const COLUMNS: &str = "id, campaign_id, created_at, setup, state, message, report";

fn read(r: &Row<'_>) -> hg_store::Result<Simulation> {
    let setup: serde_json::Value = r.get(3)?;
    let report: Option<serde_json::Value> = r.get(6)?;
    let unreadable = |e: serde_json::Error| StoreError::Other(format!("a stored simulation cannot be read: {e}"));
    Ok(Simulation {
        id: r.get(0)?,
        campaign: r.get(1)?,
        created_at: r.get(2)?,
        setup: serde_json::from_value::<Setup>(setup).map_err(unreadable)?,
        state: SimulationState::from_key(&r.get::<String>(4)?),
        message: r.get(5)?,
        report: report.map(serde_json::from_value::<Report>).transpose().map_err(unreadable)?,
    })
}

pub(super) fn insert(tx: &mut Tx<'_>, campaign: CampaignId, setup: &Setup, by: Option<UserId>, now: Timestamp) -> Result<i64> {
    let setup = serde_json::to_value(setup).map_err(|e| Error::internal(e.to_string()))?;
    let id = tx.one(
        Sql::new("INSERT INTO campaign_simulations (campaign_id, created_at, created_by, setup, state) VALUES ($1, $2, $3, $4, 'running') RETURNING id")
            .bind(campaign)
            .bind(now)
            .bind(by)
            .bind(setup),
        |r| r.get(0),
    )?;
    tx.exec(
        Sql::new(
            "DELETE FROM campaign_simulations WHERE campaign_id = $1 AND id NOT IN \
             (SELECT id FROM campaign_simulations WHERE campaign_id = $1 ORDER BY id DESC LIMIT $2)",
        )
        .bind(campaign)
        .bind(KEPT),
    )?;
    Ok(id)
}

pub(super) fn find(tx: &mut Tx<'_>, campaign: CampaignId, id: i64) -> Result<Simulation> {
    let text = format!("SELECT {COLUMNS} FROM campaign_simulations WHERE id = $1 AND campaign_id = $2");
    let found = tx.opt(Sql::new(text).bind(id).bind(campaign), read)?;
    let mut found = found.ok_or_else(|| Error::not_found("simulation", id))?;
    if let Some(report) = &mut found.report {
        super::report::name(tx, report)?;
    }
    Ok(found)
}

pub(super) fn list(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<Vec<Simulation>> {
    let text = format!("SELECT {COLUMNS} FROM campaign_simulations WHERE campaign_id = $1 ORDER BY id DESC");
    let mut found = tx.all(Sql::new(text).bind(campaign), read)?;
    for report in found.iter_mut().filter_map(|s| s.report.as_mut()) {
        super::report::name(tx, report)?;
    }
    Ok(found)
}

/// Removes those that tell the way of a contact.
pub(crate) fn forget(tx: &mut Tx<'_>, contact: ContactId) -> Result<()> {
    let all: Vec<(i64, serde_json::Value)> =
        tx.all("SELECT id, setup FROM campaign_simulations", |r| Ok((r.get(0)?, r.get(1)?)))?;
    let names = |setup: &serde_json::Value| setup["contacts"].as_array().is_some_and(|c| c.iter().any(|id| *id == contact.0));
    let telling: Vec<i64> = all.into_iter().filter(|(_, setup)| names(setup)).map(|(id, _)| id).collect();
    tx.exec(Sql::new("DELETE FROM campaign_simulations WHERE id @in($1)").bind(telling.as_slice()))?;
    Ok(())
}

pub(super) fn end(
    tx: &mut Tx<'_>,
    id: i64,
    state: SimulationState,
    message: Option<&str>,
    report: Option<&Report>,
) -> Result<()> {
    let report = report.map(serde_json::to_value).transpose().map_err(|e| Error::internal(e.to_string()))?;
    tx.exec(
        Sql::new("UPDATE campaign_simulations SET state = $2, message = $3, report = $4 WHERE id = $1")
            .bind(id)
            .bind(state.key())
            .bind(message)
            .bind(report),
    )?;
    Ok(())
}
