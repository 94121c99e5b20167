//! Putting files in, and getting them ready for messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hg_core::emails::{LONGEST_ATTACHMENTS, attachment_name, attachment_type, is_refused_attachment};
use hg_core::ids::AttachmentId;
use hg_store::Tx;
use sha2::{Digest, Sha256};

use super::store::{self, Attachment};
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::workspace::Workspace;

/// A file to be put in.
#[derive(Debug, Clone, Default)]
pub struct NewAttachment {
    pub name: String,
    pub body: Vec<u8>,
}

/// Files, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Attachment>> {
    cx.may(Action::View(Area::Emails))?;
    cx.db().read(move |tx| store::page(tx, &query)).await
}

pub async fn get(cx: &Cx, id: AttachmentId) -> Result<Attachment> {
    cx.may(Action::View(Area::Emails))?;
    cx.db().read(move |tx| store::find(tx, id)).await
}

/// A file with its bytes.
pub async fn read(cx: &Cx, id: AttachmentId) -> Result<(Attachment, Vec<u8>)> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let file = store::find(tx, id)?;
            let body = store::body(tx, &file.hash)?.ok_or_else(|| Error::not_found("file", id))?;
            Ok((file, body))
        })
        .await
}

/// Puts a file in. The same file under the same name is given back as it is; whether it was put in.
pub async fn upload(cx: &Cx, new: NewAttachment) -> Result<(Attachment, bool)> {
    cx.may(Action::Edit(Area::Emails))?;
    if new.body.is_empty() {
        return Err(Error::field("/file", "attachments.empty", "This file is empty."));
    }
    if new.body.len() > LONGEST_ATTACHMENTS {
        let detail = "A file can have 10 MB. Put large files on a page and link to them.";
        return Err(Error::field("/file", "attachments.too-long", detail));
    }
    let name = attachment_name(&new.name);
    if is_refused_attachment(&name) {
        let detail = format!("Mail servers refuse messages with programs such as “{name}”. Put it on a page and link to it.");
        return Err(Error::field("/file", "attachments.refused", detail));
    }
    let file = Attachment {
        id: AttachmentId(0),
        created_at: cx.now(),
        created_by: cx.user_id(),
        content_type: attachment_type(&name).to_owned(),
        bytes: i64::try_from(new.body.len()).unwrap_or(i64::MAX),
        hash: Sha256::digest(&new.body).iter().map(|byte| format!("{byte:02x}")).collect(),
        name,
    };
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            if let Some(there) = store::same(tx, &file.hash, &file.name)? {
                return Ok((there, false));
            }
            let id = store::insert(tx, &file, &new.body)?;
            audit::record(tx, &who, Entry::new(Deed::Create, "attachment", id.0, &file.name))?;
            Ok((store::find(tx, id)?, true))
        })
        .await
}

/// How long files are.
pub(crate) fn bytes_of(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<i64>> {
    Ok(store::of_ids(tx, ids)?.into_iter().map(|file| file.bytes).collect())
}

/// A file ready to be put into messages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    pub name: String,
    pub content_type: String,
    /// Base64 in lines, as it stands in the message.
    pub encoded: String,
}

/// So much is kept in memory for messages that carry the same.
const MOST_KEPT: usize = 64 * 1024 * 1024;
/// Longest line of encoded text.
const LINE: usize = 76;

#[derive(Default)]
struct Kept(Mutex<HashMap<i64, Arc<Attached>>>);

/// A file, encoded once for all messages; none when it is gone.
fn attached(ws: &Workspace, tx: &mut Tx<'_>, id: i64) -> Result<Option<Arc<Attached>>> {
    let kept = ws.part::<Kept>();
    if let Some(found) = kept.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
        return Ok(Some(found.clone()));
    }
    let Some(file) = store::of_ids(tx, &[id])?.pop() else { return Ok(None) };
    let Some(body) = store::body(tx, &file.hash)? else { return Ok(None) };
    let made = Arc::new(Attached { name: file.name, content_type: file.content_type, encoded: in_lines(&STANDARD.encode(body)) });
    let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.values().map(|one| one.encoded.len()).sum::<usize>() + made.encoded.len() > MOST_KEPT {
        kept.clear();
    }
    kept.insert(id, made.clone());
    Ok(Some(made))
}

/// Several files in their order.
pub(crate) fn attached_all(ws: &Workspace, tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<Arc<Attached>>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(attached(ws, tx, *id)?);
    }
    Ok(found)
}

fn in_lines(encoded: &str) -> String {
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE * 2 + 2);
    let mut rest = encoded;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = more;
    }
    lines
}
