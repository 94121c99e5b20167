//! The rules that decide about one email and one contact, each with what it sees now.

use hg_core::emails::{Candidate, Purpose, Skip, Verdict, judge, rules};
use hg_core::ids::{ContactId, SegmentId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use super::queue::{Addressee, BOUNCED, addressee};
use super::{audience, ledger};
use crate::emails::{Email, Kind};
use crate::error::Result;
use crate::segments;
use crate::workspace::Workspace;

/// One of the rules, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyRule {
    /// The reason that it gives when it does not hold.
    pub rule: Skip,
    /// Whether it is asked for this kind of email at all.
    pub asked: bool,
    pub holds: bool,
    /// What it sees, in words.
    pub seen: String,
}

/// All that is known about the pair.
pub(super) struct Case {
    pub verdict: Verdict,
    pub rules: Vec<WhyRule>,
}

/// Looks at an email, not a variant or a translation of one, and a contact.
pub(super) fn look(ws: &Workspace, tx: &mut Tx<'_>, email: &Email, contact: ContactId) -> Result<Case> {
    let for_segments = email.kind == Kind::Segment;
    let purpose = if for_segments { Purpose::Marketing } else { email.content.purpose() };
    let person = addressee(tx, contact)?;
    let candidate = Candidate {
        published: email.window().holds_at(ws.clock.now()),
        category_refused: !audience::refused(tx, email.id, &[contact.0])?.is_empty(),
        had_it_already: ledger::had_it(tx, email.id, contact)?,
        in_audience: !for_segments || audience::people(ws, tx, email)?.binary_search(&contact.bit()).is_ok(),
        ..person.candidate()
    };
    let mut found = Vec::new();
    // Whether somebody shares the address is not asked when messages are made: it would explain nothing.
    for rule in rules(&candidate, purpose).into_iter().filter(|rule| rule.skip != Skip::SameAddress) {
        let asked = rule.asked && (for_segments || rule.skip != Skip::NotInAudience);
        let seen = seen(ws.clock.now(), tx, rule.skip, email, contact, &person)?;
        found.push(WhyRule { rule: rule.skip, asked, holds: rule.holds, seen });
    }
    Ok(Case { verdict: judge(&candidate, purpose), rules: found })
}

/// Whether the email is live, and since or until when.
fn live(email: &Email, now: Timestamp) -> String {
    let day = |at: Option<Timestamp>| at.map_or_else(String::new, Timestamp::rfc3339);
    match email.window().state(now) {
        "published" => "It is live.".to_owned(),
        "pending" => format!("It is not live before {}.", day(email.publish_up)),
        "expired" => format!("It was live until {}.", day(email.publish_down)),
        _ => "It is not live.".to_owned(),
    }
}

fn seen(now: Timestamp, tx: &mut Tx<'_>, rule: Skip, email: &Email, contact: ContactId, person: &Addressee) -> Result<String> {
    Ok(match rule {
        Skip::NotPublished => live(email, now),
        Skip::NoAddress if person.address.is_empty() => "No address is known.".to_owned(),
        Skip::NoAddress => person.address.clone(),
        Skip::Undeliverable if person.blocked == Some(BOUNCED) => "An earlier message bounced.".to_owned(),
        Skip::Undeliverable => match person.suppressed.filter(|cause| cause.blocks_everything()) {
            Some(cause) => format!("On the suppression list: {}.", cause.key()),
            None => "No bounce and no complaint is known.".to_owned(),
        },
        Skip::OptedOut => match person.blocked {
            None => "Nothing is noted against email.".to_owned(),
            Some(1) => "Unsubscribed.".to_owned(),
            Some(BOUNCED) => "Blocked because mail bounced, not by an opt-out.".to_owned(),
            Some(_) => "Blocked by hand.".to_owned(),
        },
        Skip::Suppressed => match person.suppressed {
            Some(cause) => format!("On the suppression list: {}.", cause.key()),
            None => "Not on the suppression list.".to_owned(),
        },
        Skip::CategoryRefused => category(tx, email)?,
        Skip::HadItAlready => last_time(tx, email, contact)?,
        Skip::NotInAudience => membership(tx, email, contact)?,
        Skip::SameAddress | Skip::Cancelled => String::new(),
    })
}

fn category(tx: &mut Tx<'_>, email: &Email) -> Result<String> {
    let text = "SELECT c.title FROM emails e JOIN categories c ON c.id = e.category_id WHERE e.id = $1";
    let named: Option<String> = tx.opt(Sql::new(text).bind(email.id), |r| r.get(0))?;
    Ok(named.map_or_else(|| "The email has no category.".to_owned(), |title| format!("Category “{title}”.")))
}

fn last_time(tx: &mut Tx<'_>, email: &Email, contact: ContactId) -> Result<String> {
    let text = "SELECT coalesce(sent_at, created_at), sent_at IS NOT NULL FROM sends \
                WHERE email_id = $1 AND contact_id = $2 AND state NOT IN (4, 6) ORDER BY id DESC LIMIT 1";
    let last: Option<(Timestamp, bool)> = tx.opt(Sql::new(text).bind(email.id).bind(contact), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(match last {
        None => "Never.".to_owned(),
        Some((at, true)) => format!("Sent at {} UTC.", at.sql_text()),
        Some((at, false)) => format!("A message was made at {} UTC.", at.sql_text()),
    })
}

/// In which of the email's segments, and in which of those that are left out.
fn membership(tx: &mut Tx<'_>, email: &Email, contact: ContactId) -> Result<String> {
    if email.kind != Kind::Segment {
        return Ok("Campaigns, forms and the API choose whom it goes to.".to_owned());
    }
    let inside = names_of_those_with(tx, &email.segments, contact)?;
    let left_out = names_of_those_with(tx, &email.excluded_segments, contact)?;
    Ok(match (inside.is_empty(), left_out.is_empty()) {
        (true, _) => "In none of its segments.".to_owned(),
        (false, true) => format!("In {inside}."),
        (false, false) => format!("In {inside}, but also in {left_out}, which it does not go to."),
    })
}

fn names_of_those_with(tx: &mut Tx<'_>, ids: &[i64], contact: ContactId) -> Result<String> {
    let mut inside = Vec::new();
    for id in ids {
        if segments::contains(tx, SegmentId(*id), contact)? {
            inside.push(*id);
        }
    }
    let names = segments::names(tx, &inside)?;
    Ok(inside.iter().filter_map(|id| names.get(id)).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", "))
}
