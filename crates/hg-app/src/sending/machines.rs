//! People and machines among those who respond: every open and click is kept as it came in, and judged. What a machine
//! does is no open and no click of the contact's, unless the workspace wants it counted all the same.
//!
//! A scanner looks like anybody at its first link. When it is known for one, what it did a moment before is taken back.

use std::net::IpAddr;

use hg_core::events::EventKind;
use hg_core::time::{Millis, Timestamp};
use hg_core::tracking::{Responder, ResponseClass, ResponseSignals, judge_response};
use hg_store::{Sql, Tx};
use serde_json::json;

use super::facets::{self, What};
use super::ledger::SendRow;
use super::responses;
use crate::changes::{self, Happening};
use crate::error::Result;

/// Links that are followed within this time were followed at once.
const AT_ONCE: Millis = Millis::seconds(2);
/// What else happens to a message within this time of its hidden link being followed was the same machine.
const BURST: Millis = Millis::seconds(10);

const OPEN: i64 = 0;
const CLICK: i64 = 1;
const TRAP: i64 = 2;
/// What a row counted as.
const FIRST_OPEN: i64 = 1;
const FIRST_CLICK: i64 = 2;

/// A request that opened a message or followed one of its links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    pub agent: String,
    pub address: IpAddr,
    /// The address as it may be kept.
    pub kept_address: String,
    /// Only asked whether it is there, or fetched it ahead of anybody's looking.
    pub unread: bool,
    /// Machines count like people.
    pub count_machines: bool,
    /// The zone in which hours are told.
    pub zone: String,
}

/// A link that was followed.
pub struct Followed<'a> {
    pub redirect: i64,
    pub url: &'a str,
    pub url_id: Option<i64>,
}

/// Writes an open, for whoever it was; whether it counts as one of the contact's.
pub fn write_open(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, in_browser: bool, asker: &Asker) -> Result<bool> {
    let seen = judge(tx, now, send, asker, None)?;
    if seen.class == ResponseClass::Machine && !asker.count_machines {
        keep(tx, now, send, (OPEN, None, 0), asker, &seen)?;
        told_of_machine(tx, now, send, &seen, None)?;
        return Ok(false);
    }
    let counted = if send.opened_at.is_none() { FIRST_OPEN } else { 0 };
    keep(tx, now, send, (OPEN, None, counted), asker, &seen)?;
    count(tx, now, send, asker, &seen, counted)?;
    responses::write_open(tx, now, send, in_browser)?;
    Ok(true)
}

/// What a click is taken for. Asked before anything is done for it: nobody gets to know a scanner as the contact.
pub fn judge_click(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, asker: &Asker, redirect: i64) -> Result<Responder> {
    judge(tx, now, send, asker, Some(redirect))
}

/// Writes a click, for whoever it was; whether it counts as one of the contact's.
pub fn write_click(
    tx: &mut Tx<'_>,
    now: Timestamp,
    send: &SendRow,
    link: &Followed<'_>,
    asker: &Asker,
    seen: &Responder,
) -> Result<bool> {
    let redirect = Some(link.redirect);
    if seen.class == ResponseClass::Machine && !asker.count_machines {
        if seen.reasons.iter().any(|r| r.contains("links at once")) {
            take_back(tx, send, now.minus(AT_ONCE), seen, &asker.zone)?;
        }
        told_of_machine(tx, now, send, seen, Some(link))?;
        keep(tx, now, send, (CLICK, redirect, 0), asker, seen)?;
        let sql = Sql::new("UPDATE redirects SET machine_hits = machine_hits + 1 WHERE id = $1");
        tx.exec(sql.bind(link.redirect))?;
        return Ok(false);
    }
    let opens = if send.opened_at.is_none() { FIRST_OPEN } else { 0 };
    let clicks = if send.clicked_at.is_none() { FIRST_CLICK } else { 0 };
    keep(tx, now, send, (CLICK, redirect, opens | clicks), asker, seen)?;
    count(tx, now, send, asker, seen, opens | clicks)?;
    responses::write_click(tx, now, send, link.redirect, link.url, link.url_id)?;
    Ok(true)
}

/// The link that no person sees was followed: whoever did it is a machine, and so is what it just did.
pub fn write_trap(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, asker: &Asker) -> Result<()> {
    let mut signals = signals(now, send, asker);
    signals.trapped = true;
    let seen = judge_response(&signals);
    keep(tx, now, send, (TRAP, None, 0), asker, &seen)?;
    if !asker.count_machines {
        take_back(tx, send, now.minus(BURST), &seen, &asker.zone)?;
        told_of_machine(tx, now, send, &seen, None)?;
    }
    Ok(())
}

