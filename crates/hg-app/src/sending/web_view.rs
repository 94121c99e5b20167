//! A message in the browser: filled in again from the revision it was made from.

use std::collections::BTreeMap;

use hg_core::emails::{Links, MessageUrls, unsubscribe_secret};
use hg_core::ids::EmailId;
use hg_core::tracking::Ct;

use super::compose::{Desk, Wants};
use super::ledger::{self, SendRow};
use crate::cx::{Action, Area, Cx};
use crate::emails::{self, ContactTexts, PreviewRequest};
use crate::error::{Error, Result};

/// The HTML of a message that was sent, by its key, and the row of the ledger; none for keys that are not ours. The
/// copy has no open pixel: whoever looks at it is counted by the page itself.
pub async fn web_view(cx: &Cx, key: &str) -> Result<Option<(String, SendRow)>> {
    let (ws, now, key) = (cx.ws.clone(), cx.now(), key.to_owned());
    let found = cx
        .db()
        .write(move |tx| {
            let Some(send) = ledger::by_key(tx, &key)? else { return Ok(None) };
            let email = emails::prepared(&ws, tx, now, send.content, send.revision)?;
            let texts = emails::texts(tx, &[send.contact.0], &email.aliases)?.remove(&send.contact.0).unwrap_or_default();
            Ok::<_, Error>(Some((send, email, ContactTexts(texts))))
        })
        .await?;
    let Some((send, email, texts)) = found else { return Ok(None) };
    let desk = Desk::of(&cx.ws);
    let secret = unsubscribe_secret(&desk.secret_key, &send.address);
    let ct = Ct::of_message(send.email.0, &send.tracking_key, send.contact.0).emit(&desk.secret_key);
    let wants = Wants {
        contact: Some(&texts),
        urls: MessageUrls::Copy { key: &send.tracking_key, address: &send.address, secret: &secret },
        links: Links::Counted { redirects: &email.redirects, ct: &ct },
        given: &BTreeMap::new(),
        escape_given: false,
        now: send.sent_at.unwrap_or(now),
    };
    let (message, ..) = desk.fill_in(&email, &wants).map_err(|e| Error::unavailable(e.to_string()))?;
    Ok(Some((message.html, send)))
}

/// The public preview of an email: names of fields instead of values. Only for those who may see emails.
pub async fn preview_page(cx: &Cx, id: EmailId) -> Result<String> {
    cx.may(Action::View(Area::Emails))?;
    let email = emails::get(cx, id).await?;
    let preview = emails::preview(cx, PreviewRequest { email_id: id.0, content: email.content, contact: None }).await?;
    Ok(preview.message.html)
}
