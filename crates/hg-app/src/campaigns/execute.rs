//! What happens at a step that is due.

use hg_core::campaigns::{Kind, Step, StepType};
use hg_core::ids::LogId;
use hg_core::time::Millis;
use hg_store::Sql;

use super::calls;
use super::effects;
use super::look::look;
use super::members::{Entry, active_rotation};
use super::model::LogState;
use super::run::{Ending, Run, Task};
use crate::error::Result;

/// Why what was to come for a contact who is gone does not.
pub(super) const DELETED: &str = "The contact was deleted.";
/// More jumps of a contact in a campaign within a day are a loop.
const MOST_JUMPS: i64 = 100;

impl Run<'_, '_> {
    /// Runs a row that is due: acts, looks, or takes a decision's no path.
    pub fn execute(&mut self, task: &Task) -> Result<()> {
        let campaign = task.campaign.clone();
        let Some(step) = campaign.plan.by_id(task.step) else {
            return self.redirect(task);
        };
        if !effects::is_there(self.tx, task.contact)? {
            return self.cancel(task, DELETED);
        }
        match step.what.kind() {
            Kind::Action => self.act(task, step),
            Kind::Condition => {
                let why = look(self.ws, self.tx, campaign.id, step, task.contact)?;
                self.end(task, step, Ending::looked(self.now, why))
            }
            Kind::Decision => self.end(task, step, Ending::in_vain(self.now, task.base)),
        }
    }

    fn act(&mut self, task: &Task, step: &Step) -> Result<()> {
        let (ws, now, contact, name) = (self.ws, self.now, task.contact, task.campaign.name.clone());
        let said = match &step.what {
            StepType::SendEmail { .. } => return self.send(task, step),
            StepType::Jump { to } => return self.jump(task, step, to.as_deref()),
            StepType::ChangeCampaigns { .. } => return self.change_campaigns(task, step),
            StepType::CallWeb { call } => {
                let request = effects::web_call(ws, self.tx, contact, call)?;
                return self.call(task, request);
            }
            StepType::TellSlack { url, text } => {
                let mut texts = super::texts::Texts::of(contact);
                let text = texts.fill(ws, self.tx, text, hg_core::tokens::Place::Plain)?;
                let body = serde_json::json!({ "text": text }).to_string();
                let request = serde_json::json!({
                    "url": url, "method": "post", "headers": [["content-type", "application/json"]], "body": body,
                });
                return self.call(task, request);
            }
            StepType::DeleteContact => {
                self.end(task, step, Ending::done(now))?;
                return effects::delete_contact(ws, self.tx, contact);
            }
            StepType::ChangeTags { .. } | StepType::ChangePoints { .. } | StepType::ChangeSegments { .. } => {
                effects::alike(ws, self.tx, step, &[contact], &name)?
            }
            StepType::ChangeStage { stage } => effects::change_stage(ws, self.tx, contact, *stage, &name)?,
            StepType::ScoreCompanies { score } => effects::score_companies(ws, self.tx, contact, *score, &name)?,
            StepType::UpdateContact { fields } => effects::update_contact(ws, self.tx, contact, fields)?,
            StepType::UpdateCompany { fields } => effects::update_company(ws, self.tx, contact, fields)?,
            StepType::ChangeOwner { owner } => effects::change_owner(ws, self.tx, contact, *owner)?,
            StepType::AddToCompany { company } => effects::add_to_company(ws, self.tx, contact, *company)?,
            StepType::StopContacting { channels, reason } => {
                effects::stop_contacting(ws, self.tx, contact, channels, reason, &name)?;
                None
            }
            StepType::ContactAgain { channels } => effects::contact_again(ws, self.tx, contact, channels)?,
            StepType::TellTeam { email, team } => effects::tell(ws, self.tx, contact, *email, team)?,
            _ => None,
        };
        self.end(task, step, Ending::said(now, said))
    }

