//! The parts of a campaign.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::campaigns::timing::Timing;
use crate::ids::{EmailId, FormId, PageId, PointGroupId, StageId, StepId};

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Does something to the contact.
    Action,
    /// Waits for something the contact does; yes when it happens, no when time runs out.
    Decision,
    /// Looks at the contact once; yes or no.
    Condition,
}

/// Which way out of a decision or condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    Yes,
    No,
}

impl Path {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "yes" => Some(Self::Yes),
            "no" => Some(Self::No),
            _ => None,
        }
    }
}

/// What lets contacts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Segment,
    Form,
}

impl SourceKind {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Form => "form",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "segment" => Some(Self::Segment),
            "form" => Some(Self::Form),
            _ => None,
        }
    }
}

/// A segment or a form whose people enter the campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub kind: SourceKind,
    pub id: i64,
}

/// What a step does, waits for or looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum StepType {
    /// `email.send`: sends an email.
    SendEmail { email: Option<EmailId> },
    /// `contact.tags`: adds and removes tags.
    ChangeTags { add: Vec<String>, remove: Vec<String> },
    /// `contact.points`: adds points, to a group or to the main score; negative takes away.
    ChangePoints { points: i64, group: Option<PointGroupId> },
    /// `contact.stage`: moves to a stage, never backwards.
    ChangeStage { stage: Option<StageId> },
    /// `company.score`: adds to the score of every company of the contact; negative takes away.
    ScoreCompanies { score: i64 },
    /// `email.open`: the contact opens the email sent just before.
    OpensEmail,
    /// `email.click`: the contact clicks a link of the email sent just before; patterns with `*`, none: any link.
    ClicksEmail { urls: Vec<String> },
    /// `form.submit`: the contact sends in one of these forms; none: any.
    SubmitsForm { forms: Vec<FormId> },
    /// `page.visit`: the contact visits one of these pages, or an address with this pattern.
    VisitsPage { pages: Vec<PageId>, url: Option<String> },
    /// `contact.field`: a field of the contact compared.
    FieldIs { field: String, op: String, value: Json },
}

/// Why settings could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("“{0}” is not a kind of step that this version can run")]
    UnknownType(String),
    #[error("{field}: {why}")]
    Wrong { field: &'static str, why: String },
}

/// Every type with its key, in the order of the palette.
pub const TYPES: &[(&str, Kind, &str)] = &[
    ("email.send", Kind::Action, "Send an email"),
    ("contact.tags", Kind::Action, "Change tags"),
    ("contact.points", Kind::Action, "Change points"),
    ("contact.stage", Kind::Action, "Change stage"),
    ("company.score", Kind::Action, "Change company score"),
    ("email.open", Kind::Decision, "Opens the email"),
    ("email.click", Kind::Decision, "Clicks a link of the email"),
    ("form.submit", Kind::Decision, "Sends in a form"),
    ("page.visit", Kind::Decision, "Visits a page"),
    ("contact.field", Kind::Condition, "Compare a field"),
];

