//! `bench steps`: steps of a campaign that do the same to everybody, from rows that are due to rows that are done, with
//! events, counts and what follows, against bare writes of the same two rows for each step.

use std::time::Instant;

use hg_app::campaigns::{self, NewCampaign, StepIn};
use hg_app::segments::{self, NewSegment};
use hg_app::{Cx, Error, Result, engine};
use hg_core::campaigns::{Source, SourceKind, Timing};
use hg_store::{Lane, Value};
use serde_json::json;

use super::{Bench, peak_memory, people};
use crate::open;

/// Rows of one transaction of the limit.
const BATCH: u32 = 1_000;

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = bench.workspace("steps").await?;
    let cx = Cx::system(&ws);
    people::fill(bench, &ws).await?;
    let filter = json!({"match": "all", "rules": [{"field": "email", "op": "!empty"}]});
    let everybody = NewSegment { name: "Everybody".into(), filter: Some(filter), ..NewSegment::default() };
    let everybody = segments::create(&cx, everybody).await?.id;
    let chosen = segments::create(&cx, NewSegment { name: "Chosen".into(), ..NewSegment::default() }).await?.id;
    segments::rebuild_all_now(&cx, None).await?;
    let steps = vec![
        step("tag", None, "contact.tags", json!({ "add": ["customer"] })),
        step("points", Some("tag"), "contact.points", json!({ "points": 5 })),
        step("field", Some("points"), "contact.update", json!({ "fields": { "title": "Member" } })),
        step("segment", Some("field"), "contact.segments", json!({ "add": [chosen] })),
    ];
    let source = Source { kind: SourceKind::Segment, id: everybody.0 };
    let new = NewCampaign { name: "Bench".into(), sources: vec![source], steps, ..NewCampaign::default() };
    let campaign = campaigns::create(&cx, new).await?.id;
    // Everybody enters and waits at the first step.
    campaigns::pause_step(&cx, campaign, "tag".into(), true).await?;
    campaigns::publish(&cx, campaign).await?;
    let began = Instant::now();
    engine::standard().settle(&ws).await?;
    let entered = f64::from(bench.contacts) / began.elapsed().as_secs_f64();
    println!("steps: {} contacts entered the campaign, {entered:.0}/s", bench.contacts);
    campaigns::pause_step(&cx, campaign, "tag".into(), false).await?;
    let began = Instant::now();
    engine::standard().settle(&ws).await?;
    let took = began.elapsed().as_secs_f64();
    let done: i64 = campaigns::get(&cx, campaign).await?.step_counts.iter().map(|c| c.done).sum();
    if done != 4 * i64::from(bench.contacts) {
        return Err(open::plain(format!("{done} steps were done, not four for each contact")));
    }
    let rate = done as f64 / took;
    let limit = bare(&cx, bench.contacts.min(100_000)).await?;
    println!("steps: {done} steps (tag, points, field, segment) in {took:.1} s, {rate:.0}/s");
    println!("limit (a row of the log and one of the timeline for each, nothing else): {limit:.0}/s, ratio {:.2}", rate / limit);
    println!("steps: peak memory {:.0} MB", peak_memory());
    ws.stop();
    ws.db.close().await;
    Ok(())
}

fn step(key: &str, parent: Option<&str>, kind: &str, settings: serde_json::Value) -> StepIn {
    let name = key.to_owned();
    let parent = parent.map(str::to_owned);
    StepIn { key: name.clone(), parent, path: None, name, kind: kind.into(), settings, timing: Timing::immediate() }
}

/// The limit: the rows that a step leaves behind, written and nothing else.
async fn bare(cx: &Cx, total: u32) -> Result<f64> {
    let began = Instant::now();
    for from in (0..total).step_by(BATCH as usize) {
        let ids = from..(from + BATCH).min(total);
        cx.db()
            .write_in(Lane::Live, move |tx| {
                let logs: Vec<Value> = ids.clone().flat_map(|n| [1, 1_000_000, i64::from(n), 1, 2, 1].map(Value::Int)).collect();
                let head = "INSERT INTO campaign_log (campaign_id, step_id, contact_id, rotation, state, base_at)";
                tx.insert_many(head, "", 6, &logs)?;
                let told = "{\"name\":\"tag\",\"type\":\"contact.tags\",\"campaign\":\"Bench\",\"path\":null,\"text\":null}";
                let event = |n: u32| {
                    [Value::Int(n.into()), Value::Int(12), Value::Int(1), Value::Int(1_000_000), Value::Text(told.into())]
                };
                let events: Vec<Value> = ids.clone().flat_map(event).collect();
                tx.insert_many("INSERT INTO events (contact_id, kind, occurred_at, object_id, detail)", "", 5, &events)?;
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(f64::from(total) / began.elapsed().as_secs_f64())
}
