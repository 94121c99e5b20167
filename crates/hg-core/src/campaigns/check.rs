//! What is wrong with a campaign before it is published (`campaigns.md` §3).

use std::collections::{HashMap, HashSet};

use crate::campaigns::model::{Kind, Path, Plan, Source, Step};
use crate::campaigns::steps::{Needs, StepType};
use crate::campaigns::timing::Mode;

/// A step that begins its own campaign again must wait at least this long.
const SHORTEST_AGAIN: i64 = 30;

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
        check_jump(step, &by_key, &mut out);
        if step.what.kind() != Kind::Decision
            && let Err(error) = step.timing.validate()
        {
            out.push(problem(step, "step.timing", format!("“{}”: {error}.", step.name)));
        }
    }
    out
}

fn check_connection(step: &Step, by_key: &HashMap<&str, &Step>, out: &mut Vec<Problem>) {
    let name = &step.name;
    let needs_mail_above = step.what.is_about_mail();
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
    if parent.what.info().is_end {
        out.push(problem(step, "step.after-the-end", format!("Nothing can follow “{}”; move “{name}” elsewhere.", parent.name)));
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
    if parent.what.kind() == Kind::Decision
        && step.path == Some(Path::No)
        && !matches!(step.timing.mode, Mode::Interval | Mode::Date)
    {
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
    if step.timing.mode == Mode::Optimized && !step.what.may_wait_for_best_time() {
        let detail = format!("“{name}” reaches nobody who could answer: only emails and calls wait for a contact's best hour.");
        out.push(problem(step, "step.no-best-time", detail));
    }
    if let Some(gone) = step.what.needs().into_iter().find(|needs| !exists(*needs)) {
        let detail = format!("“{name}” uses {} that was deleted; choose another.", gone.words());
        out.push(problem(step, "step.missing", detail));
    }
    if let Some((code, detail)) = step.what.missing() {
        out.push(problem(step, code, format!("“{name}”: {detail}")));
    }
    let at_once = match step.timing.mode {
        Mode::Immediate | Mode::Optimized => true,
        Mode::Interval => step.timing.shortest_minutes() < SHORTEST_AGAIN,
        Mode::Date => false,
    };
    if at_once && matches!(&step.what, StepType::ChangeCampaigns { add, .. } if add.this) {
        let detail = format!(
            "“{name}” begins this campaign again: let at least {SHORTEST_AGAIN} minutes pass before it, or it goes round and round."
        );
        out.push(problem(step, "step.again-too-soon", detail));
    }
}

fn check_jump(step: &Step, by_key: &HashMap<&str, &Step>, out: &mut Vec<Problem>) {
    let StepType::Jump { to: Some(to) } = &step.what else { return };
    let name = &step.name;
    let Some(target) = by_key.get(to.as_str()) else {
        out.push(problem(step, "step.jump", format!("“{name}” goes on at a step that is not there; choose another.")));
        return;
    };
    if target.what.kind() == Kind::Decision {
        let detail = format!("“{name}” cannot go on at a decision; choose an action or a condition.");
        out.push(problem(step, "step.jump", detail));
        return;
    }
    // From the jump up to its target: when nothing on that way takes time, it goes round at once.
    let mut at = Some(step);
    let mut waits = false;
    for _ in 0..=by_key.len() {
        let Some(current) = at else { return };
        waits |= current.what.kind() == Kind::Decision || current.timing.takes_time();
        if current.key == target.key {
            if !waits {
                let detail = format!("“{name}” goes round without a pause: let “{}” or a step after it wait.", target.name);
                out.push(problem(step, "step.jump-loop", detail));
            }
            return;
        }
        at = current.parent.as_deref().and_then(|k| by_key.get(k).copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::model::SourceKind;
    use crate::campaigns::steps::CampaignChoice;
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
            codes(vec![
                send("a"),
                step("b", Some("a"), None, StepType::ClicksEmail { urls: vec![], machines: false }),
                reminder,
                tag
            ]),
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
        assert_eq!(codes(vec![step("a", None, None, StepType::OpensEmail { machines: false })]), ["step.needs-email"]);
        assert_eq!(
            codes(vec![send("a"), step("b", Some("a"), Some(Path::Yes), StepType::ChangePoints { points: 1, group: None })]),
            ["step.path"]
        );
        let two = vec![
            send("a"),
            step("b", Some("a"), None, StepType::OpensEmail { machines: false }),
            step("c", Some("b"), Some(Path::Yes), StepType::SubmitsForm { forms: vec![] }),
        ];
        assert_eq!(codes(two), ["step.decision-after-decision"]);
        let at_once = vec![
            send("a"),
            step("b", Some("a"), None, StepType::OpensEmail { machines: false }),
            step("c", Some("b"), Some(Path::No), StepType::ChangePoints { points: 1, group: None }),
        ];
        assert_eq!(codes(at_once), ["step.no-path-needs-time"]);
    }

    #[test]
    fn a_jump_needs_a_place_to_go_on_and_a_pause_on_the_way_round() {
        let jump = |to: Option<&str>| step("j", Some("a"), None, StepType::Jump { to: to.map(Into::into) });
        assert_eq!(codes(vec![send("a"), jump(None)]), ["step.jump"]);
        assert_eq!(codes(vec![send("a"), jump(Some("gone"))]), ["step.jump"]);
        assert_eq!(codes(vec![send("a"), jump(Some("a"))]), ["step.jump-loop"]);
        let slow = Step { timing: Timing::after(1, Unit::Days), ..jump(Some("a")) };
        assert_eq!(codes(vec![send("a"), slow]), [""; 0]);
        let after = step("x", Some("j"), None, StepType::ChangePoints { points: 1, group: None });
        let aside = Step { timing: Timing::after(1, Unit::Days), ..jump(Some("a")) };
        assert_eq!(codes(vec![send("a"), aside, after]), ["step.after-the-end"]);
    }

    #[test]
    fn a_campaign_that_begins_itself_again_must_wait() {
        let again = step(
            "a",
            None,
            None,
            StepType::ChangeCampaigns { add: CampaignChoice { ids: vec![], this: true }, remove: CampaignChoice::default() },
        );
        let later = |minutes| Step { timing: Timing::after(minutes, Unit::Minutes), ..again.clone() };
        assert_eq!(codes(vec![again.clone()]), ["step.again-too-soon"]);
        assert_eq!(codes(vec![later(29)]), ["step.again-too-soon"]);
        assert_eq!(codes(vec![later(30)]), [""; 0]);
    }

    #[test]
    fn an_email_deleted_since_and_missing_settings_are_named() {
        assert_eq!(codes(vec![step("a", None, None, StepType::SendEmail { email: Some(EmailId(99)) })]), ["step.missing"]);
        assert_eq!(codes(vec![step("a", None, None, StepType::SendEmail { email: None })]), ["step.email"]);
        assert_eq!(codes(vec![step("a", None, None, StepType::ChangePoints { points: 0, group: None })]), ["step.points"]);
    }
}
