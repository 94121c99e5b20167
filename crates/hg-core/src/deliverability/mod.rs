//! Getting mail through: signatures, what the DNS has to say about a sender, what comes back.

mod bounce;
mod bounce_words;
pub mod dkim;
mod dns;

pub use bounce::{BounceClass, BounceVerdict, Report, Status, classify};
pub use bounce_words::is_absence;
pub use dkim::{Algorithm, Signable};
pub use dns::{
    Finding, Judgement, judge_dkim, judge_dmarc, judge_return_path, judge_spf, judge_tracking, provider_header, spf_mechanism,
};
