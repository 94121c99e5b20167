//! Files that go out with emails.
//!
//! The bytes lie in the database, as those of pictures do, and are never served to the public. An email names its files in
//! the order in which they are attached; each revision keeps what it had. On its way a file is encoded once, not once a
//! message.

mod service;
mod store;

pub(crate) use service::{Attached, attached_all, bytes_of};
pub use service::{NewAttachment, get, list, read, upload};
pub use store::Attachment;
pub(crate) use store::check;
