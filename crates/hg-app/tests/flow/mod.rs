//! What tests of campaigns share: people, segments, steps, and a look at where everybody is.
#![allow(dead_code)]

use std::collections::BTreeMap;

use hg_app::campaigns::{self, Campaign, NewCampaign, StepIn};
use hg_app::contacts::{self, ContactInput};
use hg_app::segments::{self, NewSegment};
use hg_core::campaigns::{Path, Source, SourceKind, Timing};
use hg_core::ids::{CampaignId, ContactId, SegmentId};
use hg_core::time::Timestamp;
use hg_testkit::TestApp;
use serde_json::{Value, json};

pub fn t(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub async fn person(app: &TestApp, name: &str, more: Value) -> ContactId {
    let mut fields = json!({"firstname": name, "email": format!("{}@example.org", name.to_lowercase())});
    fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let Value::Object(fields) = fields else { unreachable!() };
    let input = ContactInput { fields: fields.into_iter().collect::<BTreeMap<_, _>>(), ..ContactInput::default() };
    contacts::create(&app.cx(), input, false).await.unwrap().0.id
}

pub async fn segment(app: &TestApp, city: &str) -> SegmentId {
    let filter = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": city}]});
    let new = NewSegment { name: format!("In {city}"), filter: Some(filter), ..NewSegment::default() };
    let id = segments::create(&app.cx(), new).await.unwrap().id;
    app.settle().await;
    id
}

pub fn step(key: &str, parent: Option<(&str, Option<Path>)>, kind: &str, settings: Value, timing: Timing) -> StepIn {
    StepIn {
        key: key.into(),
        parent: parent.map(|p| p.0.into()),
        path: parent.and_then(|p| p.1),
        name: key.into(),
        kind: kind.into(),
        settings,
        timing,
    }
}

pub fn tag(key: &str, parent: Option<(&str, Option<Path>)>, timing: Timing) -> StepIn {
    step(key, parent, "contact.tags", json!({ "add": [key] }), timing)
}

pub const YES: Option<Path> = Some(Path::Yes);
pub const NO: Option<Path> = Some(Path::No);

pub async fn campaign(app: &TestApp, sources: Vec<Source>, steps: Vec<StepIn>) -> CampaignId {
    campaign_of(app, &app.cx(), sources, steps).await
}

/// A campaign that somebody makes.
pub async fn campaign_of(app: &TestApp, by: &hg_app::Cx, sources: Vec<Source>, steps: Vec<StepIn>) -> CampaignId {
    let new = NewCampaign { name: "Welcome".into(), sources, steps, publish: true, ..NewCampaign::default() };
    let id = campaigns::create(by, new).await.unwrap_or_else(|e| panic!("{e:?}")).id;
    app.settle().await;
    id
}

pub fn from(segment: SegmentId) -> Vec<Source> {
    vec![Source { kind: SourceKind::Segment, id: segment.0 }]
}

pub async fn read(app: &TestApp, id: CampaignId) -> Campaign {
    campaigns::get(&app.cx(), id).await.unwrap()
}

/// `(done, waiting)` of a step.
pub async fn at(app: &TestApp, id: CampaignId, key: &str) -> (i64, i64) {
    let c = read(app, id).await;
    let i = c.plan.steps.iter().position(|s| s.key == key).unwrap();
    (c.step_counts[i].done, c.step_counts[i].waiting)
}

pub async fn tags(app: &TestApp, contact: ContactId) -> Vec<String> {
    let mut tags: Vec<String> = contacts::get(&app.cx(), contact).await.unwrap().tags.into_iter().map(|t| t.1).collect();
    tags.sort();
    tags
}

/// When what is still to come for a contact is due.
pub async fn due(app: &TestApp, id: CampaignId, contact: ContactId) -> Vec<(String, Option<Timestamp>)> {
    let progress = campaigns::progress(&app.cx(), id, contact).await.unwrap();
    progress.next.into_iter().map(|n| (n.step_key, n.due_at)).collect()
}
