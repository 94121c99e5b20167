//! The preference centre: the page on which somebody says herself what she wants to hear, and how often. Whoever has the
//! link of a message may act for its address, nobody else.

use std::collections::{BTreeMap, BTreeSet};

use hg_core::ids::{CategoryId, ContactId, SegmentId};
use hg_core::time::{self, Timestamp};
use hg_store::{Sql, Tx};

use super::{Period, Rule, rules_of, write_rule};
use crate::contacts;
use crate::cx::Cx;
use crate::error::Result;
use crate::pages;
use crate::sending::unsubscribe::{self, LeaveLink, Leaver};
use crate::settings::Preferences;
use crate::workspace::Workspace;
use crate::{categories, consents, segments};

/// How a change is told in timelines and proofs.
const SOURCE: &str = "preference centre";

/// Something to tick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub id: i64,
    pub label: String,
    pub on: bool,
}

/// A channel as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    pub key: &'static str,
    pub on: bool,
    pub rule: Rule,
    /// Days of the pause, as the page's date inputs show them.
    pub pause: (String, String),
}

/// Everything that the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Centre {
    pub leaver: Leaver,
    /// Which parts are shown.
    pub shows: Preferences,
    pub channels: Vec<Channel>,
    pub segments: Vec<Choice>,
    pub categories: Vec<Choice>,
    /// Purposes that she ever said a word on.
    pub consents: Vec<(String, bool)>,
    /// The landing page that is the frame, filled in for her.
    pub page: Option<String>,
}

/// What she said, by the names of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub channels: BTreeSet<String>,
    pub preferred: Option<String>,
    /// By channel: number and period.
    pub frequency: BTreeMap<String, (String, String)>,
    /// By channel: first and last day.
    pub pauses: BTreeMap<String, (String, String)>,
    pub segments: BTreeSet<i64>,
    pub categories: BTreeSet<i64>,
    pub consents: BTreeSet<String>,
}

/// The page of whoever a link is for; none for links that are not ours.
pub async fn centre(cx: &Cx, link: LeaveLink) -> Result<Option<Centre>> {
    let Some(leaver) = unsubscribe::of_link(cx, link).await? else { return Ok(None) };
    let ws = cx.ws.clone();
    let mut centre = cx.db().read(move |tx| gather(&ws, tx, leaver.clone())).await?;
    centre.page = pages::preference_page(cx, centre.leaver.contact, centre.shows.page_id).await?;
    Ok(Some(centre))
}

fn gather(ws: &Workspace, tx: &mut Tx<'_>, leaver: Leaver) -> Result<Centre> {
    let shows = ws.settings().preferences.clone();
    let contact = contacts::load(ws, tx, leaver.contact)?;
    let id = contact.id;
    let rules = rules_of(tx, &[id.0])?.remove(&id).unwrap_or_default();
    let zone = time::zone_or(Some(&ws.settings().general.timezone), &time::TimeZone::UTC);
    let day = |at: Option<Timestamp>| at.map_or(String::new(), |at| time::format_date(at.date(&zone)));
    let channels = channels_of(&contact).into_iter().map(|key| {
        let rule = rules.iter().find(|r| r.channel == key).cloned().unwrap_or_else(|| Rule::open(key));
        let on = contact.do_not_contact.iter().all(|d| d.channel != key);
        // The last day of a pause belongs to it.
        let last = rule.pause_until.map(|until| Timestamp(until.0 - 1));
        Channel { key, on, pause: (day(rule.pause_from), day(last)), rule }
    });
    Ok(Centre {
        channels: channels.collect(),
        segments: if shows.show_segments { segments_of(ws, tx, id)? } else { Vec::new() },
        categories: if shows.show_categories { categories_of(tx, id)? } else { Vec::new() },
        consents: if shows.show_consents { consents_of(tx, id)? } else { Vec::new() },
        leaver: Leaver { contact: id, ..leaver },
        shows,
        page: None,
    })
}

/// Mail, and text messages for those who have a telephone.
fn channels_of(contact: &contacts::Contact) -> Vec<&'static str> {
    if contact.text("mobile").or_else(|| contact.text("phone")).is_some() { vec!["email", "sms"] } else { vec!["email"] }
}

fn segments_of(ws: &Workspace, tx: &mut Tx<'_>, id: ContactId) -> Result<Vec<Choice>> {
    let text = "SELECT id, coalesce(nullif(public_name, ''), name) FROM segments \
                WHERE in_preferences = 1 AND published = 1 AND deleted_at IS NULL ORDER BY 2, id";
    let offered = tx.all(text, |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?)))?;
    let mut choices = Vec::new();
    for (segment, label) in offered {
        let on = segments::members(ws, tx, SegmentId(segment))?.contains(id.bit());
        choices.push(Choice { id: segment, label, on });
    }
    Ok(choices)
}

