//! What surrounds the real binary misbehaves: mail servers, mailboxes, the clock, the disk. Each story ends with the right
//! counts; nobody is mailed twice, and nothing is lost.

mod clock;
mod disk;
mod mail;
mod mailbox;
#[path = "../server/mod.rs"]
mod server;
mod stage;
