//! What is wrong with a campaign before it is published (`campaigns.md` §3).

use std::collections::{HashMap, HashSet};

use crate::campaigns::model::{Kind, Path, Plan, Source, Step, StepType};
use crate::campaigns::timing::Mode;

/// Something that keeps a campaign from being published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The step at fault; none: the campaign itself.
    pub step: Option<String>,
    /// Stable code, such as `step.unconnected`.
    pub code: &'static str,
    /// A sentence that says what to do.
    pub detail: String,
}

fn problem(step: &Step, code: &'static str, detail: String) -> Problem {
    Problem { step: Some(step.key.clone()), code, detail }
}

/// Everything that is wrong, in the order of the steps. `exists` says whether an email, form or page is still there.
pub fn check(plan: &Plan, sources: &[Source], exists: &dyn Fn(Needs) -> bool) -> Vec<Problem> {
    let mut out = Vec::new();
    if sources.is_empty() {
        out.push(Problem {
            step: None,
            code: "campaign.no-source",
            detail: "Choose a segment or a form whose people enter the campaign.".into(),
        });
    }
    if plan.steps.is_empty() {
        out.push(Problem { step: None, code: "campaign.no-step", detail: "Add at least one step.".into() });
    }
    let mut keys = HashSet::new();
    let by_key: HashMap<&str, &Step> = plan.steps.iter().map(|s| (s.key.as_str(), s)).collect();
    for step in &plan.steps {
        if !keys.insert(step.key.as_str()) {
            out.push(problem(step, "step.same-key", format!("Two steps have the key “{}”; give each its own.", step.key)));
        }
        check_connection(step, &by_key, &mut out);
        check_settings(step, exists, &mut out);
        if step.what.kind() != Kind::Decision
            && let Err(error) = step.timing.validate()
        {
            out.push(problem(step, "step.timing", format!("“{}”: {error}.", step.name)));
        }
    }
    out
}

/// Something that a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Email(i64),
    Form(i64),
    Page(i64),
    Stage(i64),
    PointGroup(i64),
}

fn check_connection(step: &Step, by_key: &HashMap<&str, &Step>, out: &mut Vec<Problem>) {
    let name = &step.name;
    let needs_mail_above = matches!(step.what, StepType::OpensEmail | StepType::ClicksEmail { .. });
    let Some(parent_key) = &step.parent else {
        if step.path.is_some() {
            out.push(problem(step, "step.path", format!("“{name}” stands below a source and can have no yes or no path.")));
        }
        if needs_mail_above {
            out.push(problem(
                step,
                "step.needs-email",
                format!("“{name}” waits for an email; connect it below a step that sends one."),
            ));
        }
        return;
    };
    let Some(parent) = by_key.get(parent_key.as_str()) else {
        out.push(problem(step, "step.unconnected", format!("“{name}” is not connected to anything; connect it or delete it.")));
        return;
    };
    if is_in_a_circle(step, by_key) {
        out.push(problem(step, "step.circle", format!("“{name}” leads back to itself; break the circle.")));
        return;
    }
    match (parent.what.kind(), step.path) {
        (Kind::Action, Some(_)) => {
            out.push(problem(step, "step.path", format!("“{name}” follows an action, which has no yes or no path.")))
        }
        (Kind::Decision | Kind::Condition, None) => {
            out.push(problem(step, "step.path", format!("“{name}” must stand on the yes or the no path of “{}”.", parent.name)));
        }
        _ => {}
    }
    if parent.what.kind() == Kind::Decision && step.what.kind() == Kind::Decision {
        out.push(problem(
            step,
            "step.decision-after-decision",
            format!("“{name}” cannot follow another decision directly; put an action between them."),
        ));
    }
    if needs_mail_above && !matches!(parent.what, StepType::SendEmail { .. }) {
        out.push(problem(
            step,
            "step.needs-email",
            format!("“{name}” waits for an email; connect it directly below the step that sends it."),
        ));
    }
    if parent.what.kind() == Kind::Decision && step.path == Some(Path::No) && step.timing.mode == Mode::Immediate {
        out.push(problem(
            step,
            "step.no-path-needs-time",
            format!("“{name}” stands on a no path: say how long to wait for “{}” first.", parent.name),
        ));
    }
}

fn is_in_a_circle(step: &Step, by_key: &HashMap<&str, &Step>) -> bool {
    let mut seen = HashSet::new();
    let mut at = Some(step);
    while let Some(current) = at {
        if !seen.insert(current.key.as_str()) {
            return true;
        }
        at = current.parent.as_deref().and_then(|k| by_key.get(k).copied());
    }
    false
}

