//! What a transaction tells the rest of the process once it is on disk.

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
