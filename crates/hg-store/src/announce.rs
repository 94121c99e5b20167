//! What a transaction tells the rest of the process once it is on disk: announcements to whoever listens, and
//! wake-ups to the workers that sleep until there is something for them.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use tokio::sync::{Notify, broadcast};

/// A message sent after the commit of the transaction that made it, never before and never if it failed.
///
/// Announcements wake workers and feed the live stream; they are hints. Whoever needs certainty reads the database,
/// and every worker also looks by itself now and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// What it is about, such as `jobs` or `activity`.
    pub topic: &'static str,
    /// JSON, or empty for a bare wake-up.
    pub payload: String,
}

/// How many announcements a slow listener may lag behind before it is told that it missed some.
const BACKLOG: usize = 4_096;

/// Where announcements go. Listeners (live streams of browsers) get each one; sleepers only that there was one of
/// their topics, however many there were: thousands of hits a second must not be thousands of messages to workers.
pub(crate) struct Hub {
    listeners: broadcast::Sender<Announcement>,
    sleepers: RwLock<Vec<Weak<Sleeper>>>,
}

#[derive(Debug)]
struct Sleeper {
    topics: &'static [&'static str],
    bell: Notify,
}

/// Sleeps until a transaction of this process wakes one of its topics. A wake-up between two sleeps is kept.
#[derive(Debug)]
pub struct Wakes(Arc<Sleeper>);

impl Wakes {
    /// Returns after the next wake-up, at once if there was one since the last return.
    pub async fn woken(&self) {
        self.0.bell.notified().await;
    }
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { listeners: broadcast::channel(BACKLOG).0, sleepers: RwLock::default() }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Announcement> {
        self.listeners.subscribe()
    }

    pub(crate) fn sleeper(&self, topics: &'static [&'static str]) -> Wakes {
        let sleeper = Arc::new(Sleeper { topics, bell: Notify::new() });
        let mut sleepers = self.sleepers.write().unwrap_or_else(PoisonError::into_inner);
        sleepers.retain(|s| s.strong_count() > 0);
        sleepers.push(Arc::downgrade(&sleeper));
        Wakes(sleeper)
    }

    /// Whether anybody would hear an announcement.
    pub(crate) fn is_heard(&self) -> bool {
        self.listeners.receiver_count() > 0
    }

    pub(crate) fn tell(&self, announcements: Vec<Announcement>) {
        for announcement in announcements {
            if announcement.payload.is_empty() {
                let sleepers = self.sleepers.read().unwrap_or_else(PoisonError::into_inner);
                for sleeper in sleepers.iter().filter_map(Weak::upgrade).filter(|s| s.topics.contains(&announcement.topic)) {
                    sleeper.bell.notify_one();
                }
            }
            // Nobody listening is no failure.
            let _ = self.listeners.send(announcement);
        }
    }
}
