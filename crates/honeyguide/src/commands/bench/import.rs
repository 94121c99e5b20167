//! A file of twelve columns through the real importer.

use std::io::{BufWriter, Write};
use std::time::Instant;

use hg_app::{Cx, Error, Result, imports};
use hg_core::imports::Object;
use hg_core::text::fold;
use hg_store::{Lane, Value};

use super::{Bench, HEADERS, cells, peak_memory};
use crate::open;

pub(super) async fn run(bench: &Bench, into: Option<u32>) -> Result<()> {
    let path = bench.file("people.csv");
    let failed = |e: std::io::Error| open::plain(format!("The file cannot be written: {e}"));
    let mut file = BufWriter::new(std::fs::File::create(&path).map_err(failed)?);
    writeln!(file, "{}", HEADERS.join(",")).map_err(failed)?;
    for n in 0..bench.contacts {
        // Into a full table come people whom nobody knows yet.
        writeln!(file, "{}", cells(n + into.unwrap_or(0)).join(",")).map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    let bytes = i64::try_from(std::fs::metadata(&path).map_err(failed)?.len()).unwrap_or(0);
    let ws = match into {
        Some(there) => super::world::world(&Bench { contacts: there, ..bench.clone() }).await?,
        None => bench.workspace("import").await?,
    };
    let cx = Cx::system(&ws);
    let import = imports::create(&cx, Object::Contact, "people.csv", path, bytes, None, None).await?;
    let started = Instant::now();
    let done = imports::run_now(&cx, import.id, |_| {}).await?;
    let rate = f64::from(bench.contacts) / started.elapsed().as_secs_f64();
    println!(
        "import: {} rows of {} columns, {} created, {} rejected",
        bench.contacts,
        HEADERS.len(),
        done.counts.created,
        done.counts.rejected
    );
    println!("import: {rate:.0} rows/s, peak memory {:.0} MB", peak_memory());
    ws.db.close().await;
    if bench.database.is_none() && into.is_none() {
        let bare = bare_inserts(bench).await?;
        println!("limit (bare inserts, same table and indexes): {bare:.0} rows/s, ratio {:.2}", rate / bare);
    }
    Ok(())
}

/// The same contacts as prepared rows, and nothing else.
async fn bare_inserts(bench: &Bench) -> Result<f64> {
    let ws = bench.workspace("bare").await?;
    let started = Instant::now();
    let mut from = 0;
    while from < bench.contacts {
        let to = (from + 400).min(bench.contacts);
        ws.db
            .write_in(Lane::Bulk, move |tx| {
                let rows: Vec<Value> = (from..to).flat_map(row).collect();
                let head = format!(
                    "INSERT INTO contacts ({}, email_key, email_fold, name_fold, company_fold, created_at, updated_at, identified_at)",
                    HEADERS.join(", ")
                );
                tx.insert_many(&head, "", HEADERS.len() + 7, &rows)?;
                Ok::<_, Error>(())
            })
            .await?;
        from = to;
    }
    let rate = f64::from(bench.contacts) / started.elapsed().as_secs_f64();
    ws.db.close().await;
    Ok(rate)
}

fn row(n: u32) -> Vec<Value> {
    let cells = cells(n);
    let name = fold(&format!("{} {}", cells[0], cells[1]));
    let (email, company) = (cells[2].clone(), fold(&cells[7]));
    let mut values: Vec<Value> = cells
        .into_iter()
        .zip(HEADERS)
        .map(|(cell, header)| if header == "points" { Value::Int(cell.parse().unwrap_or(0)) } else { Value::Text(cell) })
        .collect();
    values.extend([Value::Text(email.clone()), Value::Text(email), Value::Text(name), Value::Text(company)]);
    values.extend([Value::Int(1), Value::Int(1), Value::Int(1)]);
    values
}
