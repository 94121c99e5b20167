//! Every kind of step: what it is called, what it needs and what it refers to.
//!
//! [`TYPES`] is the palette; [`settings`] reads and writes what a step is set to; [`needs`] tells which things it uses and
//! what is still missing. What a step does stands in the use cases.

mod filter_ids;
pub mod needs;
pub mod settings;
mod split;

use serde_json::Value as Json;

use crate::campaigns::model::Kind;
use crate::ids::{CampaignId, CompanyId, EmailId, FormId, PageId, PointGroupId, SegmentId, StageId, UserId};
use crate::time::Timestamp;

pub use needs::Needs;
pub use settings::SettingsError;
pub use split::is_in_share;

/// Names with values, in the order they were written.
pub type Pairs = Vec<(String, String)>;

/// What a device is asked for: of each list that is not empty one must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceTraits {
    pub types: Vec<String>,
    pub brands: Vec<String>,
    pub systems: Vec<String>,
}

impl DeviceTraits {
    /// Whether a device of this kind, brand and system is meant.
    pub fn meets(&self, kind: Option<&str>, brand: Option<&str>, system: Option<&str>) -> bool {
        let holds = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|v| list.iter().any(|wanted| wanted.eq_ignore_ascii_case(v)))
        };
        holds(&self.types, kind) && holds(&self.brands, brand) && holds(&self.systems, system)
    }

    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.brands.is_empty() && self.systems.is_empty()
    }
}

/// Who of the team is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Team {
    pub users: Vec<UserId>,
    /// The contact's owner too.
    pub owner: bool,
    /// Addresses; they may be tokens of the contact's fields.
    pub to: Vec<String>,
}

/// A call to another program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebCall {
    /// May contain tokens of the contact's fields, as the values of headers and data may.
    pub url: String,
    /// `get`, `post`, `put`, `patch` or `delete`.
    pub method: String,
    pub headers: Pairs,
    pub data: Pairs,
}

/// Campaigns that a contact is put into or taken out of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CampaignChoice {
    pub ids: Vec<CampaignId>,
    /// The campaign of the step itself.
    pub this: bool,
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
    /// `contact.segments`: puts into segments and takes out of them, by hand.
    ChangeSegments { add: Vec<SegmentId>, remove: Vec<SegmentId> },
    /// `contact.update`: writes fields; blank ones stay as they are.
    UpdateContact { fields: serde_json::Map<String, Json> },
    /// `contact.owner`: gives an owner.
    ChangeOwner { owner: Option<UserId> },
    /// `contact.campaigns`: puts into campaigns, then takes out of others.
    ChangeCampaigns { add: CampaignChoice, remove: CampaignChoice },
    /// `contact.stop`: writes do-not-contact entries.
    StopContacting { channels: Vec<String>, reason: String },
    /// `contact.again`: takes do-not-contact entries away.
    ContactAgain { channels: Vec<String> },
    /// `contact.delete`: deletes the contact; nothing follows.
    DeleteContact,
    /// `company.score`: adds to the score of every company of the contact; negative takes away.
    ScoreCompanies { score: i64 },
    /// `company.add`: adds to a company, which becomes the primary one.
    AddToCompany { company: Option<CompanyId> },
    /// `company.update`: writes fields of the primary company; another name finds or makes that company.
    UpdateCompany { fields: serde_json::Map<String, Json> },
    /// `flow.jump`: goes on at another step, in a new round; nothing follows.
    Jump { to: Option<String> },
    /// `team.email`: sends an email about the contact to people of the house.
    TellTeam { email: Option<EmailId>, team: Team },
    /// `team.slack`: writes to a channel of Slack.
    TellSlack { url: String, text: String },
    /// `web.call`: calls another program.
    CallWeb { call: WebCall },

    /// `email.open`: the contact opens the email sent just before; `machines`: what a mail scanner opens counts too.
    OpensEmail { machines: bool },
    /// `email.click`: the contact clicks a link of the email sent just before; patterns with `*`, none: any link.
    ClicksEmail { urls: Vec<String>, machines: bool },
    /// `email.reply`: the contact answers the email sent just before.
    RepliesToEmail,
    /// `form.submit`: the contact sends in one of these forms; none: any.
    SubmitsForm { forms: Vec<FormId> },
    /// `page.visit`: the contact visits one of these pages, or an address with this pattern, or comes from one.
    VisitsPage { pages: Vec<PageId>, url: Option<String>, referrer: Option<String> },
    /// `device.used`: the contact visits with such a device.
    UsesDevice { device: DeviceTraits },
    /// `contact.becomes`: the contact comes to match a filter.
    Becomes { filter: Json },

    /// `contact.field`: a field of the contact compared.
    FieldIs { field: String, op: String, value: Json },
    /// `contact.filter`: anything that a segment can ask.
    Matches { filter: Json },
    /// `contact.device`: any known device of the contact is such a one.
    HasDevice { device: DeviceTraits },
    /// `contact.visited`: the contact visited, in this time.
    Visited { pages: Vec<PageId>, url: Option<String>, from: Option<Timestamp>, to: Option<Timestamp> },
    /// `contact.has_tags`: the contact has any of these tags.
    HasTags { tags: Vec<String> },
    /// `contact.in_segments`: the contact is in any of these segments.
    InSegments { segments: Vec<SegmentId> },
    /// `contact.in_stages`: the contact is in any of these stages.
    InStages { stages: Vec<StageId> },
    /// `contact.owned_by`: one of these is the owner.
    OwnedBy { owners: Vec<UserId> },
    /// `contact.in_campaigns`: the contact is in any of these campaigns; `ever`: or was. `joined`: after (`gt`) or before
    /// (`lt`) an instant.
    InCampaigns { campaigns: Vec<CampaignId>, ever: bool, joined: Option<(bool, Timestamp)> },
    /// `contact.blocked`: the contact must not be contacted on any of these channels; reason 0: whatever the reason.
    Blocked { channels: Vec<String>, reason: i64 },
    /// `contact.points_are`: points, of a group or the main score, compared.
    PointsAre { op: String, points: i64, group: Option<PointGroupId> },
    /// `form.answer`: the latest answer to a field of a form compared.
    FormAnswer { form: Option<FormId>, field: String, op: String, value: Json },
    /// `email.valid`: the contact has an address that mail can be sent to.
    HasValidAddress,
    /// `flow.split`: of a hundred contacts about this many, always the same ones, take the yes path.
    Split { percent: i64 },
    /// `flow.holdout`: of a hundred contacts about this many get nothing of what follows: they take the no path.
    Holdout { percent: i64 },
}

