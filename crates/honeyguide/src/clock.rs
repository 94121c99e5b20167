//! The only system clock of the product.

use hg_core::time::{Clock, Timestamp};

/// The computer's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(shift()))
    }
}

/// How far a test has put the clock, in milliseconds: the number in the file that `HONEYGUIDE_CLOCK_SHIFT` names, read
/// each time, so that the clock jumps while the program runs. Only builds for tests look there.
#[cfg(debug_assertions)]
fn shift() -> i64 {
    use std::path::PathBuf;
    use std::sync::LazyLock;
    static FILE: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::var_os("HONEYGUIDE_CLOCK_SHIFT").map(PathBuf::from));
    let text = FILE.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(not(debug_assertions))]
const fn shift() -> i64 {
    0
}
