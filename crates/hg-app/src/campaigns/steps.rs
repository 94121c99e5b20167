//! Saving a drawn plan: steps are known by their client's key, so that an edit of a running campaign touches only
//! what changed.

use std::collections::HashMap;

use hg_core::campaigns::{Plan, Step, StepType};
use hg_core::ids::{CampaignId, StepId};
use hg_core::time::Timestamp;
use hg_store::Tx;

use super::error::CampaignError;
use super::model::StepIn;
use super::store;
use crate::error::Result;

/// More steps than this are a mistake; nobody can read such a campaign.
const MOST_STEPS: usize = 500;

/// Reads the drawn steps; unknown types, wrong settings and double keys are refused, whatever is merely unfinished
/// may be saved and is reported as a problem before publishing.
pub(super) fn read(drawn: &[StepIn]) -> Result<Plan, CampaignError> {
    if drawn.len() > MOST_STEPS {
        return Err(CampaignError::TooManySteps(MOST_STEPS));
    }
    let mut keys = HashMap::new();
    let mut steps = Vec::with_capacity(drawn.len());
    for (index, step) in drawn.iter().enumerate() {
        let wrong = |code, detail: String| CampaignError::Step { index, code, detail };
        if step.key.trim().is_empty() || step.key.len() > 64 {
            return Err(wrong("step.key", "Give each step a key of 1 to 64 characters.".into()));
        }
        if keys.insert(step.key.as_str(), index).is_some() {
            return Err(wrong("step.same-key", format!("Two steps have the key “{}”; give each its own.", step.key)));
        }
        let what = StepType::read(&step.kind, &step.settings).map_err(|e| wrong("step.settings", format!("{e}.")))?;
        let name = if step.name.trim().is_empty() { what.default_name().to_owned() } else { step.name.trim().to_owned() };
        steps.push(Step {
            id: StepId(0),
            key: step.key.clone(),
            parent: step.parent.clone(),
            path: step.path,
            name,
            what,
            timing: step.timing.clone(),
        });
    }
    Ok(Plan { steps })
}

/// Writes the plan over the stored one.
pub(super) fn save(tx: &mut Tx<'_>, now: Timestamp, campaign: CampaignId, before: &Plan, mut plan: Plan) -> Result<Plan> {
    let known: HashMap<&str, &Step> = before.steps.iter().map(|s| (s.key.as_str(), s)).collect();
    for gone in before.steps.iter().filter(|s| plan.by_key(&s.key).is_none()) {
        store::delete_step(tx, now, gone.id)?;
    }
    let kind = |step: &Step| step.what.kind();
    // First every step gets its id, then parents can be named, whatever the order they were drawn in.
    for (position, step) in plan.steps.iter_mut().enumerate() {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        step.id = match known.get(step.key.as_str()) {
            // A step that became another kind of step is another step, with a history of its own.
            Some(old) if kind(old) == kind(step) => old.id,
            Some(old) => {
                store::delete_step(tx, now, old.id)?;
                store::insert_step(tx, campaign, step, None, position)?
            }
            // One that was removed and comes back is the same: who has had it does not get it again.
            None => match store::revive_step(tx, campaign, step)? {
                Some(id) => id,
                None => store::insert_step(tx, campaign, step, None, position)?,
            },
        };
    }
    let ids: HashMap<String, StepId> = plan.steps.iter().map(|s| (s.key.clone(), s.id)).collect();
    for (position, step) in plan.steps.iter().enumerate() {
        // A parent that is not there is kept as an id that leads nowhere, so that the check can name the step.
        let parent = step.parent.as_ref().map(|key| ids.get(key).copied().unwrap_or(StepId(-1)));
        store::update_step(tx, step, parent, i64::try_from(position).unwrap_or(i64::MAX))?;
    }
    Ok(plan)
}
