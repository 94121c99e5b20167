//! Looks whether somebody met a goal or an exit rule.

use std::sync::Arc;

use hg_core::campaigns::goals::{Aim, Rule};
use hg_core::campaigns::{Occurrence, StepType};
use hg_core::ids::{CampaignId, ContactId};
use hg_core::time::Timestamp;
use hg_store::Sql;

use super::store;
use crate::campaigns::look::look;
use crate::campaigns::run::{Loaded, Run};
use crate::error::Result;

/// A contact in a campaign that has rules.
struct Inside {
    campaign: CampaignId,
    rotation: i64,
    joined: Timestamp,
}

impl Run<'_, '_> {
    /// A contact did something: rules that ask for it hold from now on.
    pub(in crate::campaigns) fn aims_heard(&mut self, contact: ContactId, what: &Occurrence<'_>, at: Timestamp) -> Result<()> {
        for inside in self.inside(contact)? {
            let campaign = self.load(inside.campaign)?;
            if !campaign.runs_at(self.now) || at < inside.joined {
                continue;
            }
            if let Some(rule) = campaign.rules.iter().find(|rule| rule.is_met_by(what)).cloned() {
                self.reach(&campaign, &rule, contact, &inside, at)?;
            }
        }
        Ok(())
    }

    /// Something about a contact changed: rules that look at her are asked anew.
    pub(in crate::campaigns) fn aims_looked_at(&mut self, contact: ContactId) -> Result<()> {
        for inside in self.inside(contact)? {
            let campaign = self.load(inside.campaign)?;
            if !campaign.runs_at(self.now) {
                continue;
            }
            if let Some(rule) = self.rule_that_holds(&campaign, contact)? {
                let now = self.now;
                self.reach(&campaign, &rule, contact, &inside, now)?;
            }
        }
        Ok(())
    }

    /// The first rule about the contact that holds now.
    pub(in crate::campaigns) fn rule_that_holds(&mut self, campaign: &Arc<Loaded>, contact: ContactId) -> Result<Option<Rule>> {
        for rule in campaign.rules.iter().filter(|rule| rule.is_about_contact()) {
            if look(self.ws, self.tx, campaign.id, &rule.step, contact)?.verdict {
                return Ok(Some(rule.clone()));
            }
        }
        Ok(None)
    }

    /// Most workspaces have no rules: that is asked once a transaction.
    pub(in crate::campaigns) fn somebody_aims(&mut self) -> Result<bool> {
        let any = match self.aimed {
            Some(known) => known,
            None => self.tx.opt("SELECT id FROM campaign_rules LIMIT 1", |r| r.get::<i64>(0))?.is_some(),
        };
        self.aimed = Some(any);
        Ok(any)
    }

    /// The campaigns with rules that a contact is in.
    fn inside(&mut self, contact: ContactId) -> Result<Vec<Inside>> {
        if !self.somebody_aims()? {
            return Ok(Vec::new());
        }
        let sql = Sql::new(
            "SELECT m.campaign_id, m.rotation, m.joined_at FROM campaign_members m WHERE m.contact_id = $1 AND m.state = 'active' \
             AND EXISTS (SELECT 1 FROM campaign_rules r WHERE r.campaign_id = m.campaign_id) ORDER BY m.campaign_id",
        );
        let read = |r: &hg_store::Row<'_>| Ok(Inside { campaign: r.get(0)?, rotation: r.get(1)?, joined: r.get(2)? });
        Ok(self.tx.all(sql.bind(contact), read)?)
    }

    fn reach(&mut self, campaign: &Arc<Loaded>, rule: &Rule, contact: ContactId, inside: &Inside, at: Timestamp) -> Result<()> {
        let held = self.was_held_back(campaign, contact, inside.rotation)?;
        let why = match rule.aim {
            Aim::Goal => format!("The contact reached the goal “{}”.", rule.step.name),
            Aim::Exit => format!("The campaign is over for the contact: “{}”.", rule.step.name),
        };
        if !self.leave(campaign.id, contact, false, &why)? {
            return Ok(());
        }
        let sql = Sql::new("UPDATE campaign_members SET left_why = $3 WHERE campaign_id = $1 AND contact_id = $2");
        self.tx.exec(sql.bind(campaign.id).bind(contact).bind(rule.aim.key()))?;
        store::count(self.tx, rule.step.id, at.since(inside.joined).0.max(0), held)?;
        self.tx.announce(crate::campaigns::run::LIVE, serde_json::json!({ "id": campaign.id }).to_string());
        Ok(())
    }

    fn was_held_back(&mut self, campaign: &Arc<Loaded>, contact: ContactId, rotation: i64) -> Result<bool> {
        for step in campaign.plan.steps.iter().filter(|s| matches!(s.what, StepType::Holdout { .. })) {
            let sql = Sql::new(
                "SELECT count(*) FROM campaign_log WHERE step_id = $1 AND contact_id = $2 AND rotation <= $3 AND path = 'no'",
            );
            if self.tx.scalar::<i64>(sql.bind(step.id).bind(contact).bind(rotation))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
