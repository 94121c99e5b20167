//! The desk where mail is made welcome: sender domains with their keys and what the DNS says about them.
//!
//! A domain gets two keys, Ed25519 and RSA-2048. A key waits until its record is seen in the DNS and only then signs,
//! in place of the one before, whose record may go some days later: mail on its way stays valid. Looking into the DNS is
//! a port ([`Resolver`]); the worker looks once a day, and every hour while a key waits.

mod check;
mod keys;
mod model;
mod service;
mod signing;
mod store;
mod verdicts;

pub use check::{DnsWorker, Names, RecordKind, Resolver, check};
pub use model::{DnsRecord, KeyState, SenderDomain, SenderKey};
pub(crate) use service::mail_host;
pub use service::{activate, add, delete, get, list, remove_key, restore, rotate};
pub(crate) use signing::{Signers, signers};
pub(crate) use verdicts::verdicts;
