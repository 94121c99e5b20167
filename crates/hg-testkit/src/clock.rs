//! Time and chance that tests decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hg_core::ids::Chance;
use hg_core::time::{Clock, Millis, Timestamp};

/// A clock that stands still until a test moves it.
#[derive(Clone)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// Starts at `at`, such as `2024-03-13T10:00:00Z`.
    pub fn at(at: &str) -> Self {
        let start = Timestamp::parse(at).unwrap_or_else(|e| panic!("{e}"));
        Self(Arc::new(AtomicI64::new(start.0)))
    }

    pub fn set(&self, to: Timestamp) {
        self.0.store(to.0, Ordering::SeqCst);
    }

    pub fn advance(&self, by: Millis) {
        self.0.fetch_add(by.0, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Chance that gives the same bytes in every run (splitmix64).
#[derive(Clone)]
pub struct SeededChance(Arc<AtomicU64>);

impl SeededChance {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            let len = chunk.len();
            chunk.copy_from_slice(&z.to_le_bytes()[..len]);
        }
    }
}
