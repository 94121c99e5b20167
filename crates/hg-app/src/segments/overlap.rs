//! Two segments side by side: who is in one, in the other, in both.

use hg_core::ids::SegmentId;

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::segments::{Segment, members, store};

/// How two segments overlap.
#[derive(Debug, Clone)]
pub struct Overlap {
    pub a: Segment,
    pub b: Segment,
    pub only_a: u64,
    pub both: u64,
    pub only_b: u64,
}

/// Counts who belongs to which of two segments, by their stored membership.
pub async fn compare(cx: &Cx, a: SegmentId, b: SegmentId) -> Result<Overlap> {
    cx.may(Action::View(Area::Segments))?;
    if a == b {
        return Err(Error::field("/b", "segment.same", "Choose another segment to compare with."));
    }
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let (one, other) = (store::find(tx, a)?, store::find(tx, b)?);
            let (in_a, in_b) = (members(&ws, tx, a)?, members(&ws, tx, b)?);
            let both = in_a.intersection_len(&in_b);
            Ok(Overlap { a: one, b: other, only_a: in_a.len() - both, both, only_b: in_b.len() - both })
        })
        .await
}
