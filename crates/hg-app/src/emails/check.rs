//! The look over an email before it goes out: the rules are the core's, the facts come from the workspace.

use hg_core::emails::preflight::{Preflight, Remark, SenderFacts, Weight, preflight};
use hg_core::emails::{Brand, Starter, attachment_remarks, gallery as starters, looks_like_word};

use super::context::site_url;
use super::model::{Content, EmailError};
use super::preview::{Preview, PreviewRequest, preview};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::{attachments, deliverability, media};

/// What was found, and how long one message is.
#[derive(Debug, Clone)]
pub struct Check {
    /// The weightiest first.
    pub remarks: Vec<Remark>,
    pub bytes: usize,
}

/// Looks over an email as it stands in the editor.
pub async fn check(cx: &Cx, request: PreviewRequest) -> Result<Check> {
    let content = request.content.clone();
    let shown = preview(cx, PreviewRequest { contact: None, ..request }).await?;
    let sender = sender_facts(cx, &content).await?;
    let site = site_url(&cx.ws);
    let source = content.compilable(&site, true, true);
    let hashes = media_hashes(&content.source);
    let attached = content.attachments.clone();
    let (sizes, files) = cx
        .db()
        .read(move |tx| Ok::<_, crate::Error>((media::sizes(tx, &hashes)?, attachments::bytes_of(tx, &attached)?)))
        .await?;
    let asked = Preflight {
        email: &source,
        bytes: shown.message.html.len(),
        postal_address: &cx.ws.settings().general.postal_address,
        sender: &sender,
        image_bytes: &|address| media_hashes(address).first().and_then(|hash| sizes.get(hash).copied()),
    };
    let mut remarks = preflight(&asked).map_err(|error| EmailError::Source(format!("{error}.")))?;
    remarks.extend(unknown_tokens(&shown));
    remarks.extend(attachment_remarks(&files, content.purpose()));
    remarks.extend(from_word(&content));
    remarks.sort_by_key(|remark| remark.weight);
    Ok(Check { bytes: shown.message.html.len(), remarks })
}

/// HTML from Word shows otherwise in each mail program.
fn from_word(content: &Content) -> Option<Remark> {
    let found = content.format == "html" && looks_like_word(&content.source);
    let advice = "Choose “Clean up HTML from Word” in code mode: words, links, lists, tables and images stay.";
    found.then(|| Remark::new("word", Weight::Hint, "The HTML comes from Word or Outlook.", advice))
}

/// Hashes of the library's pictures whose addresses stand in a text.
fn media_hashes(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .match_indices("/media/")
        .filter_map(|(at, start)| text.get(at + start.len()..at + start.len() + 64))
        .filter(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()))
        .map(str::to_owned)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Tokens that nobody knows; what else the preview warns of is judged here anew.
fn unknown_tokens(shown: &Preview) -> impl Iterator<Item = Remark> {
    shown.warnings.iter().filter(|warning| warning.code.starts_with("unknown-")).map(|warning| {
        let advice = match warning.code {
            "unknown-field" => "Choose the field from the token menu, or make it under Fields.",
            "unknown-date" => "Write it as {today|date|+1 day}.",
            _ => "Choose it from the token menu. Tokens of your own are given by the API when it sends.",
        };
        // The API may give tokens of its own.
        let weight = if warning.code == "unknown-token" { Weight::Hint } else { Weight::Warning };
        Remark::new(warning.code, weight, warning.detail.clone(), advice)
    })
}

/// Where the email comes from, and what the DNS is known to say about that.
async fn sender_facts(cx: &Cx, content: &Content) -> Result<SenderFacts> {
    let settings = cx.ws.settings();
    let own = content.from_address.trim();
    let address = if own.is_empty() { settings.sending.sender_email.trim() } else { own };
    if address.is_empty() {
        return Ok(SenderFacts::Nobody);
    }
    if address.contains('{') {
        return Ok(SenderFacts::Varies);
    }
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain).to_ascii_lowercase();
    Ok(match deliverability::verdicts(cx, &domain).await? {
        None => SenderFacts::Strange(domain),
        Some(lines) => SenderFacts::Known(domain, lines),
    })
}

/// The looks of the house.
pub fn brand(cx: &Cx) -> Brand {
    let settings = cx.ws.settings();
    let looks = settings.brand.clone();
    Brand {
        name: settings.general.site_name.clone(),
        site_url: site_url(&cx.ws),
        address: settings.general.postal_address.clone(),
        logo_url: looks.logo_url,
        logo_width: looks.logo_width,
        primary: looks.primary,
        text: looks.text,
        ground: looks.ground,
        card: looks.card,
        font: looks.font,
        radius: looks.radius,
        links: looks.profiles.into_iter().map(|profile| (profile.name, profile.url)).collect(),
    }
}

/// Emails to start from, in the looks of the house.
pub fn gallery(cx: &Cx) -> Result<Vec<Starter>> {
    cx.may(Action::View(Area::Emails))?;
    Ok(starters(&brand(cx)))
}
