//! `/api/contacts` (`api.md` §3.1).

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use axum::Router;
use hg_app::Cx;
use hg_app::contacts::{self, Choices, Contact, ContactQuery, Hanging, UtmRecord};
use hg_app::fields::{self, Field};
use hg_app::list::ListQuery;
use hg_app::preferences::{Period, Rule};
use hg_app::stages;
use hg_app::users::{self, User};
use hg_core::contacts::{FieldDef, FieldObject, FieldType, FieldValue};
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::CompatAnswer;
use super::contact_body::{read, set_points, set_stage, write_extras};
use super::contact_query::{asked, column};
use super::crud::{CompatList, Entity, PublishBlock, is_true, routes};
use crate::Web;

pub fn router() -> Router<Web> {
    routes::<Contacts>()
}

pub(super) struct Contacts;

/// A value as it is stored in the old tables: numbers as numbers, choices joined by `|`.
pub(super) fn stored(field: &FieldDef, value: &FieldValue) -> Value {
    match value {
        FieldValue::Choices(choices) => json!(choices.join("|")),
        FieldValue::Bool(b) => json!(i64::from(*b)),
        FieldValue::Instant(at) if field.kind == FieldType::Datetime => json!(at.sql_text()),
        other => other.to_json(),
    }
}

pub(super) fn entry(field: &FieldDef, value: &FieldValue, fresh: bool) -> Value {
    let normalized = match value {
        FieldValue::Choices(choices) => json!(choices),
        other => stored(field, other),
    };
    // On the answer of a create the old API gives numbers and objects where it gives texts elsewhere.
    let (id, fixed, properties) = if fresh {
        (json!(field.id), json!(i64::from(field.fixed)), properties(field))
    } else {
        (json!(field.id.to_string()), json!(if field.fixed { "1" } else { "0" }), json!(serialised(&properties(field))))
    };
    json!({
        "id": id, "label": field.label, "alias": field.alias, "type": field.kind.compatible_name(), "group": field.group.name(),
        "object": if field.object == FieldObject::Company { "company" } else { "lead" }, "is_fixed": fixed, "properties": properties, "default_value": field.default_value,
        "value": stored(field, value), "normalizedValue": normalized,
    })
}

/// A field's properties in the old shape.
pub(super) fn properties(field: &FieldDef) -> Value {
    let p = &field.properties;
    let mut out = Map::new();
    if !p.options.is_empty() {
        out.insert("list".into(), p.options.iter().map(|o| json!({"label": o.label, "value": o.value})).collect());
    }
    if let Some(yes) = &p.yes {
        out.insert("yes".into(), json!(yes));
    }
    if let Some(no) = &p.no {
        out.insert("no".into(), json!(no));
    }
    if let Some(scale) = p.scale {
        out.insert("scale".into(), json!(scale));
    }
    Value::Object(out)
}

/// PHP's serialisation, of what properties hold.
fn serialised(value: &Value) -> String {
    match value {
        Value::Null => "N;".into(),
        Value::Bool(b) => format!("b:{};", i64::from(*b)),
        Value::Number(n) => n.as_i64().map_or_else(|| format!("d:{n};"), |n| format!("i:{n};")),
        Value::String(s) => format!("s:{}:\"{s}\";", s.len()),
        Value::Array(items) => {
            let inner: String = items.iter().enumerate().map(|(i, v)| format!("i:{i};{}", serialised(v))).collect();
            format!("a:{}:{{{inner}}}", items.len())
        }
        Value::Object(map) => {
            let inner: String = map.iter().map(|(k, v)| format!("s:{}:\"{k}\";{}", k.len(), serialised(v))).collect();
            format!("a:{}:{{{inner}}}", map.len())
        }
    }
}

/// What a contact is shown with: the fields, and what hangs on her.
pub(super) struct Around {
    fields: Vec<Field>,
    users: Vec<User>,
    hanging: HashMap<ContactId, Hanging>,
    /// As they are shown.
    stages: HashMap<i64, Value>,
}

impl Around {
    /// Everything that these contacts are shown with.
    pub(super) async fn of(cx: &Cx, ids: Vec<ContactId>) -> CompatAnswer<Around> {
        let users = users::owners(cx).await?;
        let all = stages::list(cx, ListQuery { limit: 10_000, ..ListQuery::default() }).await?;
        let stages = all.items.iter().map(|s| (s.id.0, super::stages::nested(s))).collect();
        Ok(Around { fields: fields::list(cx).await?, users, hanging: contacts::hanging(cx, ids).await?, stages })
    }
}

/// The little that notes and devices tell about their contact.
pub(super) fn basics(c: &Contact, around: &Around) -> Value {
    let mut shown = show(c, around, true, false);
    if let Value::Object(map) = &mut shown {
        map.retain(|key, _| matches!(key.as_str(), "id" | "points" | "color" | "fields"));
    }
    shown
}