fn signals<'a>(now: Timestamp, send: &SendRow, asker: &'a Asker) -> ResponseSignals<'a> {
    ResponseSignals {
        agent: &asker.agent,
        address: Some(asker.address),
        unread: asker.unread,
        since_sent: send.sent_at.map(|sent| now.since(sent).0),
        ..ResponseSignals::default()
    }
}

fn judge(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, asker: &Asker, link: Option<i64>) -> Result<Responder> {
    let text = "SELECT count(DISTINCT CASE WHEN kind = 1 AND at > $2 AND redirect_id <> $3 THEN redirect_id END), \
                count(CASE WHEN kind = 2 THEN 1 END) FROM mail_responses WHERE send_id = $1 AND at > $4";
    let sql = Sql::new(text).bind(send.id).bind(now.minus(AT_ONCE)).bind(link.unwrap_or(0)).bind(now.minus(BURST));
    let (links, traps) = tx.one(sql, |r| Ok((r.get::<i64>(0)?, r.get::<i64>(1)?)))?;
    let mut signals = signals(now, send, asker);
    signals.trapped = traps > 0;
    if link.is_some() {
        signals.links_at_once = u32::try_from(links).unwrap_or(u32::MAX);
    }
    Ok(judge_response(&signals))
}

/// Keeps a response: its kind, its link, and what it counted as.
fn keep(
    tx: &mut Tx<'_>,
    now: Timestamp,
    send: &SendRow,
    (kind, redirect, counted): (i64, Option<i64>, i64),
    asker: &Asker,
    seen: &Responder,
) -> Result<()> {
    let sql = "INSERT INTO mail_responses (send_id, kind, redirect_id, at, class, score, reasons, counted, agent, address) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let agent: String = asker.agent.chars().take(300).collect();
    tx.exec(
        Sql::new(sql)
            .bind(send.id)
            .bind(kind)
            .bind(redirect)
            .bind(now)
            .bind(seen.class.key())
            .bind(i64::from(seen.score))
            .bind(seen.reasons.join(", "))
            .bind(counted)
            .bind(agent)
            .bind(&asker.kept_address),
    )?;
    Ok(())
}

/// Adds a first open or click to the figures by device, domain and the like.
fn count(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, asker: &Asker, seen: &Responder, counted: i64) -> Result<()> {
    let proxied = seen.class == ResponseClass::Proxy;
    facets::add(tx, send, &facets::Origin { agent: &asker.agent, proxied, at: now, zone: &asker.zone }, whats(counted), 1)
}

fn whats(counted: i64) -> impl Iterator<Item = What> {
    [(FIRST_OPEN, What::Opened), (FIRST_CLICK, What::Clicked)]
        .into_iter()
        .filter(move |(bit, _)| counted & bit != 0)
        .map(|(_, w)| w)
}

/// Writes what a machine did beside what people do: the first of its kind counts, and is told; each link once.
fn told_of_machine(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, seen: &Responder, link: Option<&Followed<'_>>) -> Result<()> {
    let what = if link.is_some() { "clicked" } else { "opened" };
    let text = format!("UPDATE sends SET machine_{what}_at = $2 WHERE id = $1 AND machine_{what}_at IS NULL");
    let first = tx.exec(Sql::new(text).bind(send.id).bind(now))? == 1;
    if first {
        let text = format!("UPDATE email_counts SET machine_{what} = machine_{what} + 1 WHERE email_id IN ($1, $2)");
        tx.exec(Sql::new(text).bind(send.email).bind(send.content))?;
    }
    let (kind, news) = match link {
        None => (EventKind::MachineOpened, first),
        Some(link) => (EventKind::MachineClicked, first || !followed_before(tx, send, link.redirect)?),
    };
    if !news {
        return Ok(());
    }
    let mut detail = json!({"reasons": seen.reasons, "score": seen.score});
    let mut happening = Happening::new(send.contact, kind, now).object(send.email.0).reference(send.id.0);
    if let Some(link) = link {
        happening.url_id = link.url_id;
        detail["url"] = json!(link.url);
    }
    changes::record(tx, happening.detail(detail)).map(|_| ())
}

fn followed_before(tx: &mut Tx<'_>, send: &SendRow, redirect: i64) -> Result<bool> {
    let text = "SELECT 1 FROM mail_responses WHERE send_id = $1 AND kind = 1 AND redirect_id = $2 AND class = 'machine' LIMIT 1";
    Ok(tx.opt(Sql::new(text).bind(send.id).bind(redirect), |_| Ok(()))?.is_some())
}