fn check_settings(step: &Step, exists: &dyn Fn(Needs) -> bool, out: &mut Vec<Problem>) {
    let name = &step.name;
    let mut gone =
        |what: &str| out.push(problem(step, "step.missing", format!("“{name}” uses {what} that was deleted; choose another.")));
    match &step.what {
        StepType::SendEmail { email: Some(id) } if !exists(Needs::Email(id.0)) => gone("an email"),
        StepType::SubmitsForm { forms } if forms.iter().any(|f| !exists(Needs::Form(f.0))) => gone("a form"),
        StepType::VisitsPage { pages, .. } if pages.iter().any(|p| !exists(Needs::Page(p.0))) => gone("a page"),
        StepType::ChangeStage { stage: Some(id) } if !exists(Needs::Stage(id.0)) => gone("a stage"),
        StepType::ChangePoints { group: Some(id), .. } if !exists(Needs::PointGroup(id.0)) => gone("a point group"),
        StepType::ChangeStage { stage: None } => {
            out.push(problem(step, "step.stage", format!("“{name}”: choose the stage to move to.")))
        }
        StepType::SendEmail { email: None } => {
            out.push(problem(step, "step.email", format!("“{name}”: choose the email to send.")))
        }
        StepType::ChangeTags { add, remove } if add.is_empty() && remove.is_empty() => {
            out.push(problem(step, "step.tags", format!("“{name}”: choose tags to add or remove.")));
        }
        StepType::ChangePoints { points: 0, .. } => {
            out.push(problem(step, "step.points", format!("“{name}”: zero points change nothing; write another number.")))
        }
        StepType::ScoreCompanies { score: 0 } => {
            out.push(problem(step, "step.score", format!("“{name}”: a change by zero changes nothing; write another number.")))
        }
        StepType::FieldIs { field, .. } if field.is_empty() => {
            out.push(problem(step, "step.field", format!("“{name}”: choose the field to compare.")))
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::model::SourceKind;
    use crate::campaigns::timing::{Timing, Unit};
    use crate::ids::{EmailId, StepId};

    fn step(key: &str, parent: Option<&str>, path: Option<Path>, what: StepType) -> Step {
        Step {
            id: StepId(0),
            key: key.into(),
            parent: parent.map(Into::into),
            path,
            name: key.into(),
            what,
            timing: Timing::immediate(),
        }
    }

    fn codes(steps: Vec<Step>) -> Vec<&'static str> {
        let sources = [Source { kind: SourceKind::Segment, id: 1 }];
        check(&Plan { steps }, &sources, &|n| n != Needs::Email(99)).into_iter().map(|p| p.code).collect()
    }

    fn send(key: &str) -> Step {
        step(key, None, None, StepType::SendEmail { email: Some(EmailId(1)) })
    }

    #[test]
    fn a_good_campaign_has_no_problems() {
        let mut reminder = step("c", Some("b"), Some(Path::No), StepType::SendEmail { email: Some(EmailId(2)) });
        reminder.timing = Timing::after(2, Unit::Days);
        let tag = step("d", Some("b"), Some(Path::Yes), StepType::ChangeTags { add: vec!["x".into()], remove: vec![] });
        assert_eq!(
            codes(vec![send("a"), step("b", Some("a"), None, StepType::ClicksEmail { urls: vec![] }), reminder, tag]),
            [""; 0]
        );
    }

    #[test]
    fn an_empty_campaign_says_what_it_needs() {
        let found: Vec<_> = check(&Plan::default(), &[], &|_| true).into_iter().map(|p| p.code).collect();
        assert_eq!(found, ["campaign.no-source", "campaign.no-step"]);
    }

    #[test]
    fn unconnected_circular_and_wrongly_connected_steps_are_named() {
        assert_eq!(
            codes(vec![step("a", Some("gone"), None, StepType::ChangePoints { points: 1, group: None })]),
            ["step.unconnected"]
        );
        let circle = vec![
            step("a", Some("b"), None, StepType::ChangePoints { points: 1, group: None }),
            step("b", Some("a"), None, StepType::ChangePoints { points: 1, group: None }),
        ];
        assert_eq!(codes(circle), ["step.circle", "step.circle"]);
        assert_eq!(codes(vec![step("a", None, None, StepType::OpensEmail)]), ["step.needs-email"]);
        assert_eq!(
            codes(vec![send("a"), step("b", Some("a"), Some(Path::Yes), StepType::ChangePoints { points: 1, group: None })]),
            ["step.path"]
        );
        let two = vec![
            send("a"),
            step("b", Some("a"), None, StepType::OpensEmail),
            step("c", Some("b"), Some(Path::Yes), StepType::SubmitsForm { forms: vec![] }),
        ];
        assert_eq!(codes(two), ["step.decision-after-decision"]);
        let at_once = vec![
            send("a"),
            step("b", Some("a"), None, StepType::OpensEmail),
            step("c", Some("b"), Some(Path::No), StepType::ChangePoints { points: 1, group: None }),
        ];
        assert_eq!(codes(at_once), ["step.no-path-needs-time"]);
    }

    #[test]
    fn an_email_deleted_since_and_missing_settings_are_named() {
        assert_eq!(codes(vec![step("a", None, None, StepType::SendEmail { email: Some(EmailId(99)) })]), ["step.missing"]);
        assert_eq!(codes(vec![step("a", None, None, StepType::SendEmail { email: None })]), ["step.email"]);
        assert_eq!(codes(vec![step("a", None, None, StepType::ChangePoints { points: 0, group: None })]), ["step.points"]);
    }
}