/// A type of step.
#[derive(Debug, Clone, Copy)]
pub struct TypeInfo {
    pub key: &'static str,
    pub kind: Kind,
    /// The name a step has while nobody gave it one.
    pub label: &'static str,
    /// The only types that it may stand directly below; empty: any.
    pub only_below: &'static [&'static str],
    /// Whether anything may follow.
    pub is_end: bool,
}

const fn step(key: &'static str, kind: Kind, label: &'static str) -> TypeInfo {
    TypeInfo { key, kind, label, only_below: &[], is_end: false }
}

const fn answer(key: &'static str, label: &'static str) -> TypeInfo {
    TypeInfo { only_below: &["email.send"], ..step(key, Kind::Decision, label) }
}

/// Every type, in the order of the palette.
pub const TYPES: &[TypeInfo] = &[
    step("email.send", Kind::Action, "Send an email"),
    step("contact.tags", Kind::Action, "Change tags"),
    step("contact.points", Kind::Action, "Change points"),
    step("contact.stage", Kind::Action, "Change stage"),
    step("contact.segments", Kind::Action, "Change segments"),
    step("contact.update", Kind::Action, "Update the contact"),
    step("contact.owner", Kind::Action, "Change owner"),
    step("contact.campaigns", Kind::Action, "Change campaigns"),
    step("contact.stop", Kind::Action, "Stop contacting"),
    step("contact.again", Kind::Action, "Allow contacting again"),
    TypeInfo { is_end: true, ..step("contact.delete", Kind::Action, "Delete the contact") },
    step("company.score", Kind::Action, "Change company score"),
    step("company.add", Kind::Action, "Add to a company"),
    step("company.update", Kind::Action, "Update the company"),
    step("team.email", Kind::Action, "Tell the team by email"),
    step("team.slack", Kind::Action, "Tell the team in Slack"),
    step("web.call", Kind::Action, "Call a webhook"),
    TypeInfo { is_end: true, ..step("flow.jump", Kind::Action, "Go on at another step") },
    answer("email.open", "Opens the email"),
    answer("email.click", "Clicks a link of the email"),
    answer("email.reply", "Answers the email"),
    step("form.submit", Kind::Decision, "Sends in a form"),
    step("page.visit", Kind::Decision, "Visits a page"),
    step("device.used", Kind::Decision, "Uses a device"),
    step("contact.becomes", Kind::Decision, "Comes to match"),
    step("contact.field", Kind::Condition, "Compare a field"),
    step("contact.filter", Kind::Condition, "Matches conditions"),
    step("contact.has_tags", Kind::Condition, "Has a tag"),
    step("contact.in_segments", Kind::Condition, "Is in a segment"),
    step("contact.in_stages", Kind::Condition, "Is in a stage"),
    step("contact.points_are", Kind::Condition, "Compare points"),
    step("contact.owned_by", Kind::Condition, "Has an owner"),
    step("contact.in_campaigns", Kind::Condition, "Is in a campaign"),
    step("contact.blocked", Kind::Condition, "Must not be contacted"),
    step("contact.device", Kind::Condition, "Has a device"),
    step("contact.visited", Kind::Condition, "Visited a page"),
    step("form.answer", Kind::Condition, "Compare an answer"),
    step("email.valid", Kind::Condition, "Has a valid address"),
    step("flow.split", Kind::Condition, "Random split"),
    step("flow.holdout", Kind::Condition, "Hold some back"),
];

