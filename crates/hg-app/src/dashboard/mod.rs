//! The first page: how many contacts, what was sent, opened and clicked, who sent in a form and from where, what
//! comes next, and what is still to be set up.

mod service;
mod store;

use hg_core::time::Timestamp;

pub use service::{dashboard, default_period};

/// Everything the first page shows for a period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dashboard {
    pub from: Timestamp,
    pub to: Timestamp,
    pub contacts: ContactFigures,
    pub emails: EmailFigures,
    pub submissions: i64,
    pub by_source: Vec<SourceCount>,
    pub days: Vec<Day>,
    pub upcoming: Vec<Upcoming>,
    pub checklist: Vec<ChecklistItem>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContactFigures {
    /// Everybody, visitors included.
    pub total: i64,
    /// Those with a name or an address.
    pub identified: i64,
    /// Those of them made in the period.
    pub new: i64,
}

/// Mails of the period; opened and clicked count each mail once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EmailFigures {
    pub sent: i64,
    pub opened: i64,
    pub clicked: i64,
    pub unsubscribed: i64,
    pub failed: i64,
}

/// Forms sent in from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCount {
    /// `utm_source`; none: it was not told.
    pub source: Option<String>,
    pub medium: Option<String>,
    pub count: i64,
}

/// One day in the workspace's zone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD`
    pub date: String,
    pub sent: i64,
    pub opened: i64,
    pub clicked: i64,
    pub submissions: i64,
    pub new_contacts: i64,
}

/// Something that will happen by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upcoming {
    pub at: Timestamp,
    /// `campaign_step`
    pub kind: &'static str,
    pub title: String,
    /// How many contacts it concerns.
    pub people: i64,
    /// Where in the app it belongs.
    pub link: String,
}

/// A thing a new workspace needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChecklistItem {
    pub key: &'static str,
    pub done: bool,
    pub link: &'static str,
}
