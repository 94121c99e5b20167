//! From a change to membership in all segments, while others change contacts all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hg_app::contacts::{self, ContactInput};
use hg_app::segments::{self, NewSegment};
use hg_app::{Cx, Error, Result, Workspace, engine};
use hg_core::ids::ContactId;
use serde_json::json;

use super::world::{Times, drawn, values, world};
use super::{Bench, peak_memory};

/// Changes a second that others make, and how many make them.
const RATE: u64 = 500;
pub(super) const WRITERS: u64 = 64;
const PROBES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = world(bench).await?;
    let cx = Cx::system(&ws);
    let rules = json!({"match": "all", "rules": [{"field": "title", "op": "=", "value": "Probe"}]});
    let probe = segments::create(&cx, NewSegment { name: "Probe".into(), filter: Some(rules), ..NewSegment::default() }).await?;
    segments::rebuild_all_now(&cx, None).await?;
    let workers = tokio::spawn({
        let ws = ws.clone();
        async move { engine::standard().run(&ws).await }
    });
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|w| tokio::spawn(change(ws.clone(), w, u64::from(bench.contacts), stop.clone(), made.clone())))
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut times = Vec::new();
    let mut lost = 0;
    for n in 0..PROBES {
        let contact = ContactId(1 + i64::try_from(n / 2).unwrap_or(0));
        let joins = n % 2 == 0;
        let title = if joins { "Probe" } else { "Nothing" };
        let mut announcements = ws.db.subscribe();
        let started = Instant::now();
        let input = ContactInput { fields: values(&[("title", json!(title))]), ..ContactInput::default() };
        contacts::update(&cx, contact, input, true).await?;
        let reached = async {
            loop {
                let now = ws.db.read(move |tx| segments::contains(tx, probe.id, contact)).await?;
                if now == joins {
                    return Ok::<_, Error>(());
                }
                let wanted = format!(r#""id":{},"#, probe.id);
                while announcements.recv().await.is_ok_and(|a| !(a.topic == "segment" && a.payload.contains(&wanted))) {}
            }
        };
        match tokio::time::timeout(PATIENCE, reached).await {
            Ok(done) => {
                done?;
                times.push(started.elapsed());
            }
            Err(_) => lost += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        let _ = writer.await;
    }
    let rate = made.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("live: {rate:.0} changes/s of others meanwhile, {} segments", segments_there(&ws).await?);
    println!("live: change to membership {}, {lost} not seen within {} s", Times::of(times).line(), PATIENCE.as_secs());
    println!("live: peak memory {:.0} MB", peak_memory());
    workers.abort();
    segments::delete(&cx, probe.id).await?;
    ws.stop();
    ws.db.close().await;
    Ok(())
}

async fn segments_there(ws: &Workspace) -> Result<i64> {
    ws.db.read(|tx| Ok::<_, Error>(tx.scalar("SELECT count(*) FROM segments WHERE deleted_at IS NULL")?)).await
}

/// Somebody who changes contacts: a field, points, a tag.
pub(super) async fn change(ws: Workspace, writer: u64, contacts: u64, stop: Arc<AtomicBool>, made: Arc<AtomicU64>) -> Result<()> {
    let cx = Cx::system(&ws);
    let cities = ["Praha", "Brno", "Berlin", "Roma", "Tokyo", "Nowhere"];
    let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 * WRITERS / RATE));
    let mut n = writer;
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        n += WRITERS;
        let contact = ContactId(i64::try_from(drawn(n, 500) % contacts + 1).unwrap_or(1));
        let draw = drawn(n, 501);
        let mut input = ContactInput::default();
        match draw % 5 {
            0..=2 => input.fields = values(&[("city", json!(cities[usize::try_from(draw / 5).unwrap_or(0) % cities.len()]))]),
            3 => input.fields = values(&[("points", json!(draw / 5 % 200))]),
            _ => input.tags = vec![format!("tag {}", draw / 5 % 30 + 1)],
        }
        contacts::update(&cx, contact, input, true).await?;
        made.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