impl StepType {
    pub const fn key(&self) -> &'static str {
        match self {
            Self::SendEmail { .. } => "email.send",
            Self::ChangeTags { .. } => "contact.tags",
            Self::ChangePoints { .. } => "contact.points",
            Self::ChangeStage { .. } => "contact.stage",
            Self::ChangeSegments { .. } => "contact.segments",
            Self::UpdateContact { .. } => "contact.update",
            Self::ChangeOwner { .. } => "contact.owner",
            Self::ChangeCampaigns { .. } => "contact.campaigns",
            Self::StopContacting { .. } => "contact.stop",
            Self::ContactAgain { .. } => "contact.again",
            Self::DeleteContact => "contact.delete",
            Self::ScoreCompanies { .. } => "company.score",
            Self::AddToCompany { .. } => "company.add",
            Self::UpdateCompany { .. } => "company.update",
            Self::Jump { .. } => "flow.jump",
            Self::TellTeam { .. } => "team.email",
            Self::TellSlack { .. } => "team.slack",
            Self::CallWeb { .. } => "web.call",
            Self::OpensEmail { .. } => "email.open",
            Self::ClicksEmail { .. } => "email.click",
            Self::RepliesToEmail => "email.reply",
            Self::SubmitsForm { .. } => "form.submit",
            Self::VisitsPage { .. } => "page.visit",
            Self::UsesDevice { .. } => "device.used",
            Self::Becomes { .. } => "contact.becomes",
            Self::FieldIs { .. } => "contact.field",
            Self::Matches { .. } => "contact.filter",
            Self::HasDevice { .. } => "contact.device",
            Self::Visited { .. } => "contact.visited",
            Self::HasTags { .. } => "contact.has_tags",
            Self::InSegments { .. } => "contact.in_segments",
            Self::InStages { .. } => "contact.in_stages",
            Self::OwnedBy { .. } => "contact.owned_by",
            Self::InCampaigns { .. } => "contact.in_campaigns",
            Self::Blocked { .. } => "contact.blocked",
            Self::PointsAre { .. } => "contact.points_are",
            Self::FormAnswer { .. } => "form.answer",
            Self::HasValidAddress => "email.valid",
            Self::Split { .. } => "flow.split",
            Self::Holdout { .. } => "flow.holdout",
        }
    }

    /// What the palette says about the type.
    pub fn info(&self) -> &'static TypeInfo {
        // Every type stands in the palette: a test holds both to the same keys.
        TYPES.iter().find(|t| t.key == self.key()).unwrap_or(&TYPES[0])
    }

    pub fn kind(&self) -> Kind {
        self.info().kind
    }

    /// The name a step has while nobody gave it one.
    pub fn default_name(&self) -> &'static str {
        self.info().label
    }

    /// Whether it says something to the contact, for which an hour may be good or bad.
    pub const fn may_wait_for_best_time(&self) -> bool {
        matches!(self, Self::SendEmail { .. } | Self::CallWeb { .. })
    }

    /// Whether it waits for what becomes of the mail sent by the step above.
    pub const fn is_about_mail(&self) -> bool {
        matches!(self, Self::OpensEmail { .. } | Self::ClicksEmail { .. } | Self::RepliesToEmail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_of_the_palette_can_be_read_and_is_what_the_palette_says() {
        for info in TYPES {
            let empty = StepType::read(info.key, &json!({})).unwrap();
            assert_eq!((empty.key(), empty.kind(), empty.default_name()), (info.key, info.kind, info.label));
        }
    }

    #[test]
    fn all_lists_of_a_device_that_say_something_must_hold() {
        let apple_phones = DeviceTraits { types: vec!["smartphone".into()], brands: vec!["Apple".into()], systems: vec![] };
        assert!(apple_phones.meets(Some("smartphone"), Some("apple"), None));
        assert!(!apple_phones.meets(Some("tablet"), Some("Apple"), Some("iOS")));
        assert!(!apple_phones.meets(Some("smartphone"), None, None));
        assert!(DeviceTraits::default().meets(None, None, None));
    }
}
