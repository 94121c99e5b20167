use hg_core::campaigns::StepType;
use hg_core::campaigns::goals::{Aim, Rule};
use hg_core::ids::{CampaignId, StepId};
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use super::model::{RuleCounts, Ruled, asked};
use crate::error::{Error, Result};

/// The rules of a campaign, in order.
pub(in crate::campaigns) fn of(tx: &mut Tx<'_>, id: CampaignId) -> Result<Vec<Ruled>> {
    type Row = (StepId, String, String, String, String, Json, RuleCounts);
    let sql = Sql::new(
        "SELECT id, client_key, aim, name, type, settings, reached, took_ms, held_reached FROM campaign_rules \
         WHERE campaign_id = $1 ORDER BY position, id",
    );
    let rows: Vec<Row> = tx.all(sql.bind(id), |r| {
        let counts = RuleCounts { reached: r.get(6)?, took_ms: r.get(7)?, held_reached: r.get(8)? };
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, counts))
    })?;
    let read = |(rule, key, aim, name, kind, settings, counts): Row| {
        let what = StepType::read(&kind, &settings)
            .map_err(|e| Error::internal(format!("Rule {rule} of campaign {id} cannot be read: {e}")))?;
        let step = hg_core::campaigns::Step { id: rule, ..asked(&key, &name, what) };
        Ok(Ruled { rule: Rule { aim: Aim::from_key(&aim).unwrap_or(Aim::Exit), step }, counts })
    };
    rows.into_iter().map(read).collect()
}

/// Writes the rules over the stored ones; those that stay keep their figures.
pub(in crate::campaigns) fn save(tx: &mut Tx<'_>, id: CampaignId, rules: &[Rule]) -> Result<()> {
    let kept: Vec<&str> = rules.iter().map(|r| r.step.key.as_str()).collect();
    for before in of(tx, id)? {
        if !kept.contains(&before.rule.step.key.as_str()) {
            tx.exec(Sql::new("DELETE FROM campaign_rules WHERE id = $1").bind(before.rule.step.id))?;
        }
    }
    for (position, rule) in rules.iter().enumerate() {
        let sql = Sql::new(
            "INSERT INTO campaign_rules (campaign_id, client_key, position, aim, name, type, settings) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (campaign_id, client_key) DO UPDATE SET \
             position = excluded.position, aim = excluded.aim, name = excluded.name, type = excluded.type, \
             settings = excluded.settings",
        )
        .bind(id)
        .bind(&rule.step.key)
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(rule.aim.key())
        .bind(&rule.step.name)
        .bind(rule.step.what.key())
        .bind(rule.step.what.write());
        tx.exec(sql)?;
    }
    Ok(())
}

/// Counts somebody who left by a rule.
pub(super) fn count(tx: &mut Tx<'_>, rule: StepId, took_ms: i64, held: bool) -> Result<()> {
    let sql = Sql::new(
        "UPDATE campaign_rules SET reached = reached + 1, took_ms = took_ms + $2, held_reached = held_reached + $3 WHERE id = $1",
    );
    tx.exec(sql.bind(rule).bind(took_ms).bind(i64::from(held)))?;
    Ok(())
}
