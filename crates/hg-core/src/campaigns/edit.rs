//! What an edit changes, step by step: shown before it is published, and the ground of what becomes of people inside.

use serde::{Deserialize, Serialize};

use crate::campaigns::model::{Kind, Path, Plan, Step};
use crate::campaigns::timing::Timing;

/// What becomes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    New,
    Gone,
    Changed,
}

impl Change {
    pub const fn key(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::Changed => "changed",
        }
    }
}

/// What of a step changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Name,
    /// An action became a decision or a condition, or the other way round: in truth another step.
    Kind,
    Settings,
    /// How long is waited; of a decision, how long until its no path.
    Timing,
    /// It stands below another step, or on another path.
    Place,
}

impl Part {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Settings => "settings",
            Self::Timing => "timing",
            Self::Place => "place",
        }
    }
}

/// One step that an edit touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub key: String,
    pub name: String,
    pub change: Change,
    /// Empty for new steps and those that are gone.
    pub parts: Vec<Part>,
}

/// What becomes of people who are inside when a change is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inside {
    /// Who waits keeps the moment that was set.
    #[default]
    Keep,
    /// Who waits stays at the step, and the moment is found anew by the new timing.
    Replan,
    /// Everybody who is in begins again at the top.
    Restart,
}

impl Inside {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Replan => "replan",
            Self::Restart => "restart",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "keep" => Some(Self::Keep),
            "replan" => Some(Self::Replan),
            "restart" => Some(Self::Restart),
            _ => None,
        }
    }
}

/// Every step that differs, those of the new plan in its order, then those that are gone.
pub fn differences(before: &Plan, after: &Plan) -> Vec<Difference> {
    let mut out = Vec::new();
    for step in &after.steps {
        let (change, parts) = match before.by_key(&step.key) {
            None => (Change::New, Vec::new()),
            Some(old) => (Change::Changed, parts(before, old, after, step)),
        };
        if change == Change::New || !parts.is_empty() {
            out.push(Difference { key: step.key.clone(), name: step.name.clone(), change, parts });
        }
    }
    for old in before.steps.iter().filter(|s| after.by_key(&s.key).is_none()) {
        out.push(Difference { key: old.key.clone(), name: old.name.clone(), change: Change::Gone, parts: Vec::new() });
    }
    out
}

fn parts(before: &Plan, old: &Step, after: &Plan, new: &Step) -> Vec<Part> {
    let mut parts = Vec::new();
    if old.name != new.name {
        parts.push(Part::Name);
    }
    if old.what.kind() != new.what.kind() {
        parts.push(Part::Kind);
    }
    if old.what != new.what {
        parts.push(Part::Settings);
    }
    let waits = match new.what.kind() {
        Kind::Decision => no_path_waits(before, old) != no_path_waits(after, new),
        Kind::Action | Kind::Condition => old.timing != new.timing,
    };
    if waits {
        parts.push(Part::Timing);
    }
    if (&old.parent, old.path) != (&new.parent, new.path) {
        parts.push(Part::Place);
    }
    parts
}

/// How long a decision waits is what stands on its no path.
fn no_path_waits<'a>(plan: &'a Plan, step: &Step) -> Vec<&'a Timing> {
    plan.children(step, Some(Path::No)).into_iter().map(|child| &child.timing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::steps::StepType;
    use crate::campaigns::timing::Unit;
    use crate::ids::{EmailId, StepId};

    fn step(key: &str, parent: Option<&str>, path: Option<Path>, what: StepType, timing: Timing) -> Step {
        Step { id: StepId(0), key: key.into(), parent: parent.map(Into::into), path, name: key.into(), what, timing }
    }

    fn send(key: &str, email: i64) -> Step {
        step(key, None, None, StepType::SendEmail { email: Some(EmailId(email)) }, Timing::immediate())
    }

    fn told(before: &[Step], after: &[Step]) -> Vec<(String, &'static str, Vec<&'static str>)> {
        let plan = |steps: &[Step]| Plan { steps: steps.to_vec() };
        differences(&plan(before), &plan(after))
            .into_iter()
            .map(|d| (d.key, d.change.key(), d.parts.into_iter().map(Part::key).collect()))
            .collect()
    }

    #[test]
    fn new_gone_and_changed_steps_are_named_and_others_are_not() {
        let before = [send("a", 1), send("b", 1), send("c", 1)];
        let mut moved = send("b", 2);
        moved.parent = Some("a".into());
        let after = [send("a", 1), moved, send("d", 1)];
        assert_eq!(
            told(&before, &after),
            [
                ("b".to_owned(), "changed", vec!["settings", "place"]),
                ("d".to_owned(), "new", vec![]),
                ("c".to_owned(), "gone", vec![]),
            ]
        );
        assert_eq!(told(&before, &before), []);
    }

    #[test]
    fn a_decision_waits_as_long_as_its_no_path_says() {
        let decision = || step("opened", Some("a"), None, StepType::OpensEmail { machines: false }, Timing::immediate());
        let no = |days| {
            let tag = StepType::ChangeTags { add: vec!["x".into()], remove: vec![] };
            step("late", Some("opened"), Some(Path::No), tag, Timing::after(days, Unit::Days))
        };
        let changed = told(&[send("a", 1), decision(), no(1)], &[send("a", 1), decision(), no(3)]);
        assert_eq!(changed, [("opened".to_owned(), "changed", vec!["timing"]), ("late".to_owned(), "changed", vec!["timing"])]);
        let added = told(&[send("a", 1), decision()], &[send("a", 1), decision(), no(3)]);
        assert_eq!(added[0], ("opened".to_owned(), "changed", vec!["timing"]));
    }

    #[test]
    fn an_action_that_became_a_decision_is_another_kind() {
        let other = step("a", None, None, StepType::SubmitsForm { forms: vec![] }, Timing::immediate());
        assert_eq!(told(&[send("a", 1)], &[other]), [("a".to_owned(), "changed", vec!["kind", "settings"])]);
    }
}
