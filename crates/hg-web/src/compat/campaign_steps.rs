//! The types of events and their properties: the old names and shapes, and ours.

use hg_core::campaigns::StepType;
use hg_core::campaigns::steps::{CampaignChoice, Pairs};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::crud::{ids, is_true};

/// Old type, our type. Types that only we have stand under their own name.
const TYPES: &[(&str, &str)] = &[
    ("email.send", "email.send"),
    ("lead.changetags", "contact.tags"),
    ("lead.changepoints", "contact.points"),
    ("stage.change", "contact.stage"),
    ("lead.changelist", "contact.segments"),
    ("lead.updatelead", "contact.update"),
    ("lead.changeowner", "contact.owner"),
    ("campaign.addremovelead", "contact.campaigns"),
    ("lead.adddnc", "contact.stop"),
    ("lead.removednc", "contact.again"),
    ("lead.deletecontact", "contact.delete"),
    ("lead.scorecontactscompanies", "company.score"),
    ("lead.addtocompany", "company.add"),
    ("lead.updatecompany", "company.update"),
    ("campaign.jump_to_event", "flow.jump"),
    ("email.send.to.user", "team.email"),
    ("campaign.sendwebhook", "web.call"),
    ("email.open", "email.open"),
    ("email.click", "email.click"),
    ("email.reply", "email.reply"),
    ("form.submit", "form.submit"),
    ("page.pagehit", "page.visit"),
    ("page.devicehit", "device.used"),
    ("lead.field_value", "contact.field"),
    ("lead.device", "contact.device"),
    ("lead.pageHit", "contact.visited"),
    ("lead.tags", "contact.has_tags"),
    ("lead.segments", "contact.in_segments"),
    ("lead.stages", "contact.in_stages"),
    ("lead.owner", "contact.owned_by"),
    ("lead.campaigns", "contact.in_campaigns"),
    ("lead.dnc", "contact.blocked"),
    ("lead.points", "contact.points_are"),
    ("form.field_value", "form.answer"),
    ("email.validate.address", "email.valid"),
    ("honeyguide.slack", "team.slack"),
    ("honeyguide.becomes", "contact.becomes"),
    ("honeyguide.filter", "contact.filter"),
    ("honeyguide.split", "flow.split"),
    ("honeyguide.holdout", "flow.holdout"),
];

pub(super) fn old_type(what: &StepType) -> &'static str {
    TYPES.iter().find(|(_, ours)| *ours == what.key()).map_or("", |(old, _)| old)
}

pub(super) fn our_type(old: &str) -> Option<&'static str> {
    TYPES.iter().find(|(o, _)| *o == old).map(|(_, ours)| *ours)
}

/// Properties of an event, read leniently.
struct Given<'a>(&'a Value);

impl Given<'_> {
    fn texts(&self, key: &str) -> Vec<Value> {
        match self.0.get(key) {
            Some(Value::Array(list)) => list.clone(),
            Some(Value::Object(o)) => match o.get("list") {
                Some(Value::Array(list)) => list.clone(),
                Some(Value::Object(list)) => list.values().cloned().collect(),
                _ => Vec::new(),
            },
            Some(Value::String(s)) if !s.is_empty() => vec![json!(s)],
            _ => Vec::new(),
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty())
    }

    fn ids(&self, key: &str) -> Vec<i64> {
        ids(self.0.get(key))
    }

    fn id(&self, key: &str) -> Option<i64> {
        self.ids(key).first().copied()
    }

    fn any(&self, key: &str) -> Value {
        self.0.get(key).cloned().unwrap_or(Value::Null)
    }

    fn is_true(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(is_true)
    }

    fn says_this(&self, key: &str) -> bool {
        self.texts(key).iter().any(|v| v == "this")
    }

    /// `{"list": [{"label", "value"}]}`
    fn pairs(&self, key: &str) -> Vec<Value> {
        self.texts(key).iter().map(|p| json!({ "name": p.get("label"), "value": p.get("value") })).collect()
    }

    fn date(&self, key: &str) -> CompatAnswer<Option<String>> {
        match self.text(key) {
            None => Ok(None),
            Some(text) => match Timestamp::parse(text) {
                Ok(at) => Ok(Some(at.rfc3339())),
                Err(_) => Err(CompatError::bad(format!("events: “{text}” of {key} is not a valid datetime."))),
            },
        }
    }

    /// Addresses in one text, with commas between.
    fn addresses(&self, keys: &[&str]) -> Vec<String> {
        let all = keys.iter().filter_map(|key| self.text(key)).flat_map(|text| text.split(','));
        all.map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect()
    }
}

