//! The settings of steps, as they are stored and sent.

use serde_json::{Map, Value as Json, json};

use crate::campaigns::steps::{CampaignChoice, DeviceTraits, Pairs, StepType, Team, WebCall};
use crate::ids::{CampaignId, CompanyId, EmailId, FormId, PageId, PointGroupId, SegmentId, StageId, UserId};
use crate::time::Timestamp;

/// Why settings could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("“{0}” is not a kind of step that this version can run")]
    UnknownType(String),
    #[error("{field}: {why}")]
    Wrong { field: &'static str, why: String },
}

type Read<T> = Result<T, SettingsError>;

impl StepType {
    /// Reads a type's settings; what is missing is reported by [`crate::campaigns::check()`], not here.
    pub fn read(key: &str, settings: &Json) -> Read<Self> {
        let s = Settings(settings);
        Ok(match key {
            "email.send" => Self::SendEmail { email: s.id("email_id")?.map(EmailId) },
            "contact.tags" => Self::ChangeTags { add: s.texts("add")?, remove: s.texts("remove")? },
            "contact.points" => {
                Self::ChangePoints { points: s.number("points")?.unwrap_or(0), group: s.id("group_id")?.map(PointGroupId) }
            }
            "contact.stage" => Self::ChangeStage { stage: s.id("stage_id")?.map(StageId) },
            "contact.segments" => Self::ChangeSegments { add: s.ids("add", SegmentId)?, remove: s.ids("remove", SegmentId)? },
            "contact.update" => Self::UpdateContact { fields: s.map("fields")? },
            "contact.owner" => Self::ChangeOwner { owner: s.id("owner_id")?.map(UserId) },
            "contact.campaigns" => {
                Self::ChangeCampaigns { add: s.campaigns("add", "add_this")?, remove: s.campaigns("remove", "remove_this")? }
            }
            "contact.stop" => Self::StopContacting { channels: s.channels()?, reason: s.text("reason")?.unwrap_or_default() },
            "contact.again" => Self::ContactAgain { channels: s.channels()? },
            "contact.delete" => Self::DeleteContact,
            "company.score" => Self::ScoreCompanies { score: s.number("score")?.unwrap_or(0) },
            "company.add" => Self::AddToCompany { company: s.id("company_id")?.map(CompanyId) },
            "company.update" => Self::UpdateCompany { fields: s.map("fields")? },
            "flow.jump" => Self::Jump { to: s.text("to")?.filter(|t| !t.trim().is_empty()) },
            "team.email" => {
                let team = Team { users: s.ids("users", UserId)?, owner: s.switch("owner"), to: s.texts("to")? };
                Self::TellTeam { email: s.id("email_id")?.map(EmailId), team }
            }
            "team.slack" => {
                Self::TellSlack { url: s.text("url")?.unwrap_or_default(), text: s.text("text")?.unwrap_or_default() }
            }
            "web.call" => Self::CallWeb { call: s.call()? },
            "email.open" => Self::OpensEmail { machines: s.switch("machines") },
            "email.click" => Self::ClicksEmail { urls: s.texts("urls")?, machines: s.switch("machines") },
            "email.reply" => Self::RepliesToEmail,
            "form.submit" => Self::SubmitsForm { forms: s.ids("forms", FormId)? },
            "page.visit" => {
                Self::VisitsPage { pages: s.ids("pages", PageId)?, url: s.some_text("url")?, referrer: s.some_text("referrer")? }
            }
            "device.used" => Self::UsesDevice { device: s.device()? },
            "contact.becomes" => Self::Becomes { filter: s.any("filter") },
            "contact.field" => Self::FieldIs {
                field: s.text("field")?.unwrap_or_default(),
                op: s.text("op")?.unwrap_or_else(|| "=".into()),
                value: s.any("value"),
            },
            "contact.filter" => Self::Matches { filter: s.any("filter") },
            "contact.device" => Self::HasDevice { device: s.device()? },
            "contact.visited" => Self::Visited {
                pages: s.ids("pages", PageId)?,
                url: s.some_text("url")?,
                from: s.instant("from")?,
                to: s.instant("to")?,
            },
            "contact.has_tags" => Self::HasTags { tags: s.texts("tags")? },
            "contact.in_segments" => Self::InSegments { segments: s.ids("segments", SegmentId)? },
            "contact.in_stages" => Self::InStages { stages: s.ids("stages", StageId)? },
            "contact.owned_by" => Self::OwnedBy { owners: s.ids("owners", UserId)? },
            "contact.in_campaigns" => Self::InCampaigns {
                campaigns: s.ids("campaigns", CampaignId)?,
                ever: s.switch("ever"),
                joined: match (s.text("joined")?.as_deref(), s.instant("joined_at")?) {
                    (Some("after"), Some(at)) => Some((true, at)),
                    (Some("before"), Some(at)) => Some((false, at)),
                    _ => None,
                },
            },
            "contact.blocked" => Self::Blocked { channels: s.channels()?, reason: s.number("reason")?.unwrap_or(0).clamp(0, 3) },
            "contact.points_are" => Self::PointsAre {
                op: s.text("op")?.unwrap_or_else(|| "gte".into()),
                points: s.number("points")?.unwrap_or(0),
                group: s.id("group_id")?.map(PointGroupId),
            },
            "form.answer" => Self::FormAnswer {
                form: s.id("form_id")?.map(FormId),
                field: s.text("field")?.unwrap_or_default(),
                op: s.text("op")?.unwrap_or_else(|| "=".into()),
                value: s.any("value"),
            },
            "email.valid" => Self::HasValidAddress,
            "flow.split" => Self::Split { percent: s.percent(50)? },
            "flow.holdout" => Self::Holdout { percent: s.percent(10)? },
            other => return Err(SettingsError::UnknownType(other.to_owned())),
        })
    }

