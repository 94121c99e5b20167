//! Variants and translations of `/api/emails` (`messages.md` §1.1).

use hg_app::Error;
use hg_app::emails::family::{Joining, Member, Relatives, Role};
use hg_core::emails::Criterion;
use hg_core::ids::EmailId;
use serde_json::{Map, Value, json};

use super::answer::CompatAnswer;

/// A number, a text that is one, or an object with an id.
fn id_in(value: &Value) -> Option<i64> {
    match value {
        Value::Object(map) => map.get("id").and_then(id_in),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

/// What the email of a request is to another one; none if it does not say.
pub fn read(body: &Map<String, Value>) -> CompatAnswer<Option<Joining>> {
    let parent = |key: &str| body.get(key).filter(|value| !value.is_null()).and_then(id_in);
    let settings = body.get("variantSettings");
    let criterion = settings.and_then(|s| s.get("winnerCriteria")).and_then(Value::as_str).filter(|c| !c.is_empty());
    if let Some(id) = parent("variantParent") {
        let criterion = match criterion {
            None => Criterion::Opens,
            Some(key) => Criterion::of(key).ok_or_else(|| {
                let detail = format!("“{key}” cannot decide a test here: use email.openrate or email.clickthrough.");
                Error::field("/variantSettings/winnerCriteria", "criterion", detail)
            })?,
        };
        let weight = settings.and_then(|s| s.get("weight")).and_then(id_in);
        return Ok(Some(Joining { parent: EmailId(id), role: Role::Variant, weight, criterion }));
    }
    let translated = parent("translationParent").or_else(|| parent("segmentTranslationParent"));
    let joining = |id| Joining { parent: EmailId(id), role: Role::Translation, weight: Some(0), criterion: Criterion::Opens };
    Ok(translated.map(joining))
}

fn brief(member: &Member) -> Value {
    json!({"id": member.id, "name": member.name, "subject": member.subject, "language": member.language,
           "isPublished": member.published})
}

/// The keys about parents, children and the running test.
pub fn show(relatives: &Relatives) -> Map<String, Value> {
    let children = |role: Role| relatives.children.iter().filter(|m| m.role == role).map(brief).collect::<Vec<_>>();
    let parent = |role: Role| relatives.parent.as_ref().filter(|p| p.role == role).map_or(Value::Null, brief);
    let (began, sent, read) = relatives.test.map_or((None, 0, 0), |(at, sent, read)| (Some(at), sent, read));
    let keys = [
        ("variantParent", parent(Role::Variant)),
        ("variantChildren", json!(children(Role::Variant))),
        ("translationParent", parent(Role::Translation)),
        ("translationChildren", json!(children(Role::Translation))),
        ("variantStartDate", began.map_or(Value::Null, |at| json!(at.rfc3339_offset()))),
        ("variantSentCount", json!(sent)),
        ("variantReadCount", json!(read)),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
