//! Hears of new mails at once, where the mailbox's server tells of them by itself (IMAP IDLE). Where it does not, and
//! besides, the worker looks every few minutes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::mailbox::{is_on, look_soon, way_in};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;

/// Servers hang up on whoever says nothing for half an hour.
const LONGEST_WAIT: Duration = Duration::from_secs(25 * 60);
/// The first rest after a failure; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(15 * 60);
/// When a server that does not tell is asked again whether it does.
const ASK_AGAIN: Duration = Duration::from_secs(60 * 60);
/// When it is seen that another process set up a mailbox.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How new mails are heard of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Watch {
    /// There is no mailbox.
    #[default]
    Off,
    /// The server does not tell; it is looked every few minutes.
    Polled,
    /// The server tells at once.
    Told,
    /// The line broke, for this reason; it is tried again, and looked every few minutes.
    Broken(String),
}

#[derive(Default)]
struct Watching {
    state: Mutex<Watch>,
    changed: Notify,
}

impl Watching {
    fn says(&self, state: Watch) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// How new mails are heard of in this process.
pub fn watch_state(cx: &Cx) -> Result<Watch> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.part::<Watching>().state.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// The line belongs to the settings of before: it is dropped, and made anew if there is still a mailbox.
pub(super) fn settings_changed(cx: &Cx) {
    cx.ws.part::<Watching>().changed.notify_one();
}

/// Listens until the server stops.
pub(super) async fn watch(cx: &Cx) {
    let watching = cx.ws.part::<Watching>();
    let mut failures = 0;
    loop {
        let rest = if is_on(cx) {
            let ended = tokio::select! {
                ended = listen(cx, &watching, &mut failures) => ended,
                () = watching.changed.notified() => {
                    failures = 0;
                    continue;
                }
                () = cx.ws.stopped() => return,
            };
            match ended {
                Ok(()) => ASK_AGAIN,
                Err(error) => {
                    tracing::info!(error = %error, "The mailbox cannot be listened to now");
                    watching.says(Watch::Broken(error));
                    failures += 1;
                    rest_after(failures)
                }
            }
        } else {
            watching.says(Watch::Off);
            LOOK_AGAIN
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = watching.changed.notified() => failures = 0,
            () = cx.ws.stopped() => return,
        }
    }
}

/// How long to wait after so many failures in a row.
fn rest_after(failures: u32) -> Duration {
    FIRST_REST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_REST)
}

/// Listens as long as the line holds; comes to an end by itself when the server does not tell.
async fn listen(cx: &Cx, watching: &Watching, failures: &mut u32) -> std::result::Result<(), String> {
    let (reader, account) = way_in(cx).map_err(|e| e.to_string())?;
    let mut session = reader.open(&account).await?;
    if !session.tells().await? {
        watching.says(Watch::Polled);
        session.close().await;
        return Ok(());
    }
    watching.says(Watch::Told);
    // What came while nobody listened.
    look_soon(cx).await.map_err(|e| e.to_string())?;
    loop {
        let came = session.news(LONGEST_WAIT).await?;
        *failures = 0;
        if came {
            look_soon(cx).await.map_err(|e| e.to_string())?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_rest_up_to_a_quarter_of_an_hour() {
        let rests: Vec<u64> = [1, 2, 3, 10, 11, 400].into_iter().map(|n| rest_after(n).as_secs()).collect();
        assert_eq!(rests, [1, 2, 4, 512, 900, 900]);
    }
}
