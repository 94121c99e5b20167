use std::collections::HashSet;

use hg_core::campaigns::goals::{Aim, Rule, Share};
use hg_core::campaigns::{Plan, Step, StepType, Timing};
use hg_core::ids::StepId;
use serde_json::Value as Json;

use crate::campaigns::error::CampaignError;
use crate::campaigns::model::{Counts, StepCounts};

/// More rules than this nobody can read.
const MOST_RULES: usize = 20;

/// A goal or exit rule as somebody wrote it.
#[derive(Debug, Clone)]
pub struct RuleIn {
    pub key: String,
    pub aim: Aim,
    pub name: String,
    pub kind: String,
    pub settings: Json,
}

/// How many left by a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleCounts {
    pub reached: i64,
    /// From entering to reaching it, all of them together.
    pub took_ms: i64,
    /// Of those who were held back.
    pub held_reached: i64,
}

/// A rule with its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruled {
    pub rule: Rule,
    pub counts: RuleCounts,
}

/// How a campaign does by its goals.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GoalFigures {
    /// Those who were not held back.
    pub others: Share,
    /// Who was held back, to compare with; nobody where the campaign has no such step.
    pub held: Share,
    /// From entering to a goal, on average.
    pub mean_ms: Option<i64>,
}

impl GoalFigures {
    /// By the figures that are kept anyway: nobody is counted anew.
    pub(in crate::campaigns) fn of(rules: &[Ruled], plan: &Plan, steps: &[StepCounts], counts: Counts) -> Option<Self> {
        let goals: Vec<&Ruled> = rules.iter().filter(|r| r.rule.aim == Aim::Goal).collect();
        if goals.is_empty() {
            return None;
        }
        let reached: i64 = goals.iter().map(|g| g.counts.reached).sum();
        let held_reached: i64 = goals.iter().map(|g| g.counts.held_reached).sum();
        let took: i64 = goals.iter().map(|g| g.counts.took_ms).sum();
        // Several such steps hold back the same people: the first that anybody came to tells how many.
        let holdouts = plan.steps.iter().zip(steps).filter(|(s, _)| matches!(s.what, StepType::Holdout { .. }));
        let held = holdouts.map(|(_, counts)| counts.no).max().unwrap_or(0);
        Some(Self {
            others: Share { of: (counts.members - held).max(0), reached: reached - held_reached },
            held: Share { of: held, reached: held_reached },
            mean_ms: took.checked_div(reached),
        })
    }
}

/// Reads rules as they were written; wrong ones are named.
pub(in crate::campaigns) fn read(drawn: &[RuleIn]) -> Result<Vec<Rule>, CampaignError> {
    let wrong = |index, code, detail: String| CampaignError::Rule { index, code, detail };
    if drawn.len() > MOST_RULES {
        return Err(wrong(
            MOST_RULES,
            "rule.too-many",
            format!("A campaign can have at most {MOST_RULES} goals and exit rules."),
        ));
    }
    let mut keys = HashSet::new();
    let mut rules = Vec::with_capacity(drawn.len());
    for (index, rule) in drawn.iter().enumerate() {
        if rule.key.trim().is_empty() || rule.key.len() > 64 || !keys.insert(rule.key.as_str()) {
            return Err(wrong(index, "rule.key", "Give each goal and exit rule a key of its own, of 1 to 64 characters.".into()));
        }
        let what = StepType::read(&rule.kind, &rule.settings).map_err(|e| wrong(index, "rule.settings", format!("{e}.")))?;
        if !Rule::may_ask(&what) {
            let detail = format!("“{}” cannot be a goal: choose a condition, a form, a page or a device.", what.default_name());
            return Err(wrong(index, "rule.type", detail));
        }
        rules.push(Rule { aim: rule.aim, step: asked(&rule.key, &rule.name, what) });
    }
    Ok(rules)
}

/// A rule asks like a step that stands nowhere.
pub(super) fn asked(key: &str, name: &str, what: StepType) -> Step {
    let name = if name.trim().is_empty() { what.default_name().to_owned() } else { name.trim().to_owned() };
    Step { id: StepId(0), key: key.to_owned(), parent: None, path: None, name, what, timing: Timing::immediate() }
}
