//! What a campaign is for, and when it is over for somebody: goals and exit rules.

use serde::{Deserialize, Serialize};

use crate::campaigns::decide::{Occurrence, answers};
use crate::campaigns::model::{Kind, Step};
use crate::campaigns::steps::StepType;

/// What a rule means when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    /// The campaign reached what it was made for; counted.
    Goal,
    /// The campaign is not for this contact any more.
    Exit,
}

impl Aim {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Exit => "exit",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "goal" => Some(Self::Goal),
            "exit" => Some(Self::Exit),
            _ => None,
        }
    }
}

/// A goal or an exit rule. It asks what a condition or a decision of a campaign may ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub aim: Aim,
    /// What it asks, with the client's key, its name, and its id as a rule.
    pub step: Step,
}

impl Rule {
    /// Whether rules may ask this: about the contact as she is, or about forms, pages and devices.
    pub fn may_ask(what: &StepType) -> bool {
        match what {
            StepType::Split { .. } | StepType::Holdout { .. } | StepType::Becomes { .. } => false,
            other => match other.kind() {
                Kind::Condition => true,
                Kind::Decision => !other.is_about_mail(),
                Kind::Action => false,
            },
        }
    }

    /// Whether the contact herself tells, whatever happened last.
    pub fn is_about_contact(&self) -> bool {
        self.step.what.kind() == Kind::Condition
    }

    /// Whether what just happened makes it hold.
    pub fn is_met_by(&self, what: &Occurrence<'_>) -> bool {
        answers(&self.step.what, None, what)
    }
}

/// How a goal does, in everybody and in those who were held back.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    pub of: i64,
    pub reached: i64,
}

impl Share {
    /// From 0 to 1; none when there is nobody.
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| (self.reached.clamp(0, self.of) as f64) / (self.of as f64))
    }

    /// The part of 1 within which the true rate lies in 95 of 100 cases (Wilson's interval, which is honest for few people).
    pub fn interval(self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_964;
        let p = self.rate()?;
        let n = self.of as f64;
        let centre = p + Z * Z / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        Some((((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_ask_about_the_contact_and_what_she_does_but_not_about_chance_or_one_mail() {
        let may = |key: &str| Rule::may_ask(&StepType::read(key, &serde_json::json!({})).unwrap());
        for key in ["contact.filter", "contact.in_segments", "contact.points_are", "form.submit", "page.visit"] {
            assert!(may(key), "{key}");
        }
        for key in ["email.open", "email.send", "flow.split", "flow.holdout", "contact.becomes", "contact.tags"] {
            assert!(!may(key), "{key}");
        }
    }

    #[test]
    fn few_people_say_little() {
        let (low, high) = Share { of: 10, reached: 5 }.interval().unwrap();
        assert!((0.23..0.24).contains(&low) && (0.76..0.77).contains(&high), "{low} {high}");
        let (low, high) = Share { of: 10_000, reached: 5_000 }.interval().unwrap();
        assert!(low > 0.49 && high < 0.51);
        assert_eq!(Share::default().rate(), None);
        assert!(Share { of: 4, reached: 4 }.interval().unwrap().1 > 0.999_999, "all of a few may be all");
    }
}
