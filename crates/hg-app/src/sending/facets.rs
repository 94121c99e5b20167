//! Where the responses to an email come from: people who opened and clicked by device, program, domain, country and hour.
//! Each person counts once, by her first response.

use std::collections::BTreeMap;

use hg_core::ids::EmailId;
use hg_core::time::Timestamp;
use hg_core::tracking::device_of;
use hg_store::{Sql, Tx};

use super::ledger::SendRow;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;

/// Values that are shown of each facet.
const MOST: i64 = 24;
const FACETS: [&str; 5] = ["device", "client", "domain", "country", "hour"];

/// What somebody did.
#[derive(Clone, Copy)]
pub(super) enum What {
    Opened,
    Clicked,
}

/// Where a response came from.
pub(super) struct Origin<'a> {
    pub agent: &'a str,
    /// A proxy hides the device.
    pub proxied: bool,
    pub at: Timestamp,
    /// The zone in which hours are told.
    pub zone: &'a str,
}

/// Adds to the figures of an email, or takes away from them.
pub(super) fn add(tx: &mut Tx<'_>, send: &SendRow, from: &Origin<'_>, whats: impl Iterator<Item = What>, by: i64) -> Result<()> {
    let whats: Vec<What> = whats.collect();
    if whats.is_empty() {
        return Ok(());
    }
    let device = device_of(from.agent);
    let named = |name: &str| if name.is_empty() { "unknown".to_owned() } else { name.to_owned() };
    let seen = |name: &str| if from.proxied { "proxy".to_owned() } else { named(name) };
    let domain = send.address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let country: Option<Option<String>> =
        tx.opt(Sql::new("SELECT country FROM contacts WHERE id = $1").bind(send.contact), |r| r.get(0))?;
    let hour = hg_core::emails::local_now(from.at, &[from.zone]).hour();
    let values = [
        ("device", seen(device.kind)),
        ("client", seen(device.program)),
        ("domain", named(&domain)),
        ("country", named(country.flatten().as_deref().map(str::trim).unwrap_or_default())),
        ("hour", format!("{hour:02}")),
    ];
    let times = |wanted: fn(&What) -> bool| by * whats.iter().filter(|w| wanted(w)).count() as i64;
    let (opened, clicked) = (times(|w| matches!(w, What::Opened)), times(|w| matches!(w, What::Clicked)));
    for (facet, value) in values {
        let text = "INSERT INTO email_facets (email_id, facet, value, opened, clicked) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (email_id, facet, value) DO UPDATE SET opened = email_facets.opened + $4, \
                    clicked = email_facets.clicked + $5";
        tx.exec(Sql::new(text).bind(send.email).bind(facet).bind(value).bind(opened).bind(clicked))?;
    }
    Ok(())
}

/// One value with the people behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    pub value: String,
    pub opened: i64,
    pub clicked: i64,
}

/// People who opened and clicked, by `device`, `client`, `domain`, `country` and `hour`; hours in their order, the others
/// the most first.
pub async fn origins(cx: &Cx, email: EmailId) -> Result<BTreeMap<String, Vec<FacetCount>>> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let mut found: BTreeMap<String, Vec<FacetCount>> = BTreeMap::new();
            let sql = "SELECT value, opened, clicked FROM email_facets WHERE email_id = $1 AND facet = $2 AND opened + clicked > 0 \
                       ORDER BY opened + clicked DESC, value LIMIT $3";
            for facet in FACETS {
                let rows = tx.all(Sql::new(sql).bind(email).bind(facet).bind(MOST), |r| {
                    Ok(FacetCount { value: r.get(0)?, opened: r.get(1)?, clicked: r.get(2)? })
                })?;
                if !rows.is_empty() {
                    found.insert(facet.to_owned(), rows);
                }
            }
            if let Some(hours) = found.get_mut("hour") {
                hours.sort_by(|a, b| a.value.cmp(&b.value));
            }
            Ok(found)
        })
        .await
}