    /// The settings as they are stored and shown.
    pub fn write(&self) -> Json {
        match self {
            Self::SendEmail { email } => json!({ "email_id": email }),
            Self::ChangeTags { add, remove } => json!({ "add": add, "remove": remove }),
            Self::ChangePoints { points, group: None } => json!({ "points": points }),
            Self::ChangePoints { points, group } => json!({ "points": points, "group_id": group }),
            Self::ChangeStage { stage } => json!({ "stage_id": stage }),
            Self::ChangeSegments { add, remove } => json!({ "add": add, "remove": remove }),
            Self::UpdateContact { fields } | Self::UpdateCompany { fields } => json!({ "fields": fields }),
            Self::ChangeOwner { owner } => json!({ "owner_id": owner }),
            Self::ChangeCampaigns { add, remove } => {
                json!({ "add": add.ids, "add_this": add.this, "remove": remove.ids, "remove_this": remove.this })
            }
            Self::StopContacting { channels, reason } => json!({ "channels": channels, "reason": reason }),
            Self::ContactAgain { channels } => json!({ "channels": channels }),
            Self::ScoreCompanies { score } => json!({ "score": score }),
            Self::AddToCompany { company } => json!({ "company_id": company }),
            Self::Jump { to } => json!({ "to": to }),
            Self::TellTeam { email, team } => {
                json!({ "email_id": email, "users": team.users, "owner": team.owner, "to": team.to })
            }
            Self::TellSlack { url, text } => json!({ "url": url, "text": text }),
            Self::CallWeb { call } => {
                json!({ "url": call.url, "method": call.method, "headers": pairs_out(&call.headers), "data": pairs_out(&call.data) })
            }
            Self::OpensEmail { machines: true } => json!({ "machines": true }),
            Self::DeleteContact | Self::OpensEmail { .. } | Self::RepliesToEmail | Self::HasValidAddress => json!({}),
            Self::ClicksEmail { urls, machines: true } => json!({ "urls": urls, "machines": true }),
            Self::ClicksEmail { urls, .. } => json!({ "urls": urls }),
            Self::SubmitsForm { forms } => json!({ "forms": forms }),
            Self::VisitsPage { pages, url, referrer: None } => json!({ "pages": pages, "url": url }),
            Self::VisitsPage { pages, url, referrer } => json!({ "pages": pages, "url": url, "referrer": referrer }),
            Self::UsesDevice { device } | Self::HasDevice { device } => {
                json!({ "types": device.types, "brands": device.brands, "systems": device.systems })
            }
            Self::Becomes { filter } | Self::Matches { filter } => json!({ "filter": filter }),
            Self::FieldIs { field, op, value } => json!({ "field": field, "op": op, "value": value }),
            Self::Visited { pages, url, from, to } => {
                json!({ "pages": pages, "url": url, "from": written(*from), "to": written(*to) })
            }
            Self::HasTags { tags } => json!({ "tags": tags }),
            Self::InSegments { segments } => json!({ "segments": segments }),
            Self::InStages { stages } => json!({ "stages": stages }),
            Self::OwnedBy { owners } => json!({ "owners": owners }),
            Self::InCampaigns { campaigns, ever, joined } => json!({
                "campaigns": campaigns, "ever": ever,
                "joined": joined.map(|(after, _)| if after { "after" } else { "before" }), "joined_at": written(joined.map(|j| j.1)),
            }),
            Self::Blocked { channels, reason } => json!({ "channels": channels, "reason": reason }),
            Self::PointsAre { op, points, group } => json!({ "op": op, "points": points, "group_id": group }),
            Self::FormAnswer { form, field, op, value } => json!({ "form_id": form, "field": field, "op": op, "value": value }),
            Self::Split { percent } | Self::Holdout { percent } => json!({ "percent": percent }),
        }
    }
}

