//! Events and canvas of a campaign in the old shape.

use std::collections::HashMap;

use hg_app::Cx;
use hg_app::campaigns::{Campaign, StepIn};
use hg_core::campaigns::{Best, IfPast, Kind, Mode, Path, Plan, Step, Timing, Unit};
use hg_core::ids::{StepId, alphanumeric};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::campaign_steps::{channel, old_type, our_type, properties, settings};

/// The steps of a body, and what else of it is kept.
pub(super) struct Drawn {
    pub steps: Vec<StepIn>,
    pub extra: Value,
}

fn id_text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(s)) => s.trim().to_owned(),
        Some(Value::Number(n)) => n.to_string(),
        _ => String::new(),
    }
}

/// Reads events and connections. Ids of stored events keep their step; temporary ones get a new key.
pub(super) fn read(cx: &Cx, body: &Map<String, Value>, before: Option<&Campaign>) -> CompatAnswer<Drawn> {
    let events: Vec<&Map<String, Value>> = match body.get("events") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(map)) => map.values().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    };
    let named: Vec<String> = events.iter().enumerate().map(|(index, event)| name_of(index, event)).collect();
    let mut keys: HashMap<String, String> = HashMap::new();
    for id in &named {
        let id = id.clone();
        let known = before.and_then(|c| c.plan.steps.iter().find(|s| s.id.0.to_string() == id)).map(|s| s.key.clone());
        keys.insert(id, known.unwrap_or_else(|| alphanumeric(cx.chance(), 12)));
    }
    let parents = connections(body);
    let mut steps = Vec::new();
    let mut kept = Map::new();
    for (index, event) in events.iter().enumerate() {
        let id = named[index].clone();
        let old = event.get("type").and_then(Value::as_str).unwrap_or("");
        let Some(ours) = our_type(old) else {
            let text = format!("The event type “{old}” is not supported by this version.");
            return Err(CompatError::invalid(format!("data.events[{index}].type"), text));
        };
        let (parent, path) = match parents.get(&id) {
            Some((source, _)) if source == "lists" || source == "forms" => (None, None),
            Some((source, anchor)) => {
                let parent = keys.get(source).cloned().unwrap_or_else(|| source.clone());
                (Some(parent), Path::from_key(anchor))
            }
            None => match said_parent(index, &events, &named) {
                Some(parent) => (Some(keys.get(&parent).cloned().unwrap_or(parent)), path_of(event)),
                // Not connected: named as a problem when the campaign is published.
                None if !parents.is_empty() => (Some(format!("unconnected-{index}")), None),
                None if event.contains_key("parent") => (None, None),
                // Of a stored event whose place nobody speaks of, the place stays.
                None => before.and_then(|c| c.plan.by_key(&keys[&id])).map_or((None, None), |s| (s.parent.clone(), s.path)),
            },
        };
        let properties = event.get("properties").cloned().unwrap_or(Value::Null);
        let key = keys.get(&id).cloned().unwrap_or_default();
        kept.insert(
            key.clone(),
            json!({"properties": properties, "description": event.get("description").cloned().unwrap_or(Value::Null)}),
        );
        steps.push(StepIn {
            key,
            parent,
            path,
            name: event.get("name").and_then(Value::as_str).unwrap_or("").to_owned(),
            kind: ours.to_owned(),
            settings: settings(ours, &properties, &|id| keys.get(&id_text(Some(id))).cloned()).map_err(|e| about(index, e))?,
            timing: timing(event).map_err(|e| about(index, e))?,
        });
    }
    let canvas = renamed(body.get("canvasSettings").cloned().unwrap_or(Value::Null), &keys);
    let extra = json!({"category": body.get("category").cloned().unwrap_or(Value::Null), "events": kept, "canvas": canvas});
    Ok(Drawn { steps, extra })
}

/// What an event is called in its body; one without an id has its place for a name.
fn name_of(index: usize, event: &Map<String, Value>) -> String {
    let id = id_text(event.get("id"));
    if id.is_empty() { format!("#{index}") } else { id }
}

/// A mistake in an event, with the place of the event (§4.1).
fn about(index: usize, error: CompatError) -> CompatError {
    let text = error.message.strip_prefix("events: ").unwrap_or(&error.message).to_owned();
    CompatError::invalid(format!("data.events[{index}]"), text)
}

/// The event's parent as the events themselves say it: it names its parent, or another names it among its children.
fn said_parent(index: usize, events: &[&Map<String, Value>], names: &[String]) -> Option<String> {
    let named = |value: &Value| id_text(value.get("id").or(Some(value)));
    let own = events[index].get("parent").map(named).filter(|id| !id.is_empty());
    own.or_else(|| {
        let has = |other: &&Map<String, Value>| match other.get("children") {
            Some(Value::Array(children)) => children.iter().any(|child| named(child) == names[index]),
            Some(Value::Object(children)) => children.values().any(|child| named(child) == names[index]),
            _ => false,
        };
        events.iter().position(has).map(|other| names[other].clone())
    })
}

