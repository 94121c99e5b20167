//! What somebody waits for who opens the contact list, searches, sorts, and opens something to edit it.

use std::time::Instant;

use hg_app::contacts::{self, ContactQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, Error, Result, fields, segments};
use hg_core::ids::{ContactId, SegmentId};

use super::world::{Times, drawn, world};
use super::{Bench, peak_memory};

const TIMES: u64 = 20;

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = world(bench).await?;
    let cx = Cx::system(&ws);
    let started = Instant::now();
    contacts::warm_up(&ws).await?;
    println!("list: read into memory at the start of the server in {:.1} s", started.elapsed().as_secs_f64());
    let mut times = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        ws.db.read(|tx| Ok::<_, Error>(tx.scalar::<i64>("SELECT count(*) FROM contacts WHERE deleted_at IS NULL")?)).await?;
        times.push(started.elapsed());
    }
    println!("limit (a plain SQL count of the table): {}", Times::of(times).line());
    for sort in ["", "-last_active", "name", "-points", "city", "email", "-created_at"] {
        let list = |search: &str| ListQuery { search: search.into(), sort: sort.into(), ..ListQuery::default() };
        let first = Instant::now();
        page(&cx, list("")).await?;
        let first = first.elapsed();
        for search in ["", "novak", "person77", "is:mine"] {
            let mut times = Vec::new();
            for _ in 0..TIMES {
                let started = Instant::now();
                page(&cx, list(search)).await?;
                times.push(started.elapsed());
            }
            println!(
                "list: first page sorted by “{sort}”, search “{search}”: {} (this order was made in {:.1} s when first used)",
                Times::of(times).line(),
                first.as_secs_f64()
            );
        }
    }
    let mut times = Vec::new();
    for n in 0..TIMES {
        let id = i64::try_from(drawn(n, 1) % u64::from(bench.contacts) + 1).unwrap_or(1);
        let started = Instant::now();
        contacts::get(&cx, ContactId(id)).await?;
        fields::list(&cx).await?;
        times.push(started.elapsed());
    }
    println!("list: opening the form of a contact: {}", Times::of(times).line());
    let mut times = Vec::new();
    for n in 0..TIMES {
        let started = Instant::now();
        segments::get(&cx, SegmentId(i64::try_from(n + 1).unwrap_or(1))).await?;
        segments::catalogue(&cx).await?;
        times.push(started.elapsed());
    }
    println!("list: opening the form of a segment: {}", Times::of(times).line());
    println!("list: peak memory {:.0} MB", peak_memory());
    ws.stop();
    ws.db.close().await;
    Ok(())
}

async fn page(cx: &Cx, list: ListQuery) -> Result<usize> {
    let query = ContactQuery { list, ..ContactQuery::default() };
    Ok(contacts::list(cx, query).await?.items.len())
}
