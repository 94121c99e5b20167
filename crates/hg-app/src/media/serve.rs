//! Pictures for readers: the same few, many times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::store;
use crate::error::Result;
use crate::workspace::Workspace;

/// So much is kept in memory; a mail to a million asks for the same logo a million times.
const MOST_KEPT: usize = 32 * 1024 * 1024;

/// A picture as it goes out.
#[derive(Debug)]
pub struct Served {
    pub content_type: String,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Kept(Mutex<HashMap<String, Arc<Served>>>);

/// The picture at an address; anybody may ask.
pub async fn serve(ws: &Workspace, hash: &str) -> Result<Option<Arc<Served>>> {
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let kept = ws.part::<Kept>();
    if let Some(found) = kept.0.lock().unwrap_or_else(PoisonError::into_inner).get(hash) {
        return Ok(Some(found.clone()));
    }
    let key = hash.to_owned();
    let Some((content_type, body)) = ws.db.read(move |tx| store::body(tx, &key)).await? else { return Ok(None) };
    let made = Arc::new(Served { content_type, body });
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let held: usize = kept.values().map(|one| one.body.len()).sum();
    if held + made.body.len() > MOST_KEPT {
        kept.clear();
    }
    kept.insert(hash.to_owned(), made.clone());
    Ok(Some(made))
}
