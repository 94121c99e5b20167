//! Time and chance that tests decide.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub use hg_core::ids::SeededChance;
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
