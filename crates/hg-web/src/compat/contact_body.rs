//! What the body of a request says about a contact (`api.md` §3.1).

use hg_app::contacts::{self, ContactInput, NewDoNotContact, PointsOperator};
use hg_app::fields::Field;
use hg_app::preferences::{self, Period, Rule};
use hg_app::{Action, Area, Cx, stages};
use hg_core::ids::{CompanyId, ContactId, StageId};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::campaigns::instant;
use super::crud::{ids, is_true};
use super::reading::field_value;

/// The stage of a body, when it names one; nothing or a blank takes the contact out of any.
pub(super) async fn set_stage(cx: &Cx, id: ContactId, body: &Map<String, Value>) -> CompatAnswer<()> {
    let Some(named) = body.get("stage") else { return Ok(()) };
    let stage = ids(Some(named)).first().copied().filter(|id| *id > 0).map(StageId);
    match stages::change(cx, id, stage).await {
        Err(error) if error.is_not_found() => Err(CompatError::bad("stage: There is no such stage.")),
        other => Ok(other.map(|_| ())?),
    }
}

/// What a body says of a contact: values of fields that exist, tags, owner, do-not-contact; the rest is passed over.
pub(super) fn read(body: &Map<String, Value>, all_fields: &[Field], keep_blanks: bool) -> ContactInput {
    let blank = |v: &Value| matches!(v, Value::Null) || v.as_str().is_some_and(|s| s.trim().is_empty());
    let fields = all_fields
        .iter()
        .filter(|f| f.def.published)
        .filter_map(|f| body.get(&f.def.alias).map(|v| (f.def.alias.clone(), field_value(&f.def, v))))
        .filter(|(_, v)| keep_blanks || !blank(v));
    let tags = match body.get("tags") {
        Some(Value::Array(list)) => {
            list.iter().filter_map(|t| t.as_str().or_else(|| t.get("tag").and_then(Value::as_str))).map(str::to_owned).collect()
        }
        Some(Value::String(csv)) => csv.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect(),
        _ => Vec::new(),
    };
    let number = |v: &Value| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()));
    let owner_id =
        body.get("owner").map(|v| number(v).or_else(|| v.get("id").and_then(number)).filter(|n| *n > 0).map(Into::into));
    let entries = match body.get("doNotContact") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(map)) => map.values().collect(),
        _ => Vec::new(),
    };
    let do_not_contact = entries.into_iter().filter(|e| e.is_object()).map(|e| NewDoNotContact {
        channel: e.get("channel").and_then(Value::as_str).unwrap_or("email").to_owned(),
        reason: e.get("reason").and_then(number).unwrap_or(3),
        channel_id: e.get("channelId").and_then(number),
        comments: e.get("comments").and_then(Value::as_str).unwrap_or("").to_owned(),
    });
    let companies = body.get("companies").map(|list| ids(Some(list)).into_iter().map(CompanyId).collect());
    ContactInput { version: None, fields: fields.collect(), tags, owner_id, do_not_contact: do_not_contact.collect(), companies }
}

/// Zero points of a POST or PATCH are passed over; there is an address of its own for points.
pub(super) async fn set_points(cx: &Cx, id: ContactId, body: &Map<String, Value>, zero_counts: bool) -> CompatAnswer<()> {
    let wanted = body.get("points").and_then(|v| v.as_i64().or_else(|| v.as_str().and_then(|s| s.parse().ok())));
    if let Some(n) = wanted.filter(|n| *n != 0 || zero_counts) {
        contacts::points(cx, id, PointsOperator::Set, n, "API".into()).await?;
    }
    Ok(())
}

/// What a body says besides values of fields: an address, when she was active and, of an administrator, when she was
/// added; rules of channels.
pub(super) async fn write_extras(cx: &Cx, id: ContactId, body: &Map<String, Value>) -> CompatAnswer<()> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
    if let Some(address) = text("ipAddress") {
        contacts::add_address(cx, id, address.to_owned()).await?;
    }
    if let Some(at) = instant(body, "lastActive")? {
        let active = ContactInput { fields: [("last_active".to_owned(), json!(at.rfc3339()))].into(), ..ContactInput::default() };
        contacts::update(cx, id, active, false).await?;
    }
    if cx.may(Action::Edit(Area::Users)).is_ok()
        && let Some(at) = instant(body, "dateAdded")?
    {
        contacts::set_created_at(cx, id, at).await?;
    }
    for rule in rules_in(body.get("frequencyRules"))? {
        preferences::set_rule(cx, id, rule).await?;
    }
    Ok(())
}

/// Rules as a list, or as an object by channel.
fn rules_in(sent: Option<&Value>) -> CompatAnswer<Vec<Rule>> {
    let entries: Vec<(Option<&str>, &Value)> = match sent {
        Some(Value::Array(list)) => list.iter().map(|v| (None, v)).collect(),
        Some(Value::Object(map)) => map.iter().map(|(channel, v)| (Some(channel.as_str()), v)).collect(),
        _ => Vec::new(),
    };
    let mut rules = Vec::new();
    for (channel, entry) in entries.into_iter().filter(|(_, e)| e.is_object()) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
        let number =
            |key: &str| entry.get(key).and_then(|v| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok())));
        let most = number("frequencyNumber").filter(|n| *n > 0);
        let period = match text("frequencyTime") {
            None => most.map(|_| Period::Day),
            Some(word) => {
                let wrong = || CompatError::bad(format!("frequencyRules: {word} is no period; use DAY, WEEK or MONTH."));
                Some(Period::parse(word).ok_or_else(wrong)?).filter(|_| most.is_some())
            }
        };
        let instant = |key: &str| text(key).and_then(|t| Timestamp::parse(t).ok());
        rules.push(Rule {
            channel: text("channel").or(channel).unwrap_or("email").to_owned(),
            most,
            period,
            preferred: entry.get("preferredChannel").is_some_and(is_true),
            pause_from: instant("pauseFromDate"),
            pause_until: instant("pauseToDate"),
        });
    }
    Ok(rules)
}
