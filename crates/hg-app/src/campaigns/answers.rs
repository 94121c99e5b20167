//! What contacts do, and what becomes of mails: decisions that wait are answered, steps that wait for their mail end.

use hg_core::campaigns::decide::Device;
use hg_core::campaigns::{Occurrence, StepType, answers};
use hg_core::ids::{CampaignId, ContactId, LogId, SendId, StepId};
use hg_core::time::Timestamp;
use hg_store::Sql;

use super::look::look;
use super::members::active_rotation;
use super::run::{Ending, Run, Task};
use crate::error::Result;

struct Waiting {
    log: LogId,
    campaign: CampaignId,
    step: StepId,
    rotation: i64,
    base: Timestamp,
    mail: Option<SendId>,
}

/// A visit, as the change queue tells it.
pub(super) struct Visit<'a> {
    pub page: i64,
    pub url: &'a str,
    pub referrer: &'a str,
    pub device: Option<i64>,
}

impl Run<'_, '_> {
    fn waiting(&mut self, contact: ContactId) -> Result<Vec<Waiting>> {
        let sql = Sql::new(
            "SELECT id, campaign_id, step_id, rotation, base_at, send_id FROM campaign_log WHERE contact_id = $1 AND state = 1 ORDER BY id",
        );
        Ok(self.tx.all(sql.bind(contact), |r| {
            Ok(Waiting {
                log: r.get(0)?,
                campaign: r.get(1)?,
                step: r.get(2)?,
                rotation: r.get(3)?,
                base: r.get(4)?,
                mail: r.get(5)?,
            })
        })?)
    }

    /// A contact did something: every decision of hers that waits for it is answered.
    pub fn happened(&mut self, contact: ContactId, what: &Occurrence<'_>, at: Timestamp) -> Result<()> {
        let waiting = self.waiting(contact)?;
        self.answer(contact, waiting, what, at)?;
        self.aims_heard(contact, what, at)
    }

    /// The same for a visit; what is known about the device is asked only when somebody waits.
    pub fn visited(&mut self, contact: ContactId, visit: &Visit<'_>, at: Timestamp) -> Result<()> {
        let waiting = self.waiting(contact)?;
        if waiting.is_empty() && !self.somebody_aims()? {
            return Ok(());
        }
        type Traits = [Option<String>; 3];
        let traits: Option<Traits> = match visit.device {
            Some(id) => {
                let sql = Sql::new("SELECT kind, brand, os FROM devices WHERE id = $1").bind(id);
                self.tx.opt(sql, |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?]))?
            }
            None => None,
        };
        let [kind, brand, system] = traits.unwrap_or_default();
        let device = Device { kind: kind.as_deref(), brand: brand.as_deref(), system: system.as_deref() };
        let what = Occurrence::Visited { page: visit.page, url: visit.url, referrer: visit.referrer, device };
        self.answer(contact, waiting, &what, at)?;
        self.aims_heard(contact, &what, at)
    }

    fn answer(&mut self, contact: ContactId, waiting: Vec<Waiting>, what: &Occurrence<'_>, at: Timestamp) -> Result<()> {
        for row in waiting {
            let campaign = self.load(row.campaign)?;
            let Some(found) = campaign.plan.by_id(row.step).cloned() else { continue };
            if !campaign.runs_at(self.now) || !answers(&found.what, row.mail, what) || at < row.base {
                continue;
            }
            if active_rotation(self.tx, campaign.id, contact)? != Some(row.rotation) {
                continue;
            }
            let task =
                Task { campaign, log: row.log, step: row.step, contact, rotation: row.rotation, base: row.base, attempts: 0 };
            self.end(&task, &found, Ending::path(at, true))?;
        }
        Ok(())
    }

    /// Something about a contact changed: decisions that wait for her to match a filter are looked at.
    pub fn changed(&mut self, contact: ContactId) -> Result<()> {
        if !self.somebody_waits_to_match()? {
            return Ok(());
        }
        for row in self.waiting(contact)? {
            let campaign = self.load(row.campaign)?;
            let Some(found) = campaign.plan.by_id(row.step).cloned() else { continue };
            if !matches!(found.what, StepType::Becomes { .. }) || !campaign.runs_at(self.now) {
                continue;
            }
            if active_rotation(self.tx, campaign.id, contact)? != Some(row.rotation) {
                continue;
            }
            let why = look(self.ws, self.tx, campaign.id, &found, contact)?;
            if why.verdict {
                let task =
                    Task { campaign, log: row.log, step: row.step, contact, rotation: row.rotation, base: row.base, attempts: 0 };
                self.end(&task, &found, Ending::looked(self.now, why))?;
            }
        }
        Ok(())
    }

    /// Asked once for all changes of a transaction: most workspaces have no such step.
    pub(super) fn somebody_waits_to_match(&mut self) -> Result<bool> {
        if let Some(known) = self.matchers {
            return Ok(known);
        }
        let sql = "SELECT count(*) FROM campaign_steps WHERE type = 'contact.becomes' AND deleted_at IS NULL AND waiting > 0";
        let any = self.tx.scalar::<i64>(sql)? > 0;
        self.matchers = Some(any);
        Ok(any)
    }

    /// A mail that a step sent has left, or has not: the step is done.
    pub fn mail_ended(&mut self, contact: ContactId, send: SendId, at: Timestamp, failure: Option<(&str, &str)>) -> Result<()> {
        let row = self.tx.opt(
            Sql::new(
                "SELECT id, campaign_id, step_id, rotation, base_at, attempts FROM campaign_log \
                 WHERE contact_id = $1 AND send_id = $2 AND state = 0 AND due_at IS NULL",
            )
            .bind(contact)
            .bind(send),
            |r| {
                Ok((
                    r.get::<LogId>(0)?,
                    r.get::<CampaignId>(1)?,
                    r.get::<StepId>(2)?,
                    r.get::<i64>(3)?,
                    r.get::<Timestamp>(4)?,
                    r.get::<i64>(5)?,
                ))
            },
        )?;
        let Some((log, campaign, step, rotation, base, attempts)) = row else { return Ok(()) };
        let campaign = self.load(campaign)?;
        let task = Task { campaign: campaign.clone(), log, step, contact, rotation, base, attempts };
        let Some(found) = campaign.plan.by_id(step) else { return self.redirect(&task) };
        let ending = match failure {
            None => Ending::done(at),
            Some((text, "failed")) => Ending::failed(at, text),
            Some((text, _)) => Ending::warned(at, text.to_owned()),
        };
        self.end(&task, found, ending)
    }
}
