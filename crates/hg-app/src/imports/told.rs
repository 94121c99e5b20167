//! The end of an import: its state, and the notice to whoever started it, in one transaction.

use hg_core::ids::{ImportId, UserId};
use hg_store::Tx;

use super::{ImportState, store};
use crate::error::Result;
use crate::notices::{self, News, Tone};
use crate::workspace::Workspace;

/// The import is done or has failed, as the sentence says. `by` started it; where nobody is known, who uploaded the file.
pub(super) fn ended(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: ImportId,
    by: Option<UserId>,
    state: ImportState,
    said: &str,
) -> Result<()> {
    store::set_state(tx, id, state, Some(said), ws.clock.now())?;
    let (kind, tone, how) = match state {
        ImportState::Done => ("import.done", Tone::Good, "was imported"),
        _ => ("import.failed", Tone::Bad, "could not be imported"),
    };
    tell(ws, tx, id, by, (kind, tone, how), said)
}

/// Whoever asked to take an import back hears how that ended.
pub(super) fn undone(ws: &Workspace, tx: &mut Tx<'_>, id: ImportId, by: Option<UserId>, went: bool, said: &str) -> Result<()> {
    let how = match went {
        true => ("import.undone", Tone::Good, "was taken back"),
        false => ("import.undo-failed", Tone::Bad, "could not be taken back"),
    };
    tell(ws, tx, id, by, how, said)
}

fn tell(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: ImportId,
    by: Option<UserId>,
    (kind, tone, how): (&str, Tone, &str),
    said: &str,
) -> Result<()> {
    let import = store::find(tx, id)?;
    let title = format!("“{}” {how}", import.file_name);
    let news = News { kind, tone, title: &title, body: said, link: &format!("/imports/{id}") };
    notices::tell(ws, tx, by.or(import.created_by), &news)
}
