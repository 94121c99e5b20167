//! Emails: what a marketer writes, turned into what each person gets.
//!
//! An email is compiled once per version ([`CompiledEmail::compile`]): MJML becomes HTML, every link
//! worth counting becomes a numbered slot, the open pixel, the preheader and a missing unsubscribe
//! sentence are put in, a plain text is made, and all parts are parsed for tokens. A message is then
//! only a walk over the parts ([`CompiledEmail::render`]), a few microseconds each.
//!
//! Also here, because they are rules and not acts: who may get an email ([`judge`]), who it comes
//! from ([`sender`]), and the proof inside an unsubscribe link ([`unsubscribe_secret`]).

mod audience;
mod compile;
mod html_pass;
mod message;
mod plain_text;
mod send_state;
mod sender;
mod unsubscribe;

pub use audience::{Candidate, Purpose, Skip, Verdict, judge};
pub use compile::{CompileError, CompiledEmail, EmailSource, LinkTarget, SourceFormat, Utm};
pub use html_pass::links_of;
pub use message::{ContactValues, Links, Message, MessageFacts, MessageUrls, Workspace, local_now};
pub use plain_text::plain_text;
pub use send_state::{MOST_ATTEMPTS, SendState, retry_after_minutes};
pub use sender::{Sender, SenderWishes, sender};
pub use unsubscribe::{unsubscribe_secret, verify_unsubscribe_secret};
