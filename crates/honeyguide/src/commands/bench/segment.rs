//! Three conditions over everybody, and one change after the other.

use std::time::{Duration, Instant};

use hg_app::contacts::{self, ContactInput};
use hg_app::segments::{self, NewSegment};
use hg_app::{Cx, Error, Result, engine};
use hg_core::ids::ContactId;
use hg_core::text::fold;
use hg_store::{Flow, Lane, Sql, Value};
use serde_json::json;

use super::{Bench, HEADERS, cells, peak_memory};

const CHANGES: usize = 300;

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = bench.workspace("segment").await?;
    fill(bench, &ws).await?;
    let cx = Cx::system(&ws);
    let filter = json!({"match": "all", "rules": [
        {"field": "city", "op": "in", "value": ["praha", "brno", "sao paulo"]},
        {"field": "points", "op": "gte", "value": 50},
        {"field": "company", "op": "!like", "value": "company 1%"},
    ]});
    let new = NewSegment { name: "Bench".into(), filter: Some(filter), ..NewSegment::default() };
    let segment = segments::create(&cx, new).await?;
    let started = Instant::now();
    let built = segments::rebuild_all_now(&cx, Some(segment.id)).await?;
    let took = started.elapsed();
    let members = built.first().map_or(0, |(s, _)| s.members);
    println!(
        "segment: {} contacts, first build with three conditions {:.0} ms, {members} members",
        bench.contacts,
        took.as_secs_f64() * 1e3
    );
    let limit = bare_scan(&ws).await?;
    println!(
        "limit (reading the same columns of every row, one thread): {:.0} ms, ratio {:.2}",
        limit.as_secs_f64() * 1e3,
        limit.as_secs_f64() / took.as_secs_f64()
    );
    let mut times = changes(&ws, &cx).await?;
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "segment: change to membership p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms ({CHANGES} changes)",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    println!("segment: peak memory {:.0} MB", peak_memory());
    ws.stop();
    ws.db.close().await;
    Ok(())
}

pub(super) async fn fill(bench: &Bench, ws: &hg_app::Workspace) -> Result<()> {
    let mut from = 0;
    while from < bench.contacts {
        let to = (from + 1_000).min(bench.contacts);
        ws.db
            .write_in(Lane::Bulk, move |tx| {
                let rows: Vec<Value> = (from..to).flat_map(row).collect();
                let head = format!(
                    "INSERT INTO contacts ({}, email_key, company_fold, created_at, updated_at, identified_at)",
                    HEADERS.join(", ")
                );
                tx.insert_many(&head, "", HEADERS.len() + 5, &rows)?;
                Ok::<_, Error>(())
            })
            .await?;
        from = to;
    }
    Ok(())
}

fn row(n: u32) -> Vec<Value> {
    let cells = cells(n);
    let (email, company) = (cells[2].clone(), fold(&cells[7]));
    let mut values: Vec<Value> = cells
        .into_iter()
        .zip(HEADERS)
        .map(|(cell, header)| if header == "points" { Value::Int(cell.parse().unwrap_or(0)) } else { Value::Text(cell) })
        .collect();
    values.extend([Value::Text(email), Value::Text(company), Value::Int(1), Value::Int(1), Value::Int(1)]);
    values
}

async fn bare_scan(ws: &hg_app::Workspace) -> Result<Duration> {
    let started = Instant::now();
    ws.db
        .read(|tx| {
            let mut bytes = 0;
            tx.each(Sql::new("SELECT id, city, points, company FROM contacts ORDER BY id"), |r| {
                bytes += r.get::<Option<String>>(1)?.map_or(0, |t| t.len()) + r.get::<Option<String>>(3)?.map_or(0, |t| t.len());
                bytes += usize::from(r.get::<i64>(2)? > 50);
                Ok(Flow::Next)
            })?;
            Ok::<_, Error>(bytes)
        })
        .await?;
    Ok(started.elapsed())
}

/// Moves contacts in and out, and waits for the announcement that membership followed.
async fn changes(ws: &hg_app::Workspace, cx: &Cx) -> Result<Vec<Duration>> {
    let workers = engine::standard();
    let running = tokio::spawn({
        let ws = ws.clone();
        async move { workers.run(&ws).await }
    });
    let mut times = Vec::new();
    for n in 0..CHANGES {
        let contact = ContactId(1 + i64::try_from(n / 2).unwrap_or(0));
        let joins = n % 2 == 0;
        let (city, points) = if joins { ("Praha", 150) } else { ("Nowhere", 150) };
        let fields = [("city", json!(city)), ("points", json!(points)), ("company", json!("Bench"))];
        let fields = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        // Both of a pair change something, whoever she was before.
        let before = ContactInput { fields: [("city".to_owned(), json!("Elsewhere"))].into(), ..ContactInput::default() };
        if joins {
            contacts::update(cx, contact, before, true).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut announcements = ws.db.subscribe();
        let started = Instant::now();
        contacts::update(cx, contact, ContactInput { fields, ..ContactInput::default() }, true).await?;
        let moved = async { while announcements.recv().await.is_ok_and(|a| a.topic != "segment") {} };
        if tokio::time::timeout(Duration::from_secs(10), moved).await.is_ok() {
            times.push(started.elapsed());
        }
    }
    running.abort();
    Ok(times)
}