impl StepType {
    pub const fn key(&self) -> &'static str {
        match self {
            Self::SendEmail { .. } => "email.send",
            Self::ChangeTags { .. } => "contact.tags",
            Self::ChangePoints { .. } => "contact.points",
            Self::ChangeStage { .. } => "contact.stage",
            Self::ScoreCompanies { .. } => "company.score",
            Self::OpensEmail => "email.open",
            Self::ClicksEmail { .. } => "email.click",
            Self::SubmitsForm { .. } => "form.submit",
            Self::VisitsPage { .. } => "page.visit",
            Self::FieldIs { .. } => "contact.field",
        }
    }

    pub const fn kind(&self) -> Kind {
        match self {
            Self::SendEmail { .. }
            | Self::ChangeTags { .. }
            | Self::ChangePoints { .. }
            | Self::ChangeStage { .. }
            | Self::ScoreCompanies { .. } => Kind::Action,
            Self::OpensEmail | Self::ClicksEmail { .. } | Self::SubmitsForm { .. } | Self::VisitsPage { .. } => Kind::Decision,
            Self::FieldIs { .. } => Kind::Condition,
        }
    }

    /// The name a step has while nobody gave it one.
    pub fn default_name(&self) -> &'static str {
        TYPES.iter().find(|t| t.0 == self.key()).map_or("Step", |t| t.2)
    }

    /// Reads a type's settings; what is missing is reported by [`crate::campaigns::check()`], not here.
    pub fn read(key: &str, settings: &Json) -> Result<Self, SettingsError> {
        let ids = |field| id_list(settings, field);
        Ok(match key {
            "email.send" => Self::SendEmail { email: id(settings, "email_id")?.map(EmailId) },
            "contact.tags" => Self::ChangeTags { add: texts(settings, "add")?, remove: texts(settings, "remove")? },
            "contact.points" => Self::ChangePoints {
                points: number(settings, "points")?.unwrap_or(0),
                group: id(settings, "group_id")?.map(PointGroupId),
            },
            "contact.stage" => Self::ChangeStage { stage: id(settings, "stage_id")?.map(StageId) },
            "company.score" => Self::ScoreCompanies { score: number(settings, "score")?.unwrap_or(0) },
            "email.open" => Self::OpensEmail,
            "email.click" => Self::ClicksEmail { urls: texts(settings, "urls")? },
            "form.submit" => Self::SubmitsForm { forms: ids("forms")?.into_iter().map(FormId).collect() },
            "page.visit" => Self::VisitsPage {
                pages: ids("pages")?.into_iter().map(PageId).collect(),
                url: text(settings, "url")?.filter(|u| !u.trim().is_empty()),
            },
            "contact.field" => Self::FieldIs {
                field: text(settings, "field")?.unwrap_or_default(),
                op: text(settings, "op")?.unwrap_or_else(|| "=".into()),
                value: settings.get("value").cloned().unwrap_or(Json::Null),
            },
            other => return Err(SettingsError::UnknownType(other.to_owned())),
        })
    }

    /// The settings as they are stored and shown.
    pub fn write(&self) -> Json {
        use serde_json::json;
        match self {
            Self::SendEmail { email } => json!({ "email_id": email }),
            Self::ChangeTags { add, remove } => json!({ "add": add, "remove": remove }),
            Self::ChangePoints { points, group: None } => json!({ "points": points }),
            Self::ChangePoints { points, group } => json!({ "points": points, "group_id": group }),
            Self::ChangeStage { stage } => json!({ "stage_id": stage }),
            Self::ScoreCompanies { score } => json!({ "score": score }),
            Self::OpensEmail => json!({}),
            Self::ClicksEmail { urls } => json!({ "urls": urls }),
            Self::SubmitsForm { forms } => json!({ "forms": forms }),
            Self::VisitsPage { pages, url } => json!({ "pages": pages, "url": url }),
            Self::FieldIs { field, op, value } => json!({ "field": field, "op": op, "value": value }),
        }
    }
}

fn wrong(field: &'static str, why: &str) -> SettingsError {
    SettingsError::Wrong { field, why: why.to_owned() }
}

fn number(settings: &Json, field: &'static str) -> Result<Option<i64>, SettingsError> {
    match settings.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Number(n)) => n.as_i64().map(Some).ok_or_else(|| wrong(field, "write a whole number")),
        Some(Json::String(s)) if s.trim().is_empty() => Ok(None),
        Some(Json::String(s)) => s.trim().parse().map(Some).map_err(|_| wrong(field, "write a whole number")),
        Some(_) => Err(wrong(field, "write a whole number")),
    }
}

fn id(settings: &Json, field: &'static str) -> Result<Option<i64>, SettingsError> {
    Ok(number(settings, field)?.filter(|n| *n > 0))
}

fn text(settings: &Json, field: &'static str) -> Result<Option<String>, SettingsError> {
    match settings.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(s)) => Ok(Some(s.clone())),
        Some(_) => Err(wrong(field, "write a text")),
    }
}