fn written(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::rfc3339)
}

fn pairs_out(pairs: &Pairs) -> Vec<Json> {
    pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn wrong(field: &'static str, why: &str) -> SettingsError {
    SettingsError::Wrong { field, why: why.to_owned() }
}

struct Settings<'a>(&'a Json);

impl Settings<'_> {
    fn any(&self, field: &'static str) -> Json {
        self.0.get(field).cloned().unwrap_or(Json::Null)
    }

    fn number(&self, field: &'static str) -> Read<Option<i64>> {
        match self.0.get(field) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(n)) => n.as_i64().map(Some).ok_or_else(|| wrong(field, "write a whole number")),
            Some(Json::String(s)) if s.trim().is_empty() => Ok(None),
            Some(Json::String(s)) => s.trim().parse().map(Some).map_err(|_| wrong(field, "write a whole number")),
            Some(_) => Err(wrong(field, "write a whole number")),
        }
    }

    fn id(&self, field: &'static str) -> Read<Option<i64>> {
        Ok(self.number(field)?.filter(|n| *n > 0))
    }

    fn percent(&self, usual: i64) -> Read<i64> {
        match self.number("percent")?.unwrap_or(usual) {
            n @ 0..=100 => Ok(n),
            _ => Err(wrong("percent", "write a number from 0 to 100")),
        }
    }

    fn switch(&self, field: &'static str) -> bool {
        match self.0.get(field) {
            Some(Json::Bool(yes)) => *yes,
            Some(Json::Number(n)) => n.as_i64() == Some(1),
            Some(Json::String(text)) => matches!(text.as_str(), "1" | "true" | "yes" | "on"),
            _ => false,
        }
    }

    fn text(&self, field: &'static str) -> Read<Option<String>> {
        match self.0.get(field) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(s)) => Ok(Some(s.clone())),
            Some(_) => Err(wrong(field, "write a text")),
        }
    }

    fn some_text(&self, field: &'static str) -> Read<Option<String>> {
        Ok(self.text(field)?.filter(|t| !t.trim().is_empty()))
    }

    fn instant(&self, field: &'static str) -> Read<Option<Timestamp>> {
        let text = self.some_text(field)?;
        text.map(|t| Timestamp::parse(&t).map_err(|_| wrong(field, "write a date like 2026-03-01T09:00:00Z"))).transpose()
    }

    fn texts(&self, field: &'static str) -> Read<Vec<String>> {
        let list = match self.0.get(field) {
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

    /// Mail, unless others are named.
    fn channels(&self) -> Read<Vec<String>> {
        let named = self.texts("channels")?;
        Ok(if named.is_empty() { vec!["email".to_owned()] } else { named })
    }

    fn ids<T>(&self, field: &'static str, make: fn(i64) -> T) -> Read<Vec<T>> {
        match self.0.get(field) {
            None | Some(Json::Null) => Ok(Vec::new()),
            Some(Json::Array(list)) => list
                .iter()
                .map(|v| {
                    let n = v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()));
                    n.filter(|n| *n > 0).map(make).ok_or_else(|| wrong(field, "write a list of ids"))
                })
                .collect(),
            Some(_) => Err(wrong(field, "write a list of ids")),
        }
    }

    fn campaigns(&self, list: &'static str, this: &'static str) -> Read<CampaignChoice> {
        Ok(CampaignChoice { ids: self.ids(list, CampaignId)?, this: self.switch(this) })
    }

    fn map(&self, field: &'static str) -> Read<Map<String, Json>> {
        match self.0.get(field) {
            None | Some(Json::Null) => Ok(Map::new()),
            Some(Json::Object(map)) => Ok(map.clone()),
            Some(_) => Err(wrong(field, "write values by the alias of their field")),
        }
    }

    fn pairs(&self, field: &'static str) -> Read<Pairs> {
        let list = match self.0.get(field) {
            None | Some(Json::Null) => return Ok(Pairs::new()),
            Some(Json::Array(list)) => list,
            Some(_) => return Err(wrong(field, "write a list of names with values")),
        };
        let text = |v: Option<&Json>| match v {
            None | Some(Json::Null) => Some(String::new()),
            Some(Json::String(s)) => Some(s.clone()),
            Some(Json::Number(n)) => Some(n.to_string()),
            Some(_) => None,
        };
        list.iter()
            .map(|pair| text(pair.get("name")).zip(text(pair.get("value"))))
            .map(|pair| pair.ok_or_else(|| wrong(field, "write a list of names with values")))
            .filter(|pair| !matches!(pair, Ok((name, _)) if name.trim().is_empty()))
            .collect()
    }

    fn device(&self) -> Read<DeviceTraits> {
        Ok(DeviceTraits { types: self.texts("types")?, brands: self.texts("brands")?, systems: self.texts("systems")? })
    }

    fn call(&self) -> Read<WebCall> {
        let method = self.text("method")?.unwrap_or_else(|| "post".into()).to_lowercase();
        if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
            return Err(wrong("method", "choose get, post, put, patch or delete"));
        }
        Ok(WebCall {
            url: self.text("url")?.unwrap_or_default(),
            method,
            headers: self.pairs("headers")?,
            data: self.pairs("data")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_written() {
        for (key, settings) in [
            ("email.send", json!({"email_id": 7})),
            ("contact.tags", json!({"add": ["a", "b"], "remove": ["c"]})),
            ("contact.points", json!({"points": -3})),
            ("contact.points", json!({"points": 3, "group_id": 2})),
            ("contact.stage", json!({"stage_id": 2})),
            ("contact.segments", json!({"add": [1], "remove": [2]})),
            ("contact.update", json!({"fields": {"city": "Prague", "visited": "+1 day"}})),
            ("contact.owner", json!({"owner_id": 3})),
            ("contact.campaigns", json!({"add": [4], "add_this": false, "remove": [], "remove_this": true})),
            ("contact.stop", json!({"channels": ["email"], "reason": "asked for it"})),
            ("contact.again", json!({"channels": ["email", "sms"]})),
            ("contact.delete", json!({})),
            ("company.score", json!({"score": 5})),
            ("company.add", json!({"company_id": 6})),
            ("company.update", json!({"fields": {"companycity": "Brno"}})),
            ("flow.jump", json!({"to": "invite"})),
            ("team.email", json!({"email_id": 1, "users": [2], "owner": true, "to": ["a@x.io"]})),
            ("team.slack", json!({"url": "https://hooks.slack.com/x", "text": "Hello"})),
            (
                "web.call",
                json!({"url": "https://x.io", "method": "put", "headers": [{"name": "A", "value": "b"}], "data": [{"name": "c", "value": "d"}]}),
            ),
            ("email.open", json!({})),
            ("email.open", json!({"machines": true})),
            ("email.click", json!({"urls": [], "machines": true})),
            ("email.click", json!({"urls": ["https://x.io/*"]})),
            ("email.reply", json!({})),
            ("form.submit", json!({"forms": [1, 2]})),
            ("page.visit", json!({"pages": [4], "url": "*/pricing"})),
            ("page.visit", json!({"pages": [], "url": null, "referrer": "*google*"})),
            ("device.used", json!({"types": ["tablet"], "brands": [], "systems": ["iOS"]})),
            ("contact.becomes", json!({"filter": {"match": "all", "rules": []}})),
            ("contact.field", json!({"field": "city", "op": "=", "value": "Prague"})),
            ("contact.filter", json!({"filter": {"match": "any", "rules": []}})),
            ("contact.visited", json!({"pages": [1], "url": null, "from": "2025-01-01T00:00:00.000Z", "to": null})),
            ("contact.has_tags", json!({"tags": ["a"]})),
            ("contact.in_segments", json!({"segments": [1]})),
            ("contact.in_stages", json!({"stages": [1]})),
            ("contact.owned_by", json!({"owners": [1]})),
            (
                "contact.in_campaigns",
                json!({"campaigns": [1], "ever": true, "joined": "after", "joined_at": "2025-01-01T00:00:00.000Z"}),
            ),
            ("contact.blocked", json!({"channels": ["email"], "reason": 2})),
            ("contact.points_are", json!({"op": "gt", "points": 10, "group_id": null})),
            ("form.answer", json!({"form_id": 1, "field": "size", "op": "=", "value": "L"})),
            ("email.valid", json!({})),
            ("flow.split", json!({"percent": 30})),
            ("flow.holdout", json!({"percent": 5})),
        ] {
            let read = StepType::read(key, &settings).unwrap();
            assert_eq!((read.key(), read.write()), (key, settings));
        }
    }

    #[test]
    fn a_type_that_cannot_run_and_a_wrong_setting_are_named() {
        assert_eq!(
            StepType::read("sms.send", &json!({})).unwrap_err().to_string(),
            "“sms.send” is not a kind of step that this version can run"
        );
        for (key, settings, said) in [
            ("contact.points", json!({"points": "many"}), "points: write a whole number"),
            ("form.submit", json!({"forms": ["x"]}), "forms: write a list of ids"),
            ("flow.split", json!({"percent": 101}), "percent: write a number from 0 to 100"),
            ("web.call", json!({"method": "brew"}), "method: choose get, post, put, patch or delete"),
            ("contact.visited", json!({"from": "soon"}), "from: write a date like 2026-03-01T09:00:00Z"),
        ] {
            assert_eq!(StepType::read(key, &settings).unwrap_err().to_string(), said);
        }
    }
}