fn categories_of(tx: &mut Tx<'_>, id: ContactId) -> Result<Vec<Choice>> {
    let text = "SELECT c.id, c.title, coalesce(cc.subscribed, 1) FROM categories c \
                LEFT JOIN contact_categories cc ON cc.category_id = c.id AND cc.contact_id = $1 \
                WHERE c.bundle = 'global' AND c.published = 1 AND c.deleted_at IS NULL ORDER BY c.title, c.id";
    Ok(tx.all(Sql::new(text).bind(id), |r| Ok(Choice { id: r.get(0)?, label: r.get(1)?, on: r.get(2)? }))?)
}

fn consents_of(tx: &mut Tx<'_>, id: ContactId) -> Result<Vec<(String, bool)>> {
    let text = "SELECT purpose, given FROM consents WHERE contact_id = $1 AND current = 1 ORDER BY purpose";
    Ok(tx.all(Sql::new(text).bind(id), |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// Writes what she said; only the parts that were shown to her. None for links that are not ours.
pub async fn save(cx: &Cx, link: LeaveLink, said: Said) -> Result<Option<Centre>> {
    let Some(leaver) = unsubscribe::of_link(cx, link.clone()).await? else { return Ok(None) };
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let shown = gather(&ws, tx, leaver.clone())?;
            write(&ws, tx, &shown, &said)
        })
        .await?;
    centre(cx, link).await
}

fn write(ws: &Workspace, tx: &mut Tx<'_>, shown: &Centre, said: &Said) -> Result<()> {
    let id = shown.leaver.contact;
    for channel in &shown.channels {
        write_channel(ws, tx, id, channel, &shown.shows, said)?;
    }
    for segment in &shown.segments {
        let wanted = said.segments.contains(&segment.id);
        if wanted != segment.on {
            segments::change_by_hand_in(ws, tx, SegmentId(segment.id), &[id], wanted, "preferences", None)?;
        }
    }
    for category in shown.categories.iter().filter(|c| said.categories.contains(&c.id) != c.on) {
        categories::subscribe_in(ws, tx, id, CategoryId(category.id), !category.on, SOURCE)?;
    }
    for (purpose, given) in &shown.consents {
        let wanted = said.consents.contains(purpose);
        if wanted != *given {
            consents::record(ws, tx, id, purpose, wanted, Some(purpose), SOURCE, None)?;
        }
    }
    Ok(())
}

fn write_channel(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: ContactId,
    channel: &Channel,
    shows: &Preferences,
    said: &Said,
) -> Result<()> {
    let wanted = said.channels.contains(channel.key);
    if !wanted {
        contacts::set_do_not_contact(ws, tx, id, channel.key, 1, "User unsubscribed in the preference centre.", None)?;
    } else if !channel.on {
        // An address that refused mail does not take it because somebody ticks a box.
        for reason in [1, 3] {
            contacts::lift_do_not_contact(ws, tx, id, channel.key, Some(reason))?;
        }
    }
    let mut rule = channel.rule.clone();
    if shows.show_frequency
        && let Some((number, period)) = said.frequency.get(channel.key)
    {
        rule.most = number.trim().parse().ok().filter(|n| (1..=1_000).contains(n));
        rule.period = rule.most.map(|_| Period::parse(period).unwrap_or(Period::Month));
    }
    if shows.show_pause_dates
        && let Some((first, last)) = said.pauses.get(channel.key)
    {
        let zone = time::zone_or(Some(&ws.settings().general.timezone), &time::TimeZone::UTC);
        let midnight = |day: &str| {
            let date = time::parse_date(day.trim()).ok()?;
            Timestamp::from_civil(date.at(0, 0, 0, 0), &zone).ok()
        };
        rule.pause_from = midnight(first);
        rule.pause_until = midnight(last).map(|at| at.plus_days(1, &zone));
        // Dates the wrong way round are meant the right way round.
        if let (Some(from), Some(until)) = (rule.pause_from, rule.pause_until)
            && until <= from
        {
            (rule.pause_from, rule.pause_until) = (midnight(last), midnight(first).map(|at| at.plus_days(1, &zone)));
        }
    }
    if shows.show_preferred_channel {
        rule.preferred = said.preferred.as_deref() == Some(channel.key);
    }
    write_rule(ws, tx, id, &rule, SOURCE).map(|_| ())
}