/// The way out of its parent that leads to the event.
fn path_of(event: &Map<String, Value>) -> Option<Path> {
    event.get("decisionPath").and_then(Value::as_str).and_then(Path::from_key)
}

/// Target → (source, anchor).
fn connections(body: &Map<String, Value>) -> HashMap<String, (String, String)> {
    let list = body.get("canvasSettings").and_then(|c| c.get("connections"));
    let mut out = HashMap::new();
    let connections: Vec<&Value> = match list {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(items)) => items.values().collect(),
        _ => Vec::new(),
    };
    for connection in connections {
        let anchor = match connection.get("anchors") {
            Some(Value::Object(a)) => a.get("source").and_then(Value::as_str).unwrap_or("").to_owned(),
            // The older list: the endpoint of the source comes first.
            Some(Value::Array(a)) => a.first().and_then(|x| x.get("endpoint")).and_then(Value::as_str).unwrap_or("").to_owned(),
            _ => String::new(),
        };
        let (source, target) = (id_text(connection.get("sourceId")), id_text(connection.get("targetId")));
        if matches!(anchor.as_str(), "leadsourceleft" | "leadsourceright") {
            continue;
        }
        out.insert(target, (source, anchor));
    }
    out
}

/// The canvas with our keys instead of the client's ids, so that it survives an edit.
fn renamed(canvas: Value, keys: &HashMap<String, String>) -> Value {
    let swap = |value: &mut Value| {
        if let Some(key) = keys.get(&id_text(Some(value))) {
            *value = json!(key);
        }
    };
    with_ids(canvas, swap)
}

fn with_ids(mut canvas: Value, swap: impl Fn(&mut Value)) -> Value {
    for node in canvas.get_mut("nodes").and_then(Value::as_array_mut).into_iter().flatten() {
        node.get_mut("id").map(&swap);
    }
    for connection in canvas.get_mut("connections").and_then(Value::as_array_mut).into_iter().flatten() {
        connection.get_mut("sourceId").map(&swap);
        connection.get_mut("targetId").map(&swap);
    }
    canvas
}

/// `09:00` of `HH:MM` or of any date-time.
fn hour(value: Option<&Value>) -> CompatAnswer<Option<String>> {
    let Some(text) = value.and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    let time = text.split(['T', ' ']).next_back().unwrap_or(text);
    let clock: String = time.chars().take(5).collect();
    match hg_core::campaigns::timing::time_of_day(&clock) {
        Some(t) => Ok(Some(format!("{:02}:{:02}", t.hour(), t.minute()))),
        None => Err(CompatError::bad(format!("events: “{text}” is not a valid time."))),
    }
}

fn timing(event: &Map<String, Value>) -> CompatAnswer<Timing> {
    let mode = match event.get("triggerMode").and_then(Value::as_str) {
        Some("interval") => Mode::Interval,
        Some("date") => Mode::Date,
        Some("optimized") => Mode::Optimized,
        _ => Mode::Immediate,
    };
    let unit = match event.get("triggerIntervalUnit").and_then(Value::as_str) {
        Some("i") => Some(Unit::Minutes),
        Some("h") => Some(Unit::Hours),
        Some("m") => Some(Unit::Months),
        Some("y") => Some(Unit::Years),
        None | Some("" | "d") => Some(Unit::Days),
        Some(other) => {
            let detail = format!("events: “{other}” is not a unit of time; use i, h, d, m or y.");
            return Err(CompatError::bad(detail));
        }
    };
    let at = match event.get("triggerDate").and_then(Value::as_str).filter(|t| !t.is_empty()) {
        Some(text) => {
            Some(Timestamp::parse(text).map_err(|_| CompatError::bad(format!("events: “{text}” is not a valid datetime.")))?)
        }
        None => None,
    };
    let interval =
        event.get("triggerInterval").map_or(0, |v| v.as_i64().or_else(|| v.as_str().and_then(|s| s.parse().ok())).unwrap_or(0));
    let weekdays = match event.get("triggerRestrictedDaysOfWeek") {
        Some(Value::Array(days)) => days
            .iter()
            .filter_map(|d| d.as_u64().or_else(|| d.as_str().and_then(|s| s.parse().ok())))
            .filter_map(|d| u8::try_from(d).ok())
            .collect(),
        _ => Vec::new(),
    };
    let window = event.get("triggerWindow").and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()));
    let best = (mode == Mode::Optimized).then(|| if window == Some(1) { Best::DayAndHour } else { Best::Hour });
    let between = match (hour(event.get("triggerRestrictedStartHour"))?, hour(event.get("triggerRestrictedStopHour"))?) {
        // A range that ends before it starts is turned round, as Mautic does; overnight ranges are ours (§5.1).
        (Some(a), Some(b)) if a <= b => Some((a, b)),
        (Some(a), Some(b)) => Some((b, a)),
        _ => None,
    };
    Ok(Timing { mode, interval, unit, at, hour: hour(event.get("triggerHour"))?, between, weekdays, if_past: IfPast::Run, best })
}