    fn send(&mut self, task: &Task, step: &Step) -> Result<()> {
        let StepType::SendEmail { email: Some(email) } = &step.what else {
            return self.end(task, step, Ending::warned(self.now, "No email is chosen.".into()));
        };
        let mail = effects::Mail {
            email: *email,
            contact: task.contact,
            campaign: task.campaign.id,
            step: step.id,
            rotation: task.rotation,
            attempts: task.attempts,
            now: self.now,
        };
        match effects::send(self.ws, self.tx, &mail)? {
            // What follows begins when the mail has left (§5.2, vector 16).
            Ok(send) => {
                let sql = Sql::new("UPDATE campaign_log SET due_at = NULL, send_id = $2 WHERE id = $1").bind(task.log).bind(send);
                self.tx.exec(sql)?;
                Ok(())
            }
            Err(why) => self.end(task, step, Ending::warned(self.now, why)),
        }
    }

    /// Hands a call over to the worker that makes it; the row waits for the answer.
    fn call(&mut self, task: &Task, request: serde_json::Value) -> Result<()> {
        calls::push(self.tx, self.now, task, request)
    }

    /// Goes on at another step, in a new round; decisions of the old one are not waited for any more.
    fn jump(&mut self, task: &Task, step: &Step, to: Option<&str>) -> Result<()> {
        let campaign = task.campaign.clone();
        let Some(target) = to.and_then(|key| campaign.plan.by_key(key)).filter(|t| t.what.kind() != Kind::Decision) else {
            return self.end(task, step, Ending::warned(self.now, "The step to go on at is not there any more.".into()));
        };
        let jumped: i64 = self.tx.scalar(
            Sql::new(
                "SELECT count(*) FROM campaign_log WHERE contact_id = $1 AND campaign_id = $2 AND step_id = $3 AND state = 2 AND done_at > $4",
            )
            .bind(task.contact)
            .bind(campaign.id)
            .bind(step.id)
            .bind(self.now.minus(Millis::days(1))),
        )?;
        if jumped >= MOST_JUMPS {
            let text = format!("The contact went round {MOST_JUMPS} times within a day; this looks like a loop.");
            return self.end(task, step, Ending::failed(self.now, text));
        }
        self.end(task, step, Ending::done(self.now))?;
        // Who is out, or begins anew, does not go on from the old round.
        if active_rotation(self.tx, campaign.id, task.contact)? != Some(task.rotation) {
            return Ok(());
        }
        self.cancel_rows(campaign.id, task.contact, "The contact went on at another step.", true)?;
        let rotation = task.rotation + 1;
        self.tx.exec(
            Sql::new("UPDATE campaign_members SET rotation = $3 WHERE campaign_id = $1 AND contact_id = $2")
                .bind(campaign.id)
                .bind(task.contact)
                .bind(rotation),
        )?;
        self.plan(&campaign, target, task.contact, rotation, self.now, None)
    }

    /// Puts into campaigns, then takes out of others. What concerns this campaign itself comes last: it ends this round.
    fn change_campaigns(&mut self, task: &Task, step: &Step) -> Result<()> {
        let StepType::ChangeCampaigns { add, remove } = &step.what else { return Ok(()) };
        let (own, contact) = (task.campaign.id, task.contact);
        let mut said = None;
        for (id, adds) in add.ids.iter().map(|c| (*c, true)).chain(remove.ids.iter().map(|c| (*c, false))) {
            if id == own {
                continue;
            }
            if !super::store::exists(self.tx, "campaigns", id.0)? {
                said = Some("The campaign was deleted.".to_owned());
            } else if adds {
                self.enter(id, contact, Entry::ByHand)?;
            } else {
                self.leave(id, contact, false, &format!("The campaign “{}” took the contact out.", task.campaign.name))?;
            }
        }
        self.end(task, step, Ending::said(self.now, said))?;
        if add.this || add.ids.contains(&own) {
            self.enter(own, contact, Entry::Again)?;
        }
        if remove.this || remove.ids.contains(&own) {
            self.leave(own, contact, false, "A step of the campaign took the contact out.")?;
        }
        Ok(())
    }

    /// Whether a row still waits to be run, and how often it failed before.
    pub(super) fn open_attempts(&mut self, log: LogId) -> Result<Option<i64>> {
        let sql =
            Sql::new("SELECT attempts FROM campaign_log WHERE id = $1 AND state = $2").bind(log).bind(LogState::Scheduled.code());
        Ok(self.tx.opt(sql, |r| r.get(0))?)
    }
}