fn addresses(hanging: &Hanging) -> Value {
    let details = |known: &Option<Value>| {
        let part = |key: &str| known.as_ref().and_then(|d| d.get(key)).cloned();
        let text = |key: &str| part(key).unwrap_or_else(|| json!(""));
        json!({
            "city": text("city"), "region": text("region"), "zipcode": text("zipcode"), "country": text("country"),
            "latitude": text("latitude"), "longitude": text("longitude"), "isp": text("isp"), "organization": text("organization"),
            "timezone": text("timezone"), "extra": text("extra"),
        })
    };
    hanging.addresses.iter().map(|a| json!({"ipAddress": a.address, "id": a.id, "ipDetails": details(&a.details)})).collect()
}

fn utm_tags(hanging: &Hanging) -> Value {
    let one = |r: &UtmRecord| {
        let t = &r.tags;
        let query = t.query.clone().unwrap_or_else(|| {
            let said = [("utm_campaign", &t.campaign), ("utm_content", &t.content), ("utm_medium", &t.medium)];
            let said = said.into_iter().chain([("utm_source", &t.source), ("utm_term", &t.term)]);
            said.filter_map(|(key, value)| value.as_ref().map(|v| (key.to_owned(), json!(v)))).collect::<Map<_, _>>().into()
        });
        json!({
            "id": r.id, "query": query, "referer": t.referrer, "remoteHost": t.remote_host, "url": t.url, "userAgent": t.agent,
            "utmCampaign": t.campaign, "utmContent": t.content, "utmMedium": t.medium, "utmSource": t.source, "utmTerm": t.term,
        })
    };
    hanging.utm.iter().map(one).collect()
}

fn frequency_rules(hanging: &Hanging) -> Value {
    let date = |t: Option<Timestamp>| t.map(Timestamp::rfc3339_offset);
    let one = |r: &Rule| {
        json!({
            "channel": r.channel, "frequencyNumber": r.most, "frequencyTime": r.period.map(Period::key), "preferredChannel": r.preferred,
            "pauseFromDate": date(r.pause_from), "pauseToDate": date(r.pause_until),
        })
    };
    hanging.rules.iter().map(one).collect()
}

fn show(c: &Contact, around: &Around, minimal: bool, fresh: bool) -> Value {
    let block = PublishBlock {
        is_published: true,
        date_added: Some(c.created_at),
        date_modified: Some(c.updated_at),
        created_by: None,
        created_by_user: None,
    };
    let mut out = block.start();
    let mut groups: BTreeMap<&str, Map<String, Value>> =
        ["core", "social", "personal", "professional"].into_iter().map(|g| (g, Map::new())).collect();
    let mut flat = Map::from_iter([("id".to_owned(), json!(c.id)), ("points".to_owned(), json!(c.points))]);
    for field in around.fields.iter().map(|f| &f.def).filter(|f| f.published) {
        let value = c.values.get(&field.alias).cloned().unwrap_or_default();
        groups.entry(field.group.name()).or_default().insert(field.alias.clone(), entry(field, &value, fresh));
        flat.insert(field.alias.clone(), stored(field, &value));
    }
    let mut shown: Map<String, Value> = ["core", "social", "personal", "professional"]
        .into_iter()
        .map(|g| {
            let group = groups.remove(g).unwrap_or_default();
            (g.to_owned(), if group.is_empty() { json!([]) } else { Value::Object(group) })
        })
        .collect();
    shown.insert("all".into(), Value::Object(flat));
    out.insert("id".into(), json!(c.id));
    out.insert("points".into(), json!(c.points));
    out.insert("color".into(), json!(c.color));
    out.insert("fields".into(), Value::Object(shown));
    if minimal {
        return Value::Object(out);
    }
    let date = |t: Option<Timestamp>| json!(t.map(Timestamp::rfc3339_offset));
    out.insert("lastActive".into(), date(c.last_active_at));
    out.insert(
        "owner".into(),
        c.owner_id.map_or(Value::Null, |id| {
            let user = around.users.iter().find(|u| u.id == id);
            json!({
                "createdByUser": null, "modifiedByUser": null, "id": id, "username": user.map(|u| &u.email),
                "firstName": user.map(|u| &u.first_name), "lastName": user.map(|u| &u.last_name),
            })
        }),
    );
    let nothing = Hanging::default();
    let hanging = around.hanging.get(&c.id).unwrap_or(&nothing);
    out.insert("ipAddresses".into(), addresses(hanging));
    out.insert("tags".into(), c.tags.iter().map(|(id, name)| json!({"id": id, "tag": name, "description": null})).collect());
    out.insert("utmtags".into(), utm_tags(hanging));
    let stage = c.stage.as_ref().and_then(|(id, _)| around.stages.get(&id.0)).cloned();
    out.insert("stage".into(), stage.unwrap_or(Value::Null));
    out.insert("dateIdentified".into(), date(c.identified_at));
    out.insert("preferredProfileImage".into(), json!("gravatar"));
    let dnc = c.do_not_contact.iter().enumerate().map(|(i, d)| {
        json!({"id": i + 1, "reason": d.reason, "comments": d.comments, "channel": d.channel, "channelId": d.channel_id})
    });
    out.insert("doNotContact".into(), dnc.collect());
    out.insert("frequencyRules".into(), frequency_rules(hanging));
    Value::Object(out)
}

