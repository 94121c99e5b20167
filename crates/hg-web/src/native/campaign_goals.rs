//! Goals and exit rules of campaigns, as the API shows them.

use hg_app::Error;
use hg_app::campaigns::{GoalFigures, RuleIn, Ruled};
use hg_core::campaigns::goals::{Aim, Share};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A goal or exit rule: who meets it leaves the campaign.
#[derive(Serialize, ToSchema)]
pub struct CampaignRule {
    key: String,
    #[schema(value_type = super::words::AimWord)]
    aim: String,
    name: String,
    /// A type of condition, or a decision about forms, pages or devices.
    #[serde(rename = "type")]
    what: String,
    #[schema(value_type = Object)]
    settings: Value,
    /// Who left by it.
    reached: i64,
}

#[derive(Deserialize, ToSchema)]
pub struct RuleDraft {
    /// Your own name for the rule, stable over edits.
    key: String,
    #[schema(value_type = super::words::AimWord)]
    aim: String,
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    what: String,
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Value,
}

/// How many of whom reached a goal.
#[derive(Serialize, ToSchema)]
pub struct GoalShare {
    of: i64,
    reached: i64,
    /// From 0 to 1.
    rate: Option<f64>,
    /// Between these the true rate lies in 95 of 100 cases.
    low: Option<f64>,
    high: Option<f64>,
}

/// How a campaign does by its goals.
#[derive(Serialize, ToSchema)]
pub struct CampaignGoals {
    people: GoalShare,
    /// Who was held back, to compare with; null where nobody was.
    held_back: Option<GoalShare>,
    /// From entering to a goal, on average.
    mean_hours: Option<f64>,
}

impl From<Share> for GoalShare {
    fn from(share: Share) -> Self {
        let interval = share.interval();
        Self { of: share.of, reached: share.reached, rate: share.rate(), low: interval.map(|i| i.0), high: interval.map(|i| i.1) }
    }
}

impl From<GoalFigures> for CampaignGoals {
    fn from(figures: GoalFigures) -> Self {
        let hours = |ms: i64| ms as f64 / 3_600_000.0;
        Self {
            people: figures.others.into(),
            held_back: (figures.held.of > 0).then(|| figures.held.into()),
            mean_hours: figures.mean_ms.map(hours),
        }
    }
}

impl From<Ruled> for CampaignRule {
    fn from(ruled: Ruled) -> Self {
        let step = ruled.rule.step;
        Self {
            aim: ruled.rule.aim.key().to_owned(),
            what: step.what.key().to_owned(),
            settings: step.what.write(),
            key: step.key,
            name: step.name,
            reached: ruled.counts.reached,
        }
    }
}

pub fn rules_in(drafts: Vec<RuleDraft>) -> Result<Vec<RuleIn>, Error> {
    let read = |(index, rule): (usize, RuleDraft)| {
        let aim = Aim::from_key(&rule.aim)
            .ok_or_else(|| Error::field(format!("/rules/{index}/aim"), "aim", "A rule is a goal or an exit."))?;
        Ok(RuleIn { key: rule.key, aim, name: rule.name, kind: rule.what, settings: rule.settings })
    };
    drafts.into_iter().enumerate().map(read).collect()
}
