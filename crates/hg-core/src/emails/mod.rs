//! Emails: what a marketer writes, turned into what each person gets.
//!
//! An email is compiled once per version ([`CompiledEmail::compile`]): MJML becomes HTML, every link
//! worth counting becomes a numbered slot, the open pixel, the preheader and a missing unsubscribe
//! sentence are put in, a plain text is made, and all parts are parsed for tokens. A message is then
//! only a walk over the parts ([`CompiledEmail::render`]), a few microseconds each. Blocks that differ from person to
//! person ([`DynamicSlot`]) are chosen first; conditions and loops run only in emails that have them.
//!
//! Also here, because they are rules and not acts: who may get an email ([`judge`]), who it comes
//! from ([`sender`]), and the proof inside an unsubscribe link ([`unsubscribe_secret`]).

mod attachments;
mod audience;
mod compile;
mod diff;
mod dynamic;
mod gallery;
mod html_pass;
mod linked;
mod logic;
mod message;
mod plain_text;
pub mod preflight;
mod send_state;
mod sender;
mod unsubscribe;
mod variants;
mod word;

pub use attachments::{
    LONGEST_ATTACHMENTS, MOST_ATTACHMENTS, attachment_name, attachment_remarks, attachment_type, is_refused_attachment,
};
pub use audience::{Candidate, Purpose, Rule, Skip, Verdict, judge, rules};
pub use compile::{CompileError, CompiledEmail, EmailSource, LinkTarget, SourceFormat, Utm, mjml_to_html};
pub use diff::{Mark, line_diff};
pub use dynamic::{
    ANY_SEGMENT, DynamicMistake, DynamicRow, DynamicSlot, DynamicVariation, dynamic_mistakes, segment_alias, segment_of_alias,
};
pub use gallery::{Brand, Starter, branded, gallery};
pub use html_pass::links_of;
pub use linked::{BlockPlace, alone, linked, linked_blocks, place_of, unlinked, with_blocks, without_links};
pub use logic::LogicError;
pub use message::{ContactValues, Links, Message, MessageFacts, MessageUrls, Workspace, local_now, owner_alias};
pub use plain_text::plain_text;
pub use send_state::{MOST_ATTEMPTS, SendState, retry_after_minutes};
pub use sender::{Sender, SenderWishes, sender};
pub use unsubscribe::{unsubscribe_secret, verify_unsubscribe_secret};
pub use variants::{ALPHA, Arm, Criterion, Lift, leader, lift, pick_translation, pick_variant, takes_part, winner};
pub use word::{Rubbish, Tidied, looks_like_word, tidy_word};
