//! The way of one message through the ledger of sends.

/// Where a send stands. The numbers are stored.
///
/// `queued → claimed → handing_over → sent | failed | unknown`; after a crash `claimed` goes back to
/// `queued`, while `handing_over` becomes `unknown`: the server may have taken the message, so that
/// sending it again could double it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendState {
    /// Waits for its turn.
    Queued,
    /// A worker has it; nothing has left the house.
    Claimed,
    /// The end of the message may have left the house.
    HandingOver,
    /// The server took it.
    Sent,
    /// The server refused it, or it could not be made.
    Failed,
    /// Handed over, but the answer was never seen.
    Unknown,
    /// Not sent, for a reason of ours: do-not-contact, deleted, paused for good.
    Skipped,
}

impl SendState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Claimed, Self::HandingOver, Self::Sent, Self::Failed, Self::Unknown, Self::Skipped];

    /// The number in the database.
    pub const fn code(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::Claimed => 1,
            Self::HandingOver => 2,
            Self::Sent => 3,
            Self::Failed => 4,
            Self::Unknown => 5,
            Self::Skipped => 6,
        }
    }

    /// From the number.
    pub fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The word in APIs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::HandingOver => "handing_over",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    /// From the word.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }
}

/// How long to wait before a refused-for-now message is tried again: a minute, then longer, at most half a day.
pub fn retry_after_minutes(attempts: i64) -> i64 {
    match attempts {
        ..=1 => 1,
        2 => 5,
        3 => 15,
        4 => 60,
        5 => 240,
        _ => 720,
    }
}

/// After so many refusals a message is given up.
pub const MOST_ATTEMPTS: i64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_comes_back_from_its_number_and_its_word() {
        for state in SendState::ALL {
            assert_eq!(SendState::of_code(state.code()), Some(state));
            assert_eq!(SendState::of_key(state.key()), Some(state));
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<i64> = (0..=MOST_ATTEMPTS).map(retry_after_minutes).collect();
        assert!(waits.is_sorted() && waits.iter().all(|minutes| (1..=720).contains(minutes)), "{waits:?}");
    }
}
