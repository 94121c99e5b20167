//! A mail was opened: its pixel was fetched, or its copy in the browser.

use hg_store::Lane;

use super::identify::Visitor;
use crate::cx::Cx;
use crate::error::Result;
use crate::sending::{machines, responses};

/// The pixel of a message was fetched. Whether the key is ours makes no difference to the answer.
pub async fn read_in_mail(cx: &Cx, key: &str, visitor: &Visitor) -> Result<()> {
    open(cx, key, visitor, false).await
}

/// The copy of a message was looked at in the browser.
pub async fn read_in_browser(cx: &Cx, key: &str, visitor: &Visitor) -> Result<()> {
    open(cx, key, visitor, true).await
}

/// The link that no person sees was followed.
pub async fn trapped(cx: &Cx, key: &str, visitor: &Visitor) -> Result<()> {
    if visitor.ignored_in_mail(&cx.ws).is_some() {
        return Ok(());
    }
    let (now, key, asker) = (cx.now(), key.to_owned(), visitor.asker(&cx.ws));
    cx.db()
        .write_in(Lane::Live, move |tx| match responses::of_key(tx, &key)? {
            Some(send) => machines::write_trap(tx, now, &send, &asker),
            None => Ok(()),
        })
        .await
}

async fn open(cx: &Cx, key: &str, visitor: &Visitor, in_browser: bool) -> Result<()> {
    if visitor.ignored_in_mail(&cx.ws).is_some() {
        return Ok(());
    }
    let (now, key, asker) = (cx.now(), key.to_owned(), visitor.asker(&cx.ws));
    cx.db()
        .write_in(Lane::Live, move |tx| match responses::of_key(tx, &key)? {
            Some(send) => machines::write_open(tx, now, &send, in_browser, &asker).map(|_| ()),
            None => Ok(()),
        })
        .await
}