fn texts(settings: &Json, field: &'static str) -> Result<Vec<String>, SettingsError> {
    let list = match settings.get(field) {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Array(list)) => list.clone(),
        Some(Json::String(s)) => s.split(',').map(|p| Json::String(p.to_owned())).collect(),
        Some(_) => return Err(wrong(field, "write a list of texts")),
    };
    list.iter()
        .map(|v| v.as_str().map(|s| s.trim().to_owned()).ok_or_else(|| wrong(field, "write a list of texts")))
        .filter(|r| !matches!(r, Ok(s) if s.is_empty()))
        .collect()
}

fn id_list(settings: &Json, field: &'static str) -> Result<Vec<i64>, SettingsError> {
    match settings.get(field) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(list)) => list
            .iter()
            .map(|v| {
                let n = v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()));
                n.filter(|n| *n > 0).ok_or_else(|| wrong(field, "write a list of ids"))
            })
            .collect(),
        Some(_) => Err(wrong(field, "write a list of ids")),
    }
}

/// One step of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Given by the database; 0 before the step is stored.
    pub id: StepId,
    /// The client's own name for the step, stable over edits.
    pub key: String,
    /// The key of the step above; none: directly below the sources.
    pub parent: Option<String>,
    /// Which way out of the step above, when that has two.
    pub path: Option<Path>,
    pub name: String,
    pub what: StepType,
    pub timing: Timing,
}

/// A campaign's steps, in order: a step never stands before the one above it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Plan {
    pub fn by_key(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.key == key)
    }

    pub fn by_id(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|s| s.id == id)
    }

    pub fn roots(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| s.parent.is_none())
    }

    /// What follows a step on a path; conditions first, then actions, then decisions (`campaigns.md` §5.3).
    pub fn children(&self, of: &Step, path: Option<Path>) -> Vec<&Step> {
        let mut below: Vec<&Step> =
            self.steps.iter().filter(|s| s.parent.as_deref() == Some(of.key.as_str()) && s.path == path).collect();
        below.sort_by_key(|s| match s.what.kind() {
            Kind::Condition => 0,
            Kind::Action => 1,
            Kind::Decision => 2,
        });
        below
    }

    pub fn parent(&self, of: &Step) -> Option<&Step> {
        self.by_key(of.parent.as_deref()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_come_back_as_they_were_written() {
        for (key, settings) in [
            ("email.send", json!({"email_id": 7})),
            ("contact.tags", json!({"add": ["a", "b"], "remove": ["c"]})),
            ("contact.points", json!({"points": -3})),
            ("company.score", json!({"score": 5})),
            ("contact.points", json!({"points": 3, "group_id": 2})),
            ("contact.stage", json!({"stage_id": 2})),
            ("email.open", json!({})),
            ("email.click", json!({"urls": ["https://x.io/*"]})),
            ("form.submit", json!({"forms": [1, 2]})),
            ("page.visit", json!({"pages": [4], "url": "*/pricing"})),
            ("contact.field", json!({"field": "city", "op": "=", "value": "Prague"})),
        ] {
            let read = StepType::read(key, &settings).unwrap();
            assert_eq!((read.key(), read.write()), (key, settings));
        }
    }

    #[test]
    fn every_type_of_the_palette_can_be_read() {
        for (key, kind, _) in TYPES {
            assert_eq!(StepType::read(key, &json!({})).unwrap().kind(), *kind);
        }
    }

    #[test]
    fn a_type_that_cannot_run_and_a_wrong_setting_are_named() {
        assert_eq!(
            StepType::read("sms.send", &json!({})).unwrap_err().to_string(),
            "“sms.send” is not a kind of step that this version can run"
        );
        assert_eq!(
            StepType::read("contact.points", &json!({"points": "many"})).unwrap_err().to_string(),
            "points: write a whole number"
        );
        assert!(StepType::read("form.submit", &json!({"forms": ["x"]})).is_err());
    }
}
