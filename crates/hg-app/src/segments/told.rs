//! What the makers of segments are told.

use hg_store::Tx;

use super::Segment;
use crate::error::Result;
use crate::notices::{self, News, Tone};
use crate::workspace::Workspace;

/// A filter can no longer be understood. It is told once, not at every rebuild.
pub(super) fn broken(ws: &Workspace, tx: &mut Tx<'_>, segment: &Segment, why: &str) -> Result<()> {
    if segment.broken.as_deref() == Some(why) {
        return Ok(());
    }
    let title = format!("The segment “{}” can no longer be built", segment.name);
    let body = format!("Its filter cannot be understood: {why}. Its members stay as they are until the filter is mended.");
    let link = format!("/segments/{}", segment.id);
    let news = News { kind: "segment.broken", tone: Tone::Bad, title: &title, body: &body, link: &link };
    notices::tell(ws, tx, segment.created_by, &news)
}
