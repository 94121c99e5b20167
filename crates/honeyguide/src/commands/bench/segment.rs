//! First builds, counts while editing, and all segments at once.

use std::time::{Duration, Instant};

use hg_app::segments::{self, NewSegment, PreviewQuery};
use hg_app::{Cx, Error, Result, Workspace};
use hg_store::{Flow, Sql};
use serde_json::Value as Json;

use super::world::{Times, behaviour, three_conditions, world};
use super::{Bench, peak_memory};

const TIMES: usize = 5;

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = world(bench).await?;
    let cx = Cx::system(&ws);
    // The limit first, so that both read from a warm file.
    bare_scan(&ws).await?;
    let limit = bare_scan(&ws).await?.as_secs_f64() * 1e3;
    println!("limit (reading the same three columns of every row, one thread): {limit:.0} ms");
    for (name, filter) in [("three conditions about fields", three_conditions()), ("behaviour, count and window", behaviour())] {
        let (times, members) = build(&cx, &filter).await?;
        println!("segment: first build, {name}: {}, {members} members, ratio {:.2}", times.line(), limit / times.at(0.5));
        let query = || PreviewQuery { filter: filter.clone(), include_anonymous: false, segment: None, everybody: false };
        let mut times = Vec::new();
        let mut exact = true;
        for _ in 0..TIMES {
            let started = Instant::now();
            exact &= segments::preview(&cx, query()).await?.exact;
            times.push(started.elapsed());
        }
        let counted = if exact { "exact" } else { "estimated where time ran out" };
        println!("segment: counts while editing, {name}: {}, {counted}", Times::of(times).line());
    }
    let started = Instant::now();
    let all = segments::rebuild_all_now(&cx, None).await?;
    let first = started.elapsed().as_secs_f64();
    let started = Instant::now();
    segments::rebuild_all_now(&cx, None).await?;
    println!(
        "segment: {} segments in one pass: {first:.1} s the first time (everybody joins), {:.1} s again",
        all.len(),
        started.elapsed().as_secs_f64()
    );
    println!("segment: peak memory {:.0} MB", peak_memory());
    ws.stop();
    ws.db.close().await;
    Ok(())
}

async fn build(cx: &Cx, filter: &Json) -> Result<(Times, i64)> {
    let mut times = Vec::new();
    let mut members = 0;
    for _ in 0..TIMES {
        let new = NewSegment { name: "Bench".into(), filter: Some(filter.clone()), ..NewSegment::default() };
        let segment = segments::create(cx, new).await?;
        let started = Instant::now();
        let built = segments::rebuild_all_now(cx, Some(segment.id)).await?;
        times.push(started.elapsed());
        members = built.first().map_or(0, |(s, _)| s.members);
        segments::delete(cx, segment.id).await?;
    }
    Ok((Times::of(times), members))
}

async fn bare_scan(ws: &Workspace) -> Result<Duration> {
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
