//! What steps refer to, and what they still miss.

use crate::campaigns::steps::{StepType, filter_ids};
use crate::ids::{CampaignId, CompanyId, EmailId, FormId, PageId, PointGroupId, SegmentId, StageId, UserId};

/// Something that a step uses and that may have been deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Needs {
    Email(i64),
    Form(i64),
    Page(i64),
    Stage(i64),
    PointGroup(i64),
    Segment(i64),
    Campaign(i64),
    Company(i64),
    User(i64),
    Tag(i64),
    CompanySegment(i64),
    Category(i64),
}

impl Needs {
    pub const fn id(self) -> i64 {
        match self {
            Self::Email(id)
            | Self::Form(id)
            | Self::Page(id)
            | Self::Stage(id)
            | Self::PointGroup(id)
            | Self::Segment(id)
            | Self::Campaign(id)
            | Self::Company(id)
            | Self::User(id)
            | Self::Tag(id)
            | Self::CompanySegment(id)
            | Self::Category(id) => id,
        }
    }

    /// The kind of thing, in files.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Form(_) => "form",
            Self::Page(_) => "page",
            Self::Stage(_) => "stage",
            Self::PointGroup(_) => "point group",
            Self::Segment(_) => "segment",
            Self::Campaign(_) => "campaign",
            Self::Company(_) => "company",
            Self::User(_) => "user",
            Self::Tag(_) => "tag",
            Self::CompanySegment(_) => "company segment",
            Self::Category(_) => "category",
        }
    }

    /// Something of a kind, as files name it.
    pub fn of(kind: &str, id: i64) -> Option<Self> {
        let all = [
            Self::Email(id),
            Self::Form(id),
            Self::Page(id),
            Self::Stage(id),
            Self::PointGroup(id),
            Self::Segment(id),
            Self::Campaign(id),
            Self::Company(id),
            Self::User(id),
            Self::Tag(id),
            Self::CompanySegment(id),
            Self::Category(id),
        ];
        all.into_iter().find(|needs| needs.kind() == kind)
    }

    /// With its article, for a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Email(_) => "an email",
            Self::Form(_) => "a form",
            Self::Page(_) => "a page",
            Self::Stage(_) => "a stage",
            Self::PointGroup(_) => "a point group",
            Self::Segment(_) => "a segment",
            Self::Campaign(_) => "a campaign",
            Self::Company(_) => "a company",
            Self::User(_) => "a user",
            Self::Tag(_) => "a tag",
            Self::CompanySegment(_) => "a segment of companies",
            Self::Category(_) => "a category",
        }
    }
}

impl StepType {
    /// Everything it refers to by id.
    pub fn needs(&self) -> Vec<Needs> {
        match self {
            Self::SendEmail { email } => email.iter().map(|e| Needs::Email(e.0)).collect(),
            Self::TellTeam { email, team } => {
                email.iter().map(|e| Needs::Email(e.0)).chain(team.users.iter().map(|u| Needs::User(u.0))).collect()
            }
            Self::ChangePoints { group, .. } | Self::PointsAre { group, .. } => {
                group.iter().map(|g| Needs::PointGroup(g.0)).collect()
            }
            Self::ChangeStage { stage } => stage.iter().map(|s| Needs::Stage(s.0)).collect(),
            Self::InStages { stages } => stages.iter().map(|s| Needs::Stage(s.0)).collect(),
            Self::ChangeSegments { add, remove } => add.iter().chain(remove).map(|s| Needs::Segment(s.0)).collect(),
            Self::InSegments { segments } => segments.iter().map(|s| Needs::Segment(s.0)).collect(),
            Self::ChangeOwner { owner } => owner.iter().map(|o| Needs::User(o.0)).collect(),
            Self::OwnedBy { owners } => owners.iter().map(|o| Needs::User(o.0)).collect(),
            Self::ChangeCampaigns { add, remove } => add.ids.iter().chain(&remove.ids).map(|c| Needs::Campaign(c.0)).collect(),
            Self::InCampaigns { campaigns, .. } => campaigns.iter().map(|c| Needs::Campaign(c.0)).collect(),
            Self::AddToCompany { company } => company.iter().map(|c| Needs::Company(c.0)).collect(),
            Self::SubmitsForm { forms } => forms.iter().map(|f| Needs::Form(f.0)).collect(),
            Self::FormAnswer { form, .. } => form.iter().map(|f| Needs::Form(f.0)).collect(),
            Self::VisitsPage { pages, .. } | Self::Visited { pages, .. } => pages.iter().map(|p| Needs::Page(p.0)).collect(),
            Self::Matches { filter } | Self::Becomes { filter } => filter_ids::all(filter),
            _ => Vec::new(),
        }
    }

