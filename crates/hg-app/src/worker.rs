//! Work that goes on by itself: the reactor, the timers, the mail worker, the jobs.

use async_trait::async_trait;
use hg_core::time::Timestamp;

use crate::cx::Cx;
use crate::error::Result;

/// Something that does what is due and waits for more.
///
/// The same workers run in the server (woken by announcements and by their own due instants) and in tests and the
/// demo (run until nothing is due, see [`crate::engine::settle`]). Everything they do is in the database first, so a
/// crash loses nothing and a missed wake-up only delays.
#[async_trait]
pub trait Worker: Send + Sync + 'static {
    /// For the log.
    fn name(&self) -> &'static str;

    /// Announcements that mean there may be work.
    fn topics(&self) -> &'static [&'static str];

    /// Does a batch of what is due; how much it did, 0 when nothing is due.
    async fn run_once(&self, cx: &Cx) -> Result<usize>;

    /// When the next work falls due, if that is known.
    async fn next_due(&self, _cx: &Cx) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// How many of it run side by side in the server.
    fn parallel(&self) -> usize {
        1
    }
}
