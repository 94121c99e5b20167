//! A clock that can stand in the past while history is played, and then runs with the computer's.

use std::sync::atomic::{AtomicI64, Ordering};

use hg_core::time::{Clock, Timestamp};

use crate::clock::SystemClock;

/// Stands where it is put until [`DemoClock::run`].
#[derive(Default)]
pub struct DemoClock(AtomicI64);

impl DemoClock {
    pub fn stand_at(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }

    /// From now on it shows the real time.
    pub fn run(&self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        match self.0.load(Ordering::SeqCst) {
            0 => SystemClock.now(),
            at => Timestamp(at),
        }
    }
}
