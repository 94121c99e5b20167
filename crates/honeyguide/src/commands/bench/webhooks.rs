//! `bench webhooks`: events of a provider a second, signed and durable, against bare inserts of the same rows.

use std::time::Instant;

use hg_app::returns::webhooks::{Callback, Provider, take, write_webhook};
use hg_app::{Cx, Error, Result};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql};
use serde_json::json;

use super::{Bench, peak_memory};
use crate::open;

const SECRET: &str = "a secret that the bench knows";
/// Events in one report, as providers send them.
const REPORT: u32 = 500;

pub async fn run(bench: &Bench) -> Result<()> {
    let ws = bench.workspace("webhooks").await?;
    let cx = Cx::system(&ws);
    write_webhook(&cx, Provider::SparkPost, SECRET).await?;
    let total = bench.contacts;
    fill(&cx, total).await?;
    let bare = bare(&cx, total.min(50_000)).await?;
    let header = format!("Bearer {SECRET}");
    let began = Instant::now();
    for from in (0..total).step_by(REPORT as usize) {
        let events: Vec<_> = (from..(from + REPORT).min(total))
            .map(|n| {
                // One in fifty bounces, the others arrive.
                let kind = if n % 50 == 0 { "bounce" } else { "delivery" };
                json!({"msys": {"message_event": {"type": kind, "event_id": format!("e{n}"), "bounce_class": "10",
                    "rcpt_to": format!("person{n}@example.org"), "raw_reason": "550 5.1.1 no such user",
                    "rcpt_meta": {"hashId": format!("{n:022x}")}}}})
            })
            .collect();
        let body = serde_json::to_vec(&events).map_err(|e| open::plain(e.to_string()))?;
        let callback = Callback { headers: vec![("authorization".to_owned(), header.clone())], body };
        take(&cx, Provider::SparkPost, callback).await?.map_err(|e| open::plain(format!("{e:?}")))?;
    }
    let rate = f64::from(total) / began.elapsed().as_secs_f64();
    println!("webhook events: {rate:.0}/s of {total} (signed, durable, one in fifty a bounce)");
    println!("bare inserts of such rows: {bare:.0}/s, ratio {:.2}", rate / bare);
    println!("peak memory: {:.0} MB", peak_memory());
    ws.db.close().await;
    Ok(())
}

/// Contacts who were sent an email.
async fn fill(cx: &Cx, total: u32) -> Result<()> {
    for from in (0..total).step_by(5_000) {
        let to = (from + 5_000).min(total);
        let now = cx.now();
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                for n in from..to {
                    let address = format!("person{n}@example.org");
                    let contact: i64 = tx.one(
                        Sql::new("INSERT INTO contacts (created_at, updated_at, identified_at, email, email_key) VALUES ($1, $1, $1, $2, $2) RETURNING id")
                            .bind(now)
                            .bind(&address),
                        |r| r.get(0),
                    )?;
                    tx.exec(
                        Sql::new(
                            "INSERT INTO sends (email_id, contact_id, occasion, state, address, tracking_key, message_id, marketing, revision, due_at, created_at, sent_at) \
                             VALUES (1, $1, 'bench', 3, $2, $3, $3, 1, 1, $4, $4, $4)",
                        )
                        .bind(contact)
                        .bind(&address)
                        .bind(format!("{n:022x}"))
                        .bind(now),
                    )?;
                }
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(())
}

/// The limit: the same rows written in the same pieces, and nothing else.
async fn bare(cx: &Cx, total: u32) -> Result<f64> {
    let began = Instant::now();
    for from in (0..total).step_by(REPORT as usize) {
        cx.db()
            .write_in(Lane::Live, move |tx| {
                for n in from..(from + REPORT).min(total) {
                    tx.exec(
                        Sql::new("INSERT INTO mail_returns (received_at, source, event_key, kind, verdict, raw) VALUES ($1, 'bench', $2, 'delivered', 'done', '')")
                            .bind(Timestamp(0))
                            .bind(format!("b{n}")),
                    )?;
                }
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(f64::from(total) / began.elapsed().as_secs_f64())
}
