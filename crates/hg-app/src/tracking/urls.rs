//! Addresses have a row each; events name its id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hg_store::{Sql, Tx};

use crate::error::Result;
use crate::workspace::Workspace;

const MOST_KEPT: usize = 20_000;
const LONGEST: usize = 2_000;

/// Ids of addresses that are certainly on disk.
#[derive(Default)]
struct Kept(Mutex<HashMap<String, i64>>);

/// The id of an address.
pub(super) fn id_of(ws: &Workspace, tx: &mut Tx<'_>, url: &str) -> Result<Option<i64>> {
    let end = (0..=LONGEST.min(url.len())).rev().find(|at| url.is_char_boundary(*at)).unwrap_or(0);
    let url = &url[..end];
    if url.is_empty() {
        return Ok(None);
    }
    let kept = ws.part::<Kept>();
    if let Some(id) = kept.0.lock().unwrap_or_else(PoisonError::into_inner).get(url) {
        return Ok(Some(*id));
    }
    let known: Option<i64> = tx.opt(Sql::new("SELECT id FROM urls WHERE url = $1").bind(url), |r| r.get(0))?;
    if let Some(id) = known {
        let mut map = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MOST_KEPT {
            map.clear();
        }
        map.insert(url.to_owned(), id);
        return Ok(Some(id));
    }
    // A new row may still be rolled back: it is remembered when it is met again.
    let sql = Sql::new("INSERT INTO urls (url) VALUES ($1) ON CONFLICT (url) DO UPDATE SET url = excluded.url RETURNING id");
    Ok(Some(tx.scalar(sql.bind(url))?))
}

/// Forgets everything, after a transaction that did not reach the disk.
pub fn forget(ws: &Workspace) {
    ws.part::<Kept>().0.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