async fn shown(cx: &Cx, c: &Contact, fresh: bool) -> CompatAnswer<Value> {
    Ok(show(c, &Around::of(cx, vec![c.id]).await?, false, fresh))
}

#[async_trait]
impl Entity for Contacts {
    const PATH: &'static str = "contacts";
    const ONE: &'static str = "contact";
    const MANY: &'static str = "contacts";
    const KEYED: bool = true;
    const EMPTY_IS_OBJECT: bool = true;
    const TOTAL_IS_TEXT: bool = true;
    const LISTS_BY_ITSELF: bool = true;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let sort = query.order.first().map_or_else(
            || "-last_active_at".to_owned(),
            |(name, down)| {
                let field = match column(name) {
                    "date_added" => "created_at",
                    "date_modified" => "updated_at",
                    "last_active" => "last_active_at",
                    other => other,
                };
                format!("{}{field}", if *down { "-" } else { "" })
            },
        );
        let asked = asked(cx, &query.wheres).await?;
        let filter = (!asked.rules.is_empty()).then(|| json!({"match": "all", "rules": asked.rules}));
        let mut rows = Vec::new();
        let mut total = 0;
        // A client may ask for any number of rows; they are read in windows.
        while (rows.len() as u64) < u64::from(query.limit) {
            let left = query.limit - u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let list = ListQuery {
                search: query.search.clone(),
                sort: sort.clone(),
                limit: left.min(500),
                offset: query.start + rows.len() as u64,
                ..ListQuery::default()
            };
            let wanted = ContactQuery {
                list,
                filter: filter.clone(),
                include_anonymous: true,
                among: asked.among.clone(),
                ..ContactQuery::default()
            };
            let page = contacts::list(cx, wanted).await?;
            total = page.total.unwrap_or(0);
            let more = page.next_cursor.is_some();
            let around = Around::of(cx, page.items.iter().map(|c| c.id).collect()).await?;
            rows.extend(page.items.iter().map(|c| (c.id.0, show(c, &around, query.minimal, false))));
            if !more {
                break;
            }
        }
        Ok((total, rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        shown(cx, &contacts::get(cx, ContactId(id)).await?, false).await
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let all_fields = fields::list(cx).await?;
        let blanks = body.get("overwriteWithBlank").is_some_and(is_true);
        let (contact, new) = contacts::create(cx, read(&body, &all_fields, false), true).await?;
        if !new && blanks {
            contacts::update(cx, contact.id, read(&body, &all_fields, true), true).await?;
        }
        set_points(cx, contact.id, &body, false).await?;
        write_extras(cx, contact.id, &body).await?;
        set_stage(cx, contact.id, &body).await?;
        let contact = contacts::get(cx, contact.id).await?;
        Ok((contact.id.0, shown(cx, &contact, true).await?, new))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let all_fields = fields::list(cx).await?;
        let blanks = replace || body.get("overwriteWithBlank").is_some_and(is_true);
        let mut input = read(&body, &all_fields, blanks);
        if replace {
            // What she did and earned is no value of a form: it changes only when it is named.
            let kept = |alias: &str| matches!(alias, "points" | "last_active");
            for field in all_fields.iter().map(|f| &f.def).filter(|f| f.published && !kept(&f.alias)) {
                input.fields.entry(field.alias.clone()).or_insert(Value::Null);
            }
        }
        let contact = match contacts::update(cx, ContactId(id), input.clone(), blanks).await {
            // A unique value of another contact: the two are one person, and this one survives.
            Err(error) if error.code == "contact.not-unique" => {
                let own = contacts::get(cx, ContactId(id)).await?.id;
                let other = contacts::other_holder(cx, own, input.clone()).await?.ok_or(error)?;
                contacts::merge_by_hand(cx, own, other, Choices::new()).await?;
                contacts::update(cx, own, input, blanks).await?
            }
            written => written?,
        };
        set_points(cx, contact.id, &body, replace).await?;
        write_extras(cx, contact.id, &body).await?;
        set_stage(cx, contact.id, &body).await?;
        Self::get(cx, contact.id.0).await
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let shown = Self::get(cx, id).await?;
        contacts::delete(cx, ContactId(id)).await?;
        Ok(shown)
    }
}
