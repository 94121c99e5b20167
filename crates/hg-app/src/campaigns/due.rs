//! When a step is due for a contact, by her own clock and habits.

use hg_core::campaigns::best_time::LOOKS_BACK;
use hg_core::campaigns::timing::Due;
use hg_core::campaigns::{BestTime, Mode, Path, Plan, Step};
use hg_core::ids::ContactId;
use hg_core::time::{TimeZone, Timestamp};

use super::effects;
use super::run::Run;
use crate::error::Result;

impl Run<'_, '_> {
    /// When the step runs for the contact; `base`: when what came before was done.
    pub(super) fn due(&mut self, step: &Step, contact: ContactId, base: Timestamp) -> Result<Due> {
        let zone = self.zone_for(&[step], contact)?;
        let habit = match step.timing.mode {
            Mode::Optimized => {
                let since = self.now.minus(LOOKS_BACK);
                let answers = effects::answers_since(self.tx, contact, since)?;
                BestTime::learn(answers.iter().map(Vec::as_slice), &zone)
            }
            _ => BestTime::default(),
        };
        Ok(step.timing.due(base, self.now, &zone, &habit))
    }

    /// When the no path of a decision is taken; none: it waits for ever.
    pub(super) fn no_path_due(
        &mut self,
        plan: &Plan,
        step: &Step,
        contact: ContactId,
        base: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let children = plan.children(step, Some(Path::No));
        let zone = self.zone_for(&children, contact)?;
        let due = |child: &&Step| match child.timing.due(base, self.now, &zone, &BestTime::default()) {
            Due::At(at) => Some(at),
            Due::Missed(_) => None,
        };
        Ok(children.iter().filter_map(due).min())
    }

    /// The contact's zone, asked for only where a timing hangs on it.
    fn zone_for(&mut self, steps: &[&Step], contact: ContactId) -> Result<TimeZone> {
        if steps.iter().any(|step| step.timing.needs_zone()) { self.zone(contact) } else { Ok(TimeZone::UTC) }
    }
}