fn hour_out(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |t| json!(format!("1970-01-01T{t}:00+00:00")))
}

fn event(step: &Step, plan: &Plan, extra: &Value, with_family: bool) -> Value {
    let kept = extra.get("events").and_then(|e| e.get(&step.key));
    let mut props = kept.and_then(|k| k.get("properties")).cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
    let id_of = |key: &str| plan.by_key(key).map(|s| s.id.0);
    if let (Value::Object(all), Value::Object(ours)) = (&mut props, properties(&step.what, &id_of)) {
        all.extend(ours);
    }
    let depth = std::iter::successors(Some(step), |s| plan.parent(s)).take(plan.steps.len() + 1).count();
    let (channel, channel_id) = channel(&step.what);
    let t = &step.timing;
    let decision = step.what.kind() == Kind::Decision;
    let mut out = json!({
        "id": step.id, "name": step.name, "description": kept.and_then(|k| k.get("description")).cloned().unwrap_or(Value::Null),
        "type": old_type(&step.what),
        "eventType": match step.what.kind() { Kind::Action => "action", Kind::Decision => "decision", Kind::Condition => "condition" },
        "channel": channel,
        "channelId": channel_id,
        "order": depth,
        "properties": props,
        "triggerDate": t.at.map(Timestamp::rfc3339_offset),
        "triggerInterval": t.interval,
        "triggerIntervalUnit": t.unit.and_then(|u| serde_json::to_value(u).ok()),
        "triggerHour": hour_out(t.hour.as_deref()),
        "triggerRestrictedStartHour": hour_out(t.between.as_ref().map(|b| b.0.as_str())),
        "triggerRestrictedStopHour": hour_out(t.between.as_ref().map(|b| b.1.as_str())),
        "triggerRestrictedDaysOfWeek": t.weekdays,
        "triggerMode": (!decision).then_some(match t.mode { Mode::Immediate => "immediate", Mode::Interval => "interval", Mode::Date => "date", Mode::Optimized => "optimized" }),
        "triggerWindow": t.best.map(|best| i64::from(best == Best::DayAndHour)),
        "decisionPath": step.path.map(Path::key),
        "parent": null, "children": [],
    });
    if with_family {
        out["parent"] = plan.parent(step).map_or(Value::Null, |p| event(p, plan, extra, false));
        let children = plan.steps.iter().filter(|s| s.parent.as_deref() == Some(step.key.as_str()));
        out["children"] = children.map(|c| event(c, plan, extra, false)).collect();
    }
    out
}

/// One event, with its parent and children.
pub(super) fn one(plan: &Plan, step: StepId, extra: &Value) -> Option<Value> {
    plan.by_id(step).map(|s| event(s, plan, extra, true))
}

/// The events, as a list.
pub(super) fn show(plan: &Plan, extra: &Value) -> Value {
    plan.steps.iter().map(|s| event(s, plan, extra, true)).collect()
}

/// The canvas the client stored, with real ids; or one made from the plan.
pub(super) fn canvas(c: &Campaign, extra: &Value) -> Value {
    if let Some(stored) = extra.get("canvas").filter(|v| v.get("nodes").is_some()) {
        let swap = |value: &mut Value| {
            if let Some(step) = c.plan.by_key(value.as_str().unwrap_or("")) {
                *value = json!(step.id.to_string());
            }
        };
        return with_ids(stored.clone(), swap);
    }
    let source = if c.sources.iter().any(|(s, _)| s.kind.holds()) { "lists" } else { "forms" };
    let mut nodes = vec![json!({"id": source, "positionX": "500", "positionY": "50"})];
    let mut connections = Vec::new();
    let mut columns: HashMap<usize, i64> = HashMap::new();
    for step in &c.plan.steps {
        let depth = std::iter::successors(Some(step), |s| c.plan.parent(s)).take(c.plan.steps.len() + 1).count();
        let column = columns.entry(depth).or_insert(0);
        nodes.push(json!({"id": step.id.to_string(), "positionX": (300 + *column * 220).to_string(), "positionY": (50 + depth * 110).to_string()}));
        *column += 1;
        let (from, anchor) = match c.plan.parent(step) {
            Some(parent) => (parent.id.to_string(), step.path.map_or("bottom", Path::key)),
            None => (source.to_owned(), "leadsource"),
        };
        connections
            .push(json!({"sourceId": from, "targetId": step.id.to_string(), "anchors": {"source": anchor, "target": "top"}}));
    }
    json!({"nodes": nodes, "connections": connections})
}
