//! Who stands at a step that is no more goes on where the edit that removed it said.

use std::sync::Arc;

use hg_core::campaigns::Step;
use hg_core::ids::{CampaignId, ContactId, SendId, StepId};
use hg_store::Sql;

use super::run::{Loaded, Run, Task};
use crate::error::Result;

/// A chain of removed steps longer than this leads nowhere.
const LONGEST_CHAIN: usize = 20;

/// What an edit said of a removed step.
enum Successor {
    Step(Box<Step>),
    /// Who has nothing else to come leaves the campaign.
    Leave,
    /// The way ends here.
    End,
}

impl Run<'_, '_> {
    /// Ends a row of a step that is no more, and goes on where its redirection says. Nothing is done twice: a step that the
    /// contact has had in this round is not begun again.
    pub(super) fn redirect(&mut self, task: &Task) -> Result<()> {
        let campaign = task.campaign.clone();
        let current = super::members::active_rotation(self.tx, campaign.id, task.contact)? == Some(task.rotation);
        match self.successor(&campaign, task.step)? {
            Successor::Step(step) if current => {
                self.cancel(task, &format!("The step was removed; the contact went on at “{}”.", step.name))?;
                let mail = if step.what.is_about_mail() { self.mail_above(&campaign, &step, task)? } else { None };
                self.plan(&campaign, &step, task.contact, task.rotation, task.base, mail)
            }
            Successor::Leave if current => {
                self.cancel(task, "The step was removed, and the contact was to leave.")?;
                if !self.has_more(campaign.id, task.contact)? {
                    self.leave(campaign.id, task.contact, false, "The step at which the contact waited was removed.")?;
                }
                Ok(())
            }
            _ => self.cancel(task, "The step was deleted."),
        }
    }

    fn successor(&mut self, campaign: &Arc<Loaded>, step: StepId) -> Result<Successor> {
        let mut at = step;
        for _ in 0..LONGEST_CHAIN {
            let sql = Sql::new("SELECT redirect_id FROM campaign_steps WHERE id = $1").bind(at);
            at = match self.tx.opt(sql, |r| r.get::<Option<StepId>>(0))?.flatten() {
                None => return Ok(Successor::End),
                Some(StepId(0)) => return Ok(Successor::Leave),
                Some(next) => next,
            };
            if let Some(found) = campaign.plan.by_id(at) {
                return Ok(Successor::Step(Box::new(found.clone())));
            }
        }
        Ok(Successor::End)
    }

    /// The mail that the step above sent in this round.
    fn mail_above(&mut self, campaign: &Arc<Loaded>, step: &Step, task: &Task) -> Result<Option<SendId>> {
        let Some(parent) = campaign.plan.parent(step) else { return Ok(None) };
        let sql = Sql::new("SELECT send_id FROM campaign_log WHERE step_id = $1 AND contact_id = $2 AND rotation = $3");
        Ok(self.tx.opt(sql.bind(parent.id).bind(task.contact).bind(task.rotation), |r| r.get(0))?.flatten())
    }

    fn has_more(&mut self, campaign: CampaignId, contact: ContactId) -> Result<bool> {
        let sql = Sql::new("SELECT count(*) FROM campaign_log WHERE contact_id = $1 AND campaign_id = $2 AND state IN (0, 1)");
        Ok(self.tx.scalar::<i64>(sql.bind(contact).bind(campaign))? > 0)
    }
}
