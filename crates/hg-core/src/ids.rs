//! Identifiers and random keys.
//!
//! Ids are numbers given by the database and never used again; each kind is a type of its own, so that a contact's
//! id cannot be passed where an email's is wanted. What the public sees (tracking keys, redirect ids, device ids)
//! are separate random keys, drawn from a [`Chance`] that the caller passes in.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Where randomness comes from. The binary owns the only real source; tests pass a seeded one.
pub trait Chance: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// A shared source of randomness.
pub type SharedChance = Arc<dyn Chance>;

/// `len` characters drawn evenly from lower-case letters and digits (device ids: 23 characters).
pub fn alphanumeric(chance: &dyn Chance, len: usize) -> String {
    draw(chance, len, b"abcdefghijklmnopqrstuvwxyz0123456789")
}

/// `len` lower-case hexadecimal digits (redirect ids: 25, tracking keys: 22).
pub fn hex(chance: &dyn Chance, len: usize) -> String {
    draw(chance, len, b"0123456789abcdef")
}

/// A number below `n`, evenly drawn. `n` must be positive.
pub fn below(chance: &dyn Chance, n: u64) -> u64 {
    let mut bytes = [0u8; 8];
    let zone = u64::MAX - u64::MAX % n;
    loop {
        chance.fill(&mut bytes);
        let x = u64::from_le_bytes(bytes);
        if x < zone {
            return x % n;
        }
    }
}

fn draw(chance: &dyn Chance, len: usize, alphabet: &[u8]) -> String {
    // Bytes at or above the largest multiple of the alphabet's size are thrown away, so that no character is favoured.
    let limit = 256 - 256 % alphabet.len();
    let mut out = String::with_capacity(len);
    let mut buffer = [0u8; 64];
    while out.len() < len {
        chance.fill(&mut buffer);
        for &b in buffer.iter().filter(|&&b| usize::from(b) < limit) {
            if out.len() == len {
                break;
            }
            out.push(char::from(alphabet[usize::from(b) % alphabet.len()]));
        }
    }
    out
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = ParseIntError;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }
        impl From<i64> for $name {
            fn from(n: i64) -> Self {
                Self(n)
            }
        }
    )*};
}

/// Chance that gives the same bytes in every run (splitmix64), for tests and simulations. Never for keys and secrets.
#[derive(Debug, Clone)]
pub struct SeededChance(Arc<AtomicU64>);

impl SeededChance {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let drawn = mixed(self.0.fetch_add(STRIDE, Ordering::SeqCst));
            let length = chunk.len();
            chunk.copy_from_slice(&drawn.to_le_bytes()[..length]);
        }
    }
}

const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

fn mixed(from: u64) -> u64 {
    let z = (from ^ (from >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number from 0 up to but not including 1 that depends on these alone: the same for the same, and spread evenly.
pub fn share_of(parts: &[u64]) -> f64 {
    let drawn = parts.iter().fold(STRIDE, |so_far, part| mixed(so_far.wrapping_add(STRIDE) ^ mixed(*part)));
    // The upper 53 bits are what a double holds exactly.
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

ids! {
    /// A contact or visitor. Fits 32 bits (the database checks it), so that bitmaps of contacts stay small.
    ContactId;
    /// A company.
    CompanyId;
    /// A person who signs in.
    UserId;
    /// A contact field.
    FieldId;
    /// A tag.
    TagId;
    /// A segment.
    SegmentId;
    /// A segment of companies.
    CompanySegmentId;
    /// An email (the thing written), not one message sent.
    EmailId;
    /// One message to one contact on one occasion.
    SendId;
    /// A tracked link target.
    RedirectId;
    /// A landing page.
    PageId;
    /// A form.
    FormId;
    /// One answer to a form.
    SubmissionId;
    /// A campaign.
    CampaignId;
    /// A step of a campaign.
    StepId;
    /// One contact's passage through one step.
    LogId;
    /// A background job.
    JobId;
    /// An import of contacts.
    ImportId;
    /// A device that a visitor uses.
    DeviceId;
    /// Something written down about a contact.
    NoteId;
    /// An entry of the event log.
    EventId;
    /// A category.
    CategoryId;
    /// A stage.
    StageId;
    /// A rule that gives points.
    PointActionId;
    /// A score beside the main one.
    PointGroupId;
    /// A threshold of points and what follows when it is reached.
    PointTriggerId;
    /// One of the things that follow.
    TriggerEventId;
    /// A domain that mail is sent from.
    SenderDomainId;
    /// A key that signs for one.
    SenderKeyId;
    /// A picture of the media library.
    MediaId;
    /// A file that goes out with emails.
    AttachmentId;
    /// Something said about an email.
    CommentId;
    /// A piece of emails that is kept.
    BlockId;
}

impl ContactId {
    /// The id as it stands in bitmaps; ids outside 32 bits cannot exist (checked by the database).
    pub fn bit(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
    pub fn from_bit(bit: u32) -> Self {
        Self(i64::from(bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(std::sync::atomic::AtomicU8);
    impl Chance for Count {
        fn fill(&self, bytes: &mut [u8]) {
            for b in bytes {
                *b = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn keys_have_the_length_and_alphabet_asked_for() {
        let chance = Count(0.into());
        let device = alphanumeric(&chance, 23);
        assert_eq!(device.len(), 23);
        assert!(device.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert!(hex(&chance, 25).bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn every_character_is_drawn_equally_often() {
        let chance = Count(0.into());
        let text = alphanumeric(&chance, 252 * 36);
        let counts: Vec<usize> = (b'a'..=b'z').map(|c| text.bytes().filter(|&b| b == c).count()).collect();
        assert!(counts.iter().all(|&n| n == counts[0]), "{counts:?}");
    }
}