/// Our settings of old properties; a key of a step is what an id of an event became.
pub(super) fn settings(ours: &str, properties: &Value, key_of: &dyn Fn(&Value) -> Option<String>) -> CompatAnswer<Value> {
    let p = Given(properties);
    Ok(match ours {
        "email.send" => json!({"email_id": p.id("email")}),
        "contact.tags" => json!({"add": p.texts("add_tags"), "remove": p.texts("remove_tags")}),
        "contact.points" => {
            json!({"points": properties.get("points").cloned().unwrap_or(json!(0)), "group_id": p.id("group")})
        }
        "contact.stage" => json!({"stage_id": p.id("stage")}),
        "contact.segments" => json!({"add": p.ids("addToLists"), "remove": p.ids("removeFromLists")}),
        "contact.update" | "company.update" => json!({"fields": written_fields(properties)}),
        "contact.owner" => json!({"owner_id": p.id("owner")}),
        "contact.campaigns" => json!({
            "add": numbers(&p.texts("addTo")), "add_this": p.says_this("addTo"),
            "remove": numbers(&p.texts("removeFrom")), "remove_this": p.says_this("removeFrom"),
        }),
        "contact.stop" => json!({"channels": p.texts("channels"), "reason": p.text("reason")}),
        "contact.again" => json!({"channels": p.texts("channels")}),
        "company.score" => json!({"score": properties.get("score").cloned().unwrap_or(json!(0))}),
        "company.add" => json!({"company_id": p.id("company")}),
        "flow.jump" => json!({"to": properties.get("jumpToEvent").and_then(key_of)}),
        "team.email" => {
            let nested = properties.get("useremail").map(|u| Given(u).ids("email")).unwrap_or_default();
            json!({
                "email_id": nested.first().copied().or_else(|| p.id("email")), "users": p.ids("user_id"),
                "owner": p.is_true("to_owner"), "to": p.addresses(&["to", "cc", "bcc"]),
            })
        }
        "web.call" => json!({
            "url": p.text("url"), "method": p.text("method").unwrap_or("post"),
            "headers": p.pairs("headers"), "data": p.pairs("additional_data"),
        }),
        "email.click" => json!({"urls": p.texts("urls"), "machines": p.is_true("machines")}),
        "email.open" => json!({"machines": p.is_true("machines")}),
        "form.submit" => json!({"forms": p.ids("forms")}),
        "page.visit" => json!({"pages": p.ids("pages"), "url": p.text("url"), "referrer": p.text("referer")}),
        "device.used" | "contact.device" => {
            json!({"types": p.texts("device_type"), "brands": p.texts("device_brand"), "systems": p.texts("device_os")})
        }
        "contact.field" => json!({"field": p.any("field"), "op": p.any("operator"), "value": p.any("value")}),
        "contact.visited" => {
            if properties.get("accumulative_time").is_some_and(|t| !matches!(t, Value::Null) && t != "" && t != "0" && t != 0) {
                return Err(CompatError::bad(
                    "events: lead.pageHit with accumulative_time cannot run: how long pages are read is not recorded.",
                ));
            }
            json!({"pages": p.ids("page"), "url": p.text("page_url"), "from": p.date("startDate")?, "to": p.date("endDate")?})
        }
        "contact.has_tags" => json!({"tags": p.texts("tags")}),
        "contact.in_segments" => json!({"segments": p.ids("segments")}),
        "contact.in_stages" => json!({"stages": p.ids("stages")}),
        "contact.owned_by" => json!({"owners": p.ids("owner")}),
        "contact.in_campaigns" => {
            let joined = match p.text("expr") {
                _ if !p.is_true("dataAddedLimit") => None,
                Some("gt") => Some("after"),
                Some("lt") => Some("before"),
                _ => None,
            };
            json!({"campaigns": p.ids("campaigns"), "ever": p.is_true("ever"), "joined": joined, "joined_at": p.date("dateAdded")?})
        }
        "contact.blocked" => {
            let reason = properties.get("reason").and_then(|r| r.as_i64().or_else(|| r.as_str().and_then(|s| s.parse().ok())));
            json!({"channels": p.texts("channels"), "reason": reason.unwrap_or(0)})
        }
        "contact.points_are" => {
            json!({"op": p.text("operator").unwrap_or("gte"), "points": p.any("score"), "group_id": p.id("group")})
        }
        "form.answer" => {
            json!({"form_id": p.id("form"), "field": p.text("field"), "op": p.text("operator").unwrap_or("="), "value": p.any("value")})
        }
        "contact.delete" | "email.reply" | "email.valid" => json!({}),
        // Types of our own have one shape.
        _ => properties.clone(),
    })
}

