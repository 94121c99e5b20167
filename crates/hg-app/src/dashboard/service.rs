use hg_core::time::{self, Millis, TimeZone, Timestamp};

use super::store::{self, BUCKET_MS, Series};
use super::{ChecklistItem, Dashboard, Day};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// The longest period shown by day.
const MOST_DAYS: i64 = 400;

/// The last thirty days up to the end of today, in the workspace's zone.
pub fn default_period(cx: &Cx) -> (Timestamp, Timestamp) {
    let zone = zone(cx);
    let to = cx.now().start_of_day(&zone).plus_days(1, &zone);
    (to.plus_days(-30, &zone), to)
}

fn zone(cx: &Cx) -> TimeZone {
    time::zone_or(Some(&cx.ws.settings().general.timezone), &TimeZone::UTC)
}

/// The first page's figures from `from` up to and without `to`.
pub async fn dashboard(cx: &Cx, from: Timestamp, to: Timestamp) -> Result<Dashboard> {
    cx.may(Action::View(Area::Contacts))?;
    if to <= from || to.since(from) > Millis::days(MOST_DAYS) {
        return Err(Error::field("/to", "period", format!("Choose a period of one to {MOST_DAYS} days.")));
    }
    let zone = zone(cx);
    let sender_set = !cx.ws.settings().sending.sender_email.is_empty();
    cx.db()
        .read(move |tx| {
            let by_source = store::by_source(tx, from, to)?;
            let has = store::has(tx)?;
            Ok(Dashboard {
                from,
                to,
                contacts: store::contacts(tx, from, to)?,
                emails: store::emails(tx, from, to)?,
                submissions: by_source.iter().map(|s| s.count).sum(),
                by_source,
                days: days(tx, from, to, &zone)?,
                upcoming: store::upcoming(tx)?,
                checklist: vec![
                    ChecklistItem { key: "sender", done: sender_set, link: "/settings/sending" },
                    ChecklistItem { key: "contacts", done: has.contacts, link: "/contacts/import" },
                    ChecklistItem { key: "segment", done: has.segments, link: "/segments/new" },
                    ChecklistItem { key: "form", done: has.forms, link: "/forms?new=1" },
                    ChecklistItem { key: "page", done: has.pages, link: "/pages?new=1" },
                    ChecklistItem { key: "email", done: has.emails, link: "/emails?new=1" },
                    ChecklistItem { key: "campaign", done: has.campaigns, link: "/campaigns?new=1" },
                    ChecklistItem { key: "answer", done: has.opens, link: "/outbox" },
                ],
            })
        })
        .await
}

fn days(tx: &mut hg_store::Tx<'_>, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Result<Vec<Day>> {
    let mut days: Vec<Day> = Vec::new();
    let mut at = from;
    while at < to {
        days.push(Day { date: time::format_date(at.date(zone)), ..Day::default() });
        at = at.plus_days(1, zone);
    }
    for what in [Series::Sent, Series::Opened, Series::Clicked, Series::Submissions, Series::NewContacts] {
        for (bucket, n) in store::series(tx, what, from, to)? {
            let date = time::format_date(from.plus(Millis(bucket * BUCKET_MS)).date(zone));
            let Some(day) = days.iter_mut().find(|d| d.date == date) else { continue };
            match what {
                Series::Sent => day.sent += n,
                Series::Opened => day.opened += n,
                Series::Clicked => day.clicked += n,
                Series::Submissions => day.submissions += n,
                Series::NewContacts => day.new_contacts += n,
            }
        }
    }
    Ok(days)
}
