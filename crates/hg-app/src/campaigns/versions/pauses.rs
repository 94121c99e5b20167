//! A campaign is paused and published again: what becomes of those who wait (`campaigns.md` §5.3).

use hg_core::campaigns::Republish;
use hg_core::time::Timestamp;
use hg_store::Tx;

use super::model::Work;
use super::{store, work};
use crate::campaigns::model::{Campaign, State};
use crate::error::Result;
use crate::settings;

/// Notes that a pause begins; at its end, has the waits planned anew where the campaign says so.
pub(in crate::campaigns) fn pause_ends_or_begins(tx: &mut Tx<'_>, now: Timestamp, before: &Campaign, after: State) -> Result<()> {
    if after != State::Published {
        return if before.state == State::Published { store::set_paused(tx, before.id, Some(now)) } else { Ok(()) };
    }
    let Some(paused) = store::paused_at(tx, before.id)? else { return Ok(()) };
    store::set_paused(tx, before.id, None)?;
    let republish = match before.republish {
        Some(republish) => republish,
        None => settings::campaigns_in(tx)?.republish,
    };
    if republish == Republish::CountAllTime {
        return Ok(());
    }
    let waited_for = before.plan.steps.iter().zip(&before.step_counts).filter(|(_, counts)| counts.waiting > 0);
    let resume = |(step, _): (&hg_core::campaigns::Step, _)| Work::Resume { step: step.id, republish, paused, published: now };
    let more: Vec<Work> = waited_for.map(resume).collect();
    if more.is_empty() {
        return Ok(());
    }
    store::resume(tx, before.id, more)?;
    work::push(tx, now, before.id, &before.name)
}