/// A response that was taken for a person's.
struct Taken {
    id: i64,
    kind: i64,
    redirect: Option<i64>,
    at: Timestamp,
    proxied: bool,
    counted: i64,
    agent: String,
}

/// What was taken for a person since an instant was the same machine: it is no open and no click of the contact's.
fn take_back(tx: &mut Tx<'_>, send: &SendRow, since: Timestamp, seen: &Responder, zone: &str) -> Result<()> {
    let text = "SELECT id, kind, redirect_id, at, class, counted, coalesce(agent, '') FROM mail_responses \
                WHERE send_id = $1 AND at > $2 AND class <> 'machine' ORDER BY id";
    let taken: Vec<Taken> = tx.all(Sql::new(text).bind(send.id).bind(since), |r| {
        Ok(Taken {
            id: r.get(0)?,
            kind: r.get(1)?,
            redirect: r.get(2)?,
            at: r.get(3)?,
            proxied: r.get::<String>(4)? == ResponseClass::Proxy.key(),
            counted: r.get(5)?,
            agent: r.get(6)?,
        })
    })?;
    if taken.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = taken.iter().map(|t| t.id).collect();
    let text = "UPDATE mail_responses SET class = 'machine', score = $2, reasons = $3, counted = 0 WHERE id @in($1)";
    tx.exec(Sql::new(text).bind(ids.as_slice()).bind(i64::from(seen.score)).bind(seen.reasons.join(", ")))?;
    for one in &taken {
        let origin = facets::Origin { agent: &one.agent, proxied: one.proxied, at: one.at, zone };
        facets::add(tx, send, &origin, whats(one.counted), -1)?;
    }
    let number = |kind: i64| taken.iter().filter(|t| t.kind == kind).count() as i64;
    let bits = taken.iter().fold(0, |bits, t| bits | t.counted);
    for (bit, what, times, n) in
        [(FIRST_OPEN, "opened", "opens", number(OPEN)), (FIRST_CLICK, "clicked", "clicks", number(CLICK))]
    {
        // A click that was the first sign of reading had been counted as an open too.
        let n = n + i64::from(bit == FIRST_OPEN && taken.iter().any(|t| t.kind == CLICK && t.counted & FIRST_OPEN != 0));
        let text = format!("UPDATE sends SET {times} = CASE WHEN {times} > $2 THEN {times} - $2 ELSE 0 END WHERE id = $1");
        tx.exec(Sql::new(text).bind(send.id).bind(n))?;
        if bits & bit == 0 {
            continue;
        }
        tx.exec(Sql::new(format!("UPDATE sends SET {what}_at = NULL WHERE id = $1")).bind(send.id))?;
        let text = format!("UPDATE email_counts SET {what} = {what} - 1 WHERE email_id IN ($1, $2) AND {what} > 0");
        tx.exec(Sql::new(text).bind(send.email).bind(send.content))?;
    }
    links_back(tx, send, &taken)?;
    for (was, is) in [(EventKind::EmailOpened, EventKind::MachineOpened), (EventKind::EmailClicked, EventKind::MachineClicked)] {
        let text = "UPDATE events SET kind = $4 WHERE contact_id = $1 AND occurred_at > $2 AND kind = $3 AND ref_id = $5";
        tx.exec(Sql::new(text).bind(send.contact).bind(since).bind(was.code()).bind(is.code()).bind(send.id))?;
    }
    Ok(())
}

/// The clicks on each link, and whoever is no longer among those who clicked it.
fn links_back(tx: &mut Tx<'_>, send: &SendRow, taken: &[Taken]) -> Result<()> {
    let mut links: std::collections::BTreeMap<i64, i64> = std::collections::BTreeMap::new();
    for redirect in taken.iter().filter_map(|t| t.redirect) {
        *links.entry(redirect).or_default() += 1;
    }
    for (redirect, clicks) in links {
        let text =
            "SELECT count(*) FROM mail_responses WHERE send_id = $1 AND kind = 1 AND redirect_id = $2 AND class <> 'machine'";
        let others: i64 = tx.scalar(Sql::new(text).bind(send.id).bind(redirect))?;
        let text = "UPDATE redirects SET hits = CASE WHEN hits > $2 THEN hits - $2 ELSE 0 END, \
                    people = CASE WHEN people > $3 THEN people - $3 ELSE 0 END, machine_hits = machine_hits + $2 WHERE id = $1";
        tx.exec(Sql::new(text).bind(redirect).bind(clicks).bind(i64::from(others == 0)))?;
    }
    Ok(())
}
