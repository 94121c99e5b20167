//! What privacy asks for: erasing somebody for good, giving her everything that is kept about her, and forgetting what
//! has grown old.

mod archive;
mod erase;
mod retention;
mod sweep;
mod zip;

pub use archive::archive;
pub use erase::{Consequence, consequence, erase};
pub use retention::{CleanUp, CleanUpDone, CleanUpJob, RetentionClock, clean_up_now, count, start};
pub use sweep::SweepJob;
