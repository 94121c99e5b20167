//! Things as people name them at the console: by id, or by the name, alias or address that they know.

use hg_app::campaigns::{self, CampaignQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, Result, contacts, emails, segments};
use hg_core::ids::{CampaignId, ContactId, EmailId, SegmentId};
use hg_core::text::fold;

use crate::open;

/// A contact by id or email address.
pub async fn contact(cx: &Cx, named: &str) -> Result<ContactId> {
    let (ws, text) = (cx.ws.clone(), named.to_owned());
    let found = cx
        .db()
        .read(move |tx| match text.parse() {
            Ok(id) => contacts::survivor(tx, ContactId(id)).map(Some),
            Err(_) => contacts::find_by_email(&ws, tx, &text),
        })
        .await?;
    found.ok_or_else(|| open::plain(format!("there is no contact “{named}”; give an id or an email address")))
}

/// A segment by id, alias or name.
pub async fn segment(cx: &Cx, named: &str) -> Result<SegmentId> {
    if let Ok(id) = named.parse() {
        return Ok(SegmentId(id));
    }
    let page = segments::list(cx, most(named)).await?;
    let found = page.items.iter().filter(|s| s.alias == named || same(&s.name, named)).map(|s| s.id.0);
    only("segment", named, found).map(SegmentId)
}

/// An email by id or name.
pub async fn email(cx: &Cx, named: &str) -> Result<EmailId> {
    if let Ok(id) = named.parse() {
        return Ok(EmailId(id));
    }
    let page = emails::list(cx, most(named), None).await?;
    only("email", named, page.items.iter().filter(|e| same(&e.name, named)).map(|e| e.id.0)).map(EmailId)
}

/// A campaign by id or name.
pub async fn campaign(cx: &Cx, named: &str) -> Result<CampaignId> {
    if let Ok(id) = named.parse() {
        return Ok(CampaignId(id));
    }
    let page = campaigns::list(cx, CampaignQuery { list: most(named), state: None }).await?;
    only("campaign", named, page.items.iter().filter(|c| same(&c.name, named)).map(|c| c.id.0)).map(CampaignId)
}

fn most(search: &str) -> ListQuery {
    ListQuery { search: search.to_owned(), limit: 500, ..ListQuery::default() }
}

fn same(name: &str, typed: &str) -> bool {
    fold(name) == fold(typed)
}

fn only(what: &str, named: &str, found: impl Iterator<Item = i64>) -> Result<i64> {
    let ids: Vec<i64> = found.collect();
    match ids.as_slice() {
        [id] => Ok(*id),
        [] => Err(open::plain(format!("there is no {what} “{named}”; give its id or its whole name"))),
        many => {
            let ids: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(open::plain(format!("several are called “{named}”; give an id: {}", ids.join(", "))))
        }
    }
}
