//! Whether something is published now: its switch, and the window in which it holds.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A switch and a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub published: bool,
    /// Not before.
    pub publish_up: Option<Timestamp>,
    /// Not any more from here on.
    pub publish_down: Option<Timestamp>,
}

impl Default for Window {
    fn default() -> Self {
        Self { published: true, publish_up: None, publish_down: None }
    }
}

impl Window {
    /// Whether it holds at an instant.
    pub fn holds_at(self, now: Timestamp) -> bool {
        self.state(now) == "published"
    }

    /// `unpublished`, `pending` (not yet), `expired` (no more) or `published`.
    pub fn state(self, now: Timestamp) -> &'static str {
        if !self.published {
            "unpublished"
        } else if self.publish_up.is_some_and(|up| now < up) {
            "pending"
        } else if self.publish_down.is_some_and(|down| now >= down) {
            "expired"
        } else {
            "published"
        }
    }

    /// Whether it could ever hold: an end before the beginning is a mistake.
    pub fn is_possible(self) -> bool {
        !matches!((self.publish_up, self.publish_down), (Some(up), Some(down)) if down <= up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_and_closes_at_its_instants() {
        let window = Window { published: true, publish_up: Some(Timestamp(10)), publish_down: Some(Timestamp(20)) };
        let states = [9, 10, 19, 20].map(|n| window.state(Timestamp(n)));
        assert_eq!(states, ["pending", "published", "published", "expired"]);
        assert_eq!(Window { published: false, ..window }.state(Timestamp(15)), "unpublished");
        assert!(window.is_possible() && Window::default().holds_at(Timestamp(0)));
        assert!(!Window { publish_down: Some(Timestamp(10)), ..window }.is_possible());
    }
}