    /// The same step with other ids: `to` says what each becomes, none takes it out.
    #[must_use]
    pub fn with_needs(mut self, to: &dyn Fn(Needs) -> Option<i64>) -> Self {
        let one = |id: Option<i64>, make: fn(i64) -> Needs| id.and_then(|id| to(make(id)));
        let many =
            |ids: Vec<i64>, make: fn(i64) -> Needs| -> Vec<i64> { ids.into_iter().filter_map(|id| to(make(id))).collect() };
        macro_rules! swap {
            ($place:expr, $needs:ident, $id:ident) => {
                *$place = one($place.map(|id| id.0), Needs::$needs).map($id)
            };
        }
        macro_rules! swap_all {
            ($place:expr, $needs:ident, $id:ident) => {
                *$place = many($place.iter().map(|id| id.0).collect(), Needs::$needs).into_iter().map($id).collect()
            };
        }
        match &mut self {
            Self::SendEmail { email } => swap!(email, Email, EmailId),
            Self::TellTeam { email, team } => {
                swap!(email, Email, EmailId);
                swap_all!(&mut team.users, User, UserId);
            }
            Self::ChangePoints { group, .. } | Self::PointsAre { group, .. } => swap!(group, PointGroup, PointGroupId),
            Self::ChangeStage { stage } => swap!(stage, Stage, StageId),
            Self::InStages { stages } => swap_all!(stages, Stage, StageId),
            Self::ChangeSegments { add, remove } => {
                swap_all!(add, Segment, SegmentId);
                swap_all!(remove, Segment, SegmentId);
            }
            Self::InSegments { segments } => swap_all!(segments, Segment, SegmentId),
            Self::ChangeOwner { owner } => swap!(owner, User, UserId),
            Self::OwnedBy { owners } => swap_all!(owners, User, UserId),
            Self::ChangeCampaigns { add, remove } => {
                swap_all!(&mut add.ids, Campaign, CampaignId);
                swap_all!(&mut remove.ids, Campaign, CampaignId);
            }
            Self::InCampaigns { campaigns, .. } => swap_all!(campaigns, Campaign, CampaignId),
            Self::AddToCompany { company } => swap!(company, Company, CompanyId),
            Self::SubmitsForm { forms } => swap_all!(forms, Form, FormId),
            Self::FormAnswer { form, .. } => swap!(form, Form, FormId),
            Self::VisitsPage { pages, .. } | Self::Visited { pages, .. } => swap_all!(pages, Page, PageId),
            Self::Matches { filter } | Self::Becomes { filter } => filter_ids::swap(filter, &mut |needs| to(needs)),
            _ => {}
        }
        self
    }

