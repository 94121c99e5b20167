//! What comes back for messages: bounces, complaints, replies, leaves by mail.
//!
//! It comes through a mailbox ([`mailbox`]) or from providers ([`webhooks`]); both make [`Returned`]s of it, and [`act`]
//! finds the message, writes what follows for its contact, and keeps the report, all in one transaction. The same report
//! twice is one; reports about mail that we never sent are counted and change nothing.

mod act;
mod expiry;
mod list;
mod mailbox;
mod parse;
mod watch;
pub mod webhooks;

pub use act::{Outcome, Returned, What, act, count};
pub use expiry::Expiry;
pub use list::{Day, ReturnQuery, ReturnRow, days, list};
pub(crate) use mailbox::mailbox_parts;
pub use mailbox::{
    Account, Look, MailboxReader, MailboxSession, MailboxWorker, Mailboxes, Security, fetch, last_look, probe, read_mailbox,
    write_mailbox,
};
pub use parse::read_mail;
pub use watch::{Watch, watch_state};