/// What a builder sends beside the fields of its form.
fn written_fields(properties: &Value) -> Map<String, Value> {
    const OTHERS: [&str; 13] = [
        "canvasSettings",
        "name",
        "triggerMode",
        "triggerWindow",
        "triggerDate",
        "triggerInterval",
        "triggerIntervalUnit",
        "anchor",
        "properties",
        "type",
        "eventType",
        "anchorEventType",
        "campaignId",
    ];
    let blank = |value: &Value| value.is_null() || value.as_str().is_some_and(|s| s.trim().is_empty());
    let all = properties.as_object().into_iter().flatten();
    all.filter(|(key, value)| !OTHERS.contains(&key.as_str()) && !key.starts_with('_') && !blank(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// The ids of a list that may also say `this`.
fn numbers(list: &[Value]) -> Vec<i64> {
    list.iter().filter_map(|v| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()))).filter(|n| *n > 0).collect()
}

/// Old properties of a step; an id of an event stands where we have a key.
pub(super) fn properties(what: &StepType, id_of: &dyn Fn(&str) -> Option<i64>) -> Value {
    let with_this = |choice: &CampaignChoice| -> Vec<Value> {
        choice.this.then(|| json!("this")).into_iter().chain(choice.ids.iter().map(|id| json!(id))).collect()
    };
    let pairs = |list: &Pairs| -> Value {
        let list: Vec<Value> = list.iter().map(|(label, value)| json!({"label": label, "value": value})).collect();
        json!({ "list": list })
    };
    let date = |at: &Option<Timestamp>| at.map(Timestamp::rfc3339_offset);
    match what {
        StepType::SendEmail { email } => json!({"email": email.map(|e| e.0.to_string())}),
        StepType::ChangeTags { add, remove } => json!({"add_tags": add, "remove_tags": remove}),
        StepType::ChangePoints { points, group: None } => json!({"points": points}),
        StepType::ChangePoints { points, group } => json!({"points": points, "group": group}),
        StepType::ChangeStage { stage } => json!({"stage": stage}),
        StepType::ChangeSegments { add, remove } => json!({"addToLists": add, "removeFromLists": remove}),
        StepType::UpdateContact { fields } | StepType::UpdateCompany { fields } => Value::Object(fields.clone()),
        StepType::ChangeOwner { owner } => json!({"owner": owner}),
        StepType::ChangeCampaigns { add, remove } => json!({"addTo": with_this(add), "removeFrom": with_this(remove)}),
        StepType::StopContacting { channels, reason } => json!({"channels": channels, "reason": reason}),
        StepType::ContactAgain { channels } => json!({"channels": channels}),
        StepType::ScoreCompanies { score } => json!({"score": score}),
        StepType::AddToCompany { company } => json!({"company": company}),
        StepType::Jump { to } => json!({"jumpToEvent": to.as_deref().and_then(id_of)}),
        StepType::TellTeam { email, team } => json!({
            "useremail": {"email": email}, "user_id": team.users, "to_owner": team.owner, "to": team.to.join(", "), "cc": "", "bcc": "",
        }),
        StepType::CallWeb { call } => json!({
            "url": call.url, "method": call.method, "headers": pairs(&call.headers), "additional_data": pairs(&call.data),
        }),
        StepType::OpensEmail { machines: true } => json!({"machines": 1}),
        StepType::DeleteContact | StepType::OpensEmail { .. } | StepType::RepliesToEmail | StepType::HasValidAddress => json!({}),
        StepType::ClicksEmail { urls, machines: true } => json!({"urls": {"list": urls}, "machines": 1}),
        StepType::ClicksEmail { urls, .. } => json!({"urls": {"list": urls}}),
        StepType::SubmitsForm { forms } => json!({"forms": forms}),
        StepType::VisitsPage { pages, url, referrer } => json!({"pages": pages, "url": url, "referer": referrer}),
        StepType::UsesDevice { device } | StepType::HasDevice { device } => {
            json!({"device_type": device.types, "device_brand": device.brands, "device_os": device.systems})
        }
        StepType::FieldIs { field, op, value } => json!({"field": field, "operator": op, "value": value}),
        StepType::Visited { pages, url, from, to } => {
            json!({"page": pages.first(), "page_url": url, "startDate": date(from), "endDate": date(to)})
        }
        StepType::HasTags { tags } => json!({"tags": tags}),
        StepType::InSegments { segments } => json!({"segments": segments}),
        StepType::InStages { stages } => json!({"stages": stages}),
        StepType::OwnedBy { owners } => json!({"owner": owners}),
        StepType::InCampaigns { campaigns, ever, joined } => json!({
            "campaigns": campaigns, "ever": ever, "dataAddedLimit": joined.is_some(),
            "expr": joined.map(|(after, _)| if after { "gt" } else { "lt" }), "dateAdded": date(&joined.map(|j| j.1)),
        }),
        StepType::Blocked { channels, reason } => {
            json!({"channels": channels, "reason": (*reason != 0).then(|| reason.to_string())})
        }
        StepType::PointsAre { op, points, group } => json!({"operator": op, "score": points, "group": group}),
        StepType::FormAnswer { form, field, op, value } => {
            json!({"form": form, "field": field, "operator": op, "value": value})
        }
        StepType::TellSlack { .. }
        | StepType::Becomes { .. }
        | StepType::Matches { .. }
        | StepType::Split { .. }
        | StepType::Holdout { .. } => what.write(),
    }
}

/// The channel of an event, and the thing on it.
pub(super) fn channel(what: &StepType) -> (Option<&'static str>, Option<i64>) {
    match what {
        StepType::SendEmail { email } => (Some("email"), email.map(|e| e.0)),
        StepType::OpensEmail { .. } | StepType::ClicksEmail { .. } | StepType::RepliesToEmail | StepType::TellTeam { .. } => {
            (Some("email"), None)
        }
        StepType::VisitsPage { .. } | StepType::UsesDevice { .. } => (Some("page"), None),
        StepType::SubmitsForm { .. } => (Some("form"), None),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hg_core::campaigns::steps::TYPES as PALETTE;

    #[test]
    fn every_type_of_the_palette_has_one_old_name() {
        for info in PALETTE {
            assert_eq!(TYPES.iter().filter(|(_, ours)| *ours == info.key).count(), 1, "{}", info.key);
        }
    }

    #[test]
    fn properties_survive_the_way_to_our_settings_and_back() {
        let to_key = |id: &Value| id.as_i64().map(|n| format!("step{n}"));
        let to_id = |key: &str| key.strip_prefix("step")?.parse().ok();
        for (old, properties_in) in [
            ("lead.changelist", json!({"addToLists": [1, 2], "removeFromLists": [3]})),
            ("lead.updatelead", json!({"city": "Prague", "last_seen": "+1 day"})),
            ("lead.changeowner", json!({"owner": 4})),
            ("campaign.addremovelead", json!({"addTo": ["this", 5], "removeFrom": [6]})),
            ("lead.adddnc", json!({"channels": ["email"], "reason": "asked"})),
            ("lead.addtocompany", json!({"company": 7})),
            ("campaign.jump_to_event", json!({"jumpToEvent": 8})),
            (
                "email.send.to.user",
                json!({"useremail": {"email": 9}, "user_id": [1], "to_owner": true, "to": "a@x.io, b@x.io", "cc": "", "bcc": ""}),
            ),
            (
                "campaign.sendwebhook",
                json!({"url": "https://x.io", "method": "put", "headers": {"list": [{"label": "A", "value": "b"}]}, "additional_data": {"list": []}}),
            ),
            ("page.pagehit", json!({"pages": [1], "url": "*/a", "referer": "*google*"})),
            ("page.devicehit", json!({"device_type": ["tablet"], "device_brand": [], "device_os": ["iOS"]})),
            ("lead.pageHit", json!({"page": 3, "page_url": null, "startDate": "2025-01-01T00:00:00+00:00", "endDate": null})),
            ("lead.tags", json!({"tags": ["a"]})),
            (
                "lead.campaigns",
                json!({"campaigns": [1], "ever": false, "dataAddedLimit": true, "expr": "gt", "dateAdded": "2025-01-01T00:00:00+00:00"}),
            ),
            ("lead.dnc", json!({"channels": ["email"], "reason": "2"})),
            ("lead.points", json!({"operator": "gt", "score": 10, "group": null})),
            ("form.field_value", json!({"form": 1, "field": "size", "operator": "=", "value": "L"})),
            ("honeyguide.split", json!({"percent": 30})),
        ] {
            let ours = our_type(old).unwrap();
            let step = StepType::read(ours, &settings(ours, &properties_in, &to_key).unwrap()).unwrap();
            assert_eq!((old_type(&step), properties(&step, &to_id)), (old, properties_in));
        }
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        let timed = settings("contact.visited", &json!({"accumulative_time": 60}), &|_| None).unwrap_err();
        assert!(timed.message.contains("accumulative_time"));
    }
}