    /// What somebody still has to choose: a stable code and the rest of a sentence.
    pub fn missing(&self) -> Option<(&'static str, &'static str)> {
        let address = |url: &str| url.starts_with("https://") || url.starts_with("http://") || url.starts_with('{');
        Some(match self {
            Self::SendEmail { email: None } | Self::TellTeam { email: None, .. } => ("step.email", "choose the email to send."),
            Self::TellTeam { team, .. } if team.users.is_empty() && team.to.is_empty() && !team.owner => {
                ("step.nobody", "choose who is told.")
            }
            Self::ChangeTags { add, remove } if add.is_empty() && remove.is_empty() => {
                ("step.tags", "choose tags to add or remove.")
            }
            Self::HasTags { tags } if tags.is_empty() => ("step.tags", "choose the tags."),
            Self::ChangePoints { points: 0, .. } => ("step.points", "zero points change nothing; write another number."),
            Self::ScoreCompanies { score: 0 } => ("step.score", "a change by zero changes nothing; write another number."),
            Self::ChangeStage { stage: None } => ("step.stage", "choose the stage to move to."),
            Self::InStages { stages } if stages.is_empty() => ("step.stage", "choose the stages."),
            Self::ChangeSegments { add, remove } if add.is_empty() && remove.is_empty() => {
                ("step.segments", "choose segments to add to or remove from.")
            }
            Self::InSegments { segments } if segments.is_empty() => ("step.segments", "choose the segments."),
            Self::UpdateContact { fields } | Self::UpdateCompany { fields } if fields.is_empty() => {
                ("step.fields", "choose the fields to write.")
            }
            Self::ChangeOwner { owner: None } => ("step.owner", "choose the owner."),
            Self::OwnedBy { owners } if owners.is_empty() => ("step.owner", "choose the owners."),
            Self::ChangeCampaigns { add, remove } if add.ids.is_empty() && remove.ids.is_empty() && !add.this && !remove.this => {
                ("step.campaigns", "choose campaigns to add to or remove from.")
            }
            Self::InCampaigns { campaigns, .. } if campaigns.is_empty() => ("step.campaigns", "choose the campaigns."),
            Self::AddToCompany { company: None } => ("step.company", "choose the company."),
            Self::Jump { to: None } => ("step.jump", "choose the step to go on at."),
            Self::CallWeb { call } if !address(&call.url) => ("step.url", "write the address to call, beginning with https://."),
            Self::TellSlack { url, .. } if !address(url) => {
                ("step.url", "write the address of the Slack webhook, beginning with https://.")
            }
            Self::TellSlack { text, .. } if text.trim().is_empty() => ("step.text", "write what is told."),
            Self::FieldIs { field, .. } if field.is_empty() => ("step.field", "choose the field to compare."),
            Self::FormAnswer { form: None, .. } => ("step.form", "choose the form."),
            Self::FormAnswer { field, .. } if field.is_empty() => ("step.field", "choose the field of the form."),
            Self::Matches { filter } | Self::Becomes { filter } if no_rules(filter) => {
                ("step.filter", "add at least one condition.")
            }
            Self::HasDevice { device } if device.is_empty() => ("step.device", "choose a kind of device, a brand or a system."),
            _ => return None,
        })
    }
}

fn no_rules(filter: &serde_json::Value) -> bool {
    filter.get("rules").and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::steps::TYPES;
    use serde_json::json;

    #[test]
    fn whatever_a_step_needs_can_become_another() {
        let everything = json!({
            "email_id": 1, "group_id": 1, "stage_id": 1, "owner_id": 1, "company_id": 1, "form_id": 1, "users": [1], "stages": [1],
            "segments": [1], "owners": [1], "campaigns": [1], "forms": [1], "pages": [1],
        });
        for info in TYPES {
            let lists = if info.key == "contact.tags" { json!([]) } else { json!([1]) };
            let mut settings = everything.clone();
            settings["add"] = lists.clone();
            settings["remove"] = lists;
            let step = StepType::read(info.key, &settings).unwrap();
            let count = step.needs().len();
            let moved = step.clone().with_needs(&|needs| Some(needs.id() + 41));
            assert_eq!(moved.needs().iter().filter(|n| n.id() == 42).count(), count, "{}", info.key);
            assert!(step.with_needs(&|_| None).needs().is_empty(), "{}", info.key);
        }
    }
}
