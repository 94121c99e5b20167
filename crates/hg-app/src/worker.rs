//! Work that goes on by itself: the reactor, the timers, the mail worker, the jobs.

use std::time::Duration;

use async_trait::async_trait;
use hg_core::time::Timestamp;
use hg_store::{Lane, StoreError, Tx};

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

    /// Listens to what no transaction announces, as long as the server runs, and has the worker look when there is news.
    /// Tests and the demo, which run what is due at an instant, do without.
    async fn watch(&self, _cx: &Cx) {}

    /// How many of it run side by side in the server.
    fn parallel(&self) -> usize {
        1
    }
}

/// Between two tries to write what must be written.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// Writes what is known and must not be forgotten, such as what became of a message or of a job. While the disk is full or
/// the database away it is tried again and again, until it is written or the program stops.
pub(crate) async fn surely<F>(cx: &Cx, lane: Lane, write: F) -> Result<()>
where
    F: Fn(&mut Tx<'_>) -> Result<()> + Clone + Send + 'static,
{
    loop {
        let error = match cx.db().write_in(lane, write.clone()).await {
            Err(error) if error.store().is_some_and(StoreError::is_passing) && !cx.ws.is_stopping() => error,
            written => return written,
        };
        tracing::warn!(error = %error, "What became of work cannot be written down now and will be");
        tokio::select! {
            () = tokio::time::sleep(WRITE_AGAIN) => {}
            () = cx.ws.stopped() => {}
        }
    }
}
