//! An email with the clicks on each of its links.

use std::collections::{BTreeMap, HashMap};

use hg_core::emails::{CompiledEmail, Links, MessageUrls};
use hg_core::ids::EmailId;

use super::compose::{Desk, Wants};
use super::recipients::{LinkCount, links};
use crate::cx::Cx;
use crate::emails::{self, EmailError, Prepared};
use crate::error::{Error, Result};

/// The email as a sample, and its counted links in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickMap {
    /// Each counted link leads to `/r/` and its number among the links.
    pub html: String,
    pub links: Vec<LinkCount>,
}

/// The email as it stands, with what came of each link. A link that was taken out meanwhile is not on the map.
pub async fn click_map(cx: &Cx, id: EmailId) -> Result<ClickMap> {
    let counts = links(cx, id).await?;
    let email = emails::get(cx, id).await?;
    let desk = Desk::of(&cx.ws);
    let compiled = CompiledEmail::compile(&email.content.compilable(&desk.facts.site_url, true, false))
        .map_err(|e| Error::from(EmailError::Source(e.to_string())))?;
    let mut by_url: HashMap<String, LinkCount> = counts.into_iter().map(|count| (count.url.clone(), count)).collect();
    let found: Vec<LinkCount> = compiled
        .links
        .iter()
        .map(|link| by_url.remove(&link.url).unwrap_or_else(|| LinkCount { url: link.url.clone(), ..LinkCount::default() }))
        .collect();
    let numbers: Vec<String> = (0..found.len()).map(|number| number.to_string()).collect();
    let prepared = Prepared {
        aliases: Vec::new(),
        content: email.content,
        compiled,
        redirects: Vec::new(),
        pages: BTreeMap::new(),
        attachments: Vec::new(),
    };
    let wants = Wants {
        contact: None,
        urls: MessageUrls::Preview { email_id: id.0 },
        links: Links::Counted { redirects: &numbers, ct: "" },
        given: &BTreeMap::new(),
        escape_given: false,
        now: cx.now(),
    };
    let (message, ..) = desk.fill_in(&prepared, &wants).map_err(|_| EmailError::NoSender)?;
    Ok(ClickMap { html: message.html, links: found })
}
