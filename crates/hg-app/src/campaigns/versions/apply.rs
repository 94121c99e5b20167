//! Writes an edited plan over the stored one, and says what is to be done with the people inside.

use std::collections::{HashMap, HashSet};

use hg_core::campaigns::goals::Rule;
use hg_core::campaigns::{Change, Difference, Inside, Part, Plan, Step, differences};
use hg_core::ids::{CampaignId, StepId};
use hg_core::time::Timestamp;
use hg_store::Tx;

use super::model::{PeopleChoice, StepDifference, Work};
use crate::campaigns::error::CampaignError;
use crate::campaigns::model::{Campaign, State, StepCounts};
use crate::campaigns::{steps, store};
use crate::error::Result;

/// What an edit came to.
#[derive(Default)]
pub(in crate::campaigns) struct Edit {
    pub differences: Vec<Difference>,
    pub work: Vec<Work>,
    /// Goals or exit rules changed.
    pub aims: bool,
}

impl Edit {
    /// Other goals or exit rules: people inside are looked at by them.
    pub fn aim(&mut self, before: &Campaign, rules: &[Rule]) {
        let same = |old: &Rule, new: &Rule| {
            (old.aim, &old.step.key, &old.step.name, &old.step.what) == (new.aim, &new.step.key, &new.step.name, &new.step.what)
        };
        let unchanged =
            before.rules.len() == rules.len() && before.rules.iter().zip(rules).all(|(old, new)| same(&old.rule, new));
        self.aims = !unchanged;
        if self.aims && before.state != State::Draft && rules.iter().any(Rule::is_about_contact) {
            self.work.push(Work::Aims);
        }
    }
}

/// Who waits at each step that differs, and who is past it.
pub(super) fn people_at(before: &Campaign, after: &Plan) -> Vec<StepDifference> {
    let counts = counts_of(before);
    let at = |key: &str| counts.get(key).copied().unwrap_or_default();
    let with_people = |difference: Difference| {
        let waiting = if difference.change == Change::New { 0 } else { at(&difference.key).waiting };
        let offered = is_offered(&difference);
        let past = after.by_key(&difference.key).filter(|_| offered).map_or(0, |step| past(before, &at, step));
        StepDifference { difference, waiting, past }
    };
    differences(&before.plan, after).into_iter().map(with_people).collect()
}

/// Whether people who are past the step's place may get it too.
fn is_offered(difference: &Difference) -> bool {
    difference.change == Change::New || difference.parts.iter().any(|part| matches!(part, Part::Place | Part::Kind))
}

fn counts_of(campaign: &Campaign) -> HashMap<&str, StepCounts> {
    campaign.plan.steps.iter().zip(&campaign.step_counts).map(|(step, counts)| (step.key.as_str(), *counts)).collect()
}

/// By the figures of the step above: who left the campaign since is among them, so it is a bound.
fn past(before: &Campaign, at: &dyn Fn(&str) -> StepCounts, step: &Step) -> i64 {
    let passed = match (&step.parent, step.path) {
        (None, _) => before.counts.active,
        (Some(parent), None) => at(parent).done,
        (Some(parent), Some(hg_core::campaigns::Path::Yes)) => at(parent).yes,
        (Some(parent), Some(hg_core::campaigns::Path::No)) => at(parent).no,
    };
    passed.min(before.counts.active)
}

/// Writes `plan` over the plan of `before`. `choice`: what a person decided; without one, who waits at a removed step
/// goes no further, as old clients expect.
pub(in crate::campaigns) fn apply(
    tx: &mut Tx<'_>,
    now: Timestamp,
    before: &Campaign,
    plan: Plan,
    choice: Option<&PeopleChoice>,
) -> Result<Edit> {
    let id = before.id;
    let differences = differences(&before.plan, &plan);
    let counts = counts_of(before);
    if let Some(choice) = choice.filter(|_| before.state != State::Draft) {
        check(choice, &differences, &plan, &counts)?;
    }
    let saved = steps::save(tx, now, id, &before.plan, plan)?;
    let mut work = Vec::new();
    if before.state == State::Draft {
        return Ok(Edit { differences, work, aims: false });
    }
    let inside = choice.map_or(Inside::Keep, |c| c.inside);
    let replaced = replaced(before, &saved);
    for old in &replaced {
        let waiting = counts.get(old.key.as_str()).is_some_and(|c| c.waiting > 0);
        store::redirect_step(tx, old.id, redirection(old, &saved, choice))?;
        if waiting && inside != Inside::Restart {
            work.push(Work::Move { step: old.id });
        }
    }
    match inside {
        Inside::Keep => {}
        Inside::Replan => {
            let ids = differences.iter().filter(|d| d.change == Change::Changed && d.parts.contains(&Part::Timing));
            work.extend(ids.filter_map(|d| saved.by_key(&d.key)).map(|s| Work::Replan { step: s.id }));
        }
        Inside::Restart => return Ok(Edit { differences, work: vec![Work::Restart], aims: false }),
    }
    // In the order of the plan: who gets a step may pass to the next of them by it.
    let wanted: HashSet<&str> = choice.iter().flat_map(|c| c.backfill.iter().map(String::as_str)).collect();
    work.extend(saved.steps.iter().filter(|s| wanted.contains(s.key.as_str())).map(|s| Work::Backfill { step: s.id }));
    Ok(Edit { differences, work, aims: false })
}

/// Steps of the old plan that are no more: removed, or another step in truth.
fn replaced<'a>(before: &'a Campaign, saved: &Plan) -> Vec<&'a Step> {
    before.plan.steps.iter().filter(|old| saved.by_id(old.id).is_none()).collect()
}

/// Where those who wait at a step that is no more go on; 0: they leave; none: their way ends.
fn redirection(old: &Step, saved: &Plan, choice: Option<&PeopleChoice>) -> Option<StepId> {
    match choice.and_then(|c| c.gone.get(&old.key)) {
        Some(Some(target)) => saved.by_key(target).map(|s| s.id),
        Some(None) => Some(StepId(0)),
        // What became another kind of step stands where it stood.
        None => saved.by_key(&old.key).map(|s| s.id),
    }
}

fn check(
    choice: &PeopleChoice,
    differences: &[Difference],
    plan: &Plan,
    counts: &HashMap<&str, StepCounts>,
) -> Result<(), CampaignError> {
    for (key, target) in &choice.gone {
        if let Some(target) = target
            && plan.by_key(target).is_none()
        {
            return Err(CampaignError::NoTarget { key: key.clone(), target: target.clone() });
        }
    }
    for key in &choice.backfill {
        if !differences.iter().any(|d| d.key == *key && is_offered(d)) {
            return Err(CampaignError::NotNew(key.clone()));
        }
    }
    if choice.inside == Inside::Restart {
        return Ok(());
    }
    for difference in differences.iter().filter(|d| d.change == Change::Gone) {
        let waiting = counts.get(difference.key.as_str()).map_or(0, |c| c.waiting);
        if waiting > 0 && !choice.gone.contains_key(&difference.key) {
            return Err(CampaignError::PeopleWait { key: difference.key.clone(), name: difference.name.clone(), waiting });
        }
    }
    Ok(())
}

/// How many differences of a kind there are.
pub(super) fn tally(differences: &[Difference], change: Change) -> i64 {
    i64::try_from(differences.iter().filter(|d| d.change == change).count()).unwrap_or(i64::MAX)
}

/// Whom a version belongs to.
pub(super) struct Made {
    pub id: CampaignId,
    pub now: Timestamp,
    pub by: Option<i64>,
}
