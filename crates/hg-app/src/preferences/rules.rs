//! Rules of single contacts (`contacts.md` §4.2): they win over those of the workspace.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::workspace::Workspace;

/// A span in which messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    pub const ALL: [Period; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word in the database and in both APIs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
        }
    }

    /// Reads the word, however it is written.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.key().eq_ignore_ascii_case(word.trim()))
    }
}

/// What a contact wants on a channel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rule {
    pub channel: String,
    /// At most so many in a period; none: as the workspace says.
    pub most: Option<i64>,
    pub period: Option<Period>,
    /// The channel she likes best.
    pub preferred: bool,
    /// Nothing from here…
    pub pause_from: Option<Timestamp>,
    /// … until here; without an end until she says otherwise.
    pub pause_until: Option<Timestamp>,
}

impl Rule {
    /// A rule that says nothing.
    pub fn open(channel: impl Into<String>) -> Self {
        Self { channel: channel.into(), most: None, period: None, preferred: false, pause_from: None, pause_until: None }
    }

    /// Whether the channel rests at an instant, and until when it does.
    pub fn pause_at(&self, now: Timestamp) -> Option<Option<Timestamp>> {
        let begun = self.pause_from.map_or(self.pause_until.is_some(), |from| from <= now);
        let over = self.pause_until.is_some_and(|until| until <= now);
        (begun && !over).then_some(self.pause_until)
    }

    fn says_nothing(&self) -> bool {
        *self == Self::open(self.channel.clone())
    }
}

/// The rules of contacts, by channel.
pub fn rules_of(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<ContactId, Vec<Rule>>> {
    let mut found: HashMap<ContactId, Vec<Rule>> = HashMap::new();
    let text = "SELECT contact_id, channel, most, period, preferred, pause_from, pause_until FROM frequency_rules \
                WHERE contact_id @in($1) ORDER BY channel";
    let rows = tx.all(Sql::new(text).bind(ids), |r| {
        let rule = Rule {
            channel: r.get(1)?,
            most: r.get(2)?,
            period: r.get::<Option<String>>(3)?.and_then(|p| Period::parse(&p)),
            preferred: r.get(4)?,
            pause_from: r.get(5)?,
            pause_until: r.get(6)?,
        };
        Ok((r.get::<ContactId>(0)?, rule))
    })?;
    for (contact, rule) in rows {
        found.entry(contact).or_default().push(rule);
    }
    Ok(found)
}

/// Whether a rule makes sense.
pub(crate) fn check(rule: &Rule) -> Result<()> {
    let mut wrong = Vec::new();
    if rule.channel.is_empty() || rule.channel.len() > 50 || !rule.channel.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        wrong.push(FieldError::new("/channel", "preferences.channel", "Name a channel such as email or sms."));
    }
    if rule.most.is_some_and(|n| !(1..=1_000_000).contains(&n)) {
        wrong.push(FieldError::new(
            "/most",
            "preferences.most",
            "At least one message in a period; leave it empty for no limit.",
        ));
    }
    if rule.most.is_some() != rule.period.is_some() {
        let detail = "A limit needs both: how many messages, and in which period (DAY, WEEK or MONTH).";
        wrong.push(FieldError::new("/period", "preferences.period", detail));
    }
    if let (Some(from), Some(until)) = (rule.pause_from, rule.pause_until)
        && until <= from
    {
        wrong.push(FieldError::new("/pause_until", "preferences.pause", "A pause ends after it begins."));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// Writes the rule of a channel in the caller's transaction; one that says nothing is taken away. Whether it changed.
/// Messages that wait because of the old rule are looked at again at once.
pub fn write_rule(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, rule: &Rule, source: &str) -> Result<bool> {
    check(rule)?;
    let now = ws.clock.now();
    let before = rules_of(tx, &[contact.0])?.remove(&contact).unwrap_or_default();
    let before = before.into_iter().find(|r| r.channel == rule.channel);
    if before.as_ref().map_or(rule.says_nothing(), |b| b == rule) {
        return Ok(false);
    }
    if rule.preferred {
        let others = "UPDATE frequency_rules SET preferred = 0, updated_at = $3 WHERE contact_id = $1 AND channel <> $2";
        tx.exec(Sql::new(others).bind(contact).bind(&rule.channel).bind(now))?;
    }
    if rule.says_nothing() {
        let gone = "DELETE FROM frequency_rules WHERE contact_id = $1 AND channel = $2";
        tx.exec(Sql::new(gone).bind(contact).bind(&rule.channel))?;
    } else {
        tx.exec(
            Sql::new(
                "INSERT INTO frequency_rules (contact_id, channel, most, period, preferred, pause_from, pause_until, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (contact_id, channel) DO UPDATE SET most = excluded.most, \
                 period = excluded.period, preferred = excluded.preferred, pause_from = excluded.pause_from, \
                 pause_until = excluded.pause_until, updated_at = excluded.updated_at",
            )
            .bind(contact)
            .bind(&rule.channel)
            .bind(rule.most)
            .bind(rule.period.map(Period::key))
            .bind(rule.preferred)
            .bind(rule.pause_from)
            .bind(rule.pause_until)
            .bind(now),
        )?;
    }
    if rule.channel == "email" {
        let waiting = "UPDATE sends SET due_at = $2 WHERE contact_id = $1 AND state = 0 AND held > 0 AND due_at > $2";
        tx.exec(Sql::new(waiting).bind(contact).bind(now))?;
        tx.wake(crate::sending::TOPIC);
    }
    let detail = json!({"channel": rule.channel, "source": source});
    changes::record(tx, Happening::new(contact, EventKind::PreferencesChanged, now).detail(detail))?;
    Ok(true)
}

/// The rules of one contact.
pub async fn rules(cx: &Cx, contact: ContactId) -> Result<Vec<Rule>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let id = contacts::survivor(tx, contact)?;
            Ok(rules_of(tx, &[id.0])?.remove(&id).unwrap_or_default())
        })
        .await
}

/// Somebody signed in sets the rule of a channel; the rules afterwards.
pub async fn set_rule(cx: &Cx, contact: ContactId, rule: Rule) -> Result<Vec<Rule>> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, source) = (cx.ws.clone(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let id = contacts::survivor(tx, contact)?;
            write_rule(&ws, tx, id, &rule, &source)?;
            Ok(rules_of(tx, &[id.0])?.remove(&id).unwrap_or_default())
        })
        .await
}
