//! Keeping and finding suppressed addresses.

use std::collections::HashMap;

use hg_core::text::Email;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use sha2::{Digest, Sha256};

use crate::error::Result;

/// Why an address must not be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Its owner left.
    Unsubscribed,
    /// It refused mail for good.
    Bounced,
    /// Somebody put it there by hand.
    Manual,
    /// Its owner reported a message as spam.
    Complained,
}

impl Cause {
    pub const ALL: [Cause; 4] = [Self::Unsubscribed, Self::Bounced, Self::Manual, Self::Complained];

    /// The stored number: the reasons of do-not-contact entries, and complaints.
    pub const fn code(self) -> i64 {
        match self {
            Self::Unsubscribed => 1,
            Self::Bounced => 2,
            Self::Manual => 3,
            Self::Complained => 4,
        }
    }

    /// From the stored number; what nobody knows was done by hand.
    pub fn of(code: i64) -> Self {
        Self::ALL.into_iter().find(|c| c.code() == code).unwrap_or(Self::Manual)
    }

    /// The word in the API.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bounced => "bounced",
            Self::Manual => "manual",
            Self::Complained => "complained",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.key() == word.trim().to_lowercase())
    }

    /// Whether even answers to something the person did must not be sent.
    pub const fn blocks_everything(self) -> bool {
        matches!(self, Self::Bounced | Self::Complained)
    }
}

/// The hash under which an address is kept: SHA-256 of its normal form, in hexadecimal digits. A text that is such a hash
/// already stands for itself. None for what is no address.
pub fn hash(address: &str) -> Option<String> {
    let address = address.trim();
    if address.len() == 64 && address.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some(address.to_ascii_lowercase());
    }
    let email = Email::parse(address).ok()?;
    Some(Sha256::digest(email.key().as_bytes()).iter().map(|b| format!("{b:02x}")).collect())
}

/// Puts an address on the list, unless it is there for a reason that is as strong. Whether anything changed.
pub fn keep(tx: &mut Tx<'_>, now: Timestamp, address: &str, cause: Cause, source: &str, comments: Option<&str>) -> Result<bool> {
    let Some(hash) = hash(address) else { return Ok(false) };
    let changed = tx.exec(
        Sql::new(
            "INSERT INTO suppressions (channel, hash, reason, source, comments, added_at) VALUES ('email', $1, $2, $3, $4, $5) \
             ON CONFLICT (channel, hash) DO UPDATE SET reason = excluded.reason, source = excluded.source, comments = excluded.comments, \
             added_at = excluded.added_at WHERE suppressions.reason <> excluded.reason AND excluded.reason IN (2, 4)",
        )
        .bind(hash)
        .bind(cause.code())
        .bind(source)
        .bind(comments)
        .bind(now),
    )?;
    Ok(changed > 0)
}

/// Which of these addresses are on the list, and why.
pub(crate) fn among<'a>(tx: &mut Tx<'_>, addresses: impl IntoIterator<Item = &'a str>) -> Result<HashMap<String, Cause>> {
    let asked: HashMap<String, String> =
        addresses.into_iter().filter_map(|address| Some((hash(address)?, address.to_owned()))).collect();
    let hashes: Vec<&String> = asked.keys().collect();
    if hashes.is_empty() {
        return Ok(HashMap::new());
    }
    let text = "SELECT hash, reason FROM suppressions WHERE channel = 'email' AND hash @intext($1)";
    let found = tx.all(Sql::new(text).bind(serde_json::json!(hashes)), |r| Ok((r.get::<String>(0)?, r.get::<i64>(1)?)))?;
    let named = |(hash, reason): (String, i64)| asked.get(&hash).map(|address| (address.clone(), Cause::of(reason)));
    Ok(found.into_iter().filter_map(named).collect())
}
