//! Who was pinned or taken out by hand, and how to let the conditions decide again.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, SegmentId, UserId};
use hg_core::segments::Filter;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};

use crate::changes::{self, Happening};
use crate::contacts::{self, ContactName};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::segments::members::Pieces;
use crate::segments::reactor::{Moved, log_each};
use crate::segments::{SegmentProblem, matches, store};
use crate::workspace::Workspace;

/// Somebody whom a hand put in or took out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub contact: ContactId,
    pub name: ContactName,
    /// Pinned; otherwise taken out.
    pub pinned: bool,
    /// `user`, `import`, `form`, `campaign`, `point trigger`.
    pub origin: String,
    pub user: Option<UserId>,
    pub at: Timestamp,
}

/// The exceptions of a segment, by contact. `pinned`: only those put in, or only those taken out.
pub async fn overrides(cx: &Cx, id: SegmentId, pinned: Option<bool>, query: ListQuery) -> Result<Page<Override>> {
    cx.may(Action::View(Area::Segments))?;
    let after = query.after()?.map_or(0, |(_, contact)| contact);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            let (low, high) = match pinned {
                Some(true) => (1i64, 1i64),
                Some(false) => (-1, -1),
                None => (-1, 1),
            };
            let rows = tx.all(
                Sql::new(
                    "SELECT contact_id, state, origin, user_id, at FROM segment_overrides WHERE segment_id = $1 AND contact_id > $2 \
                     AND state >= $3 AND state <= $4 ORDER BY contact_id LIMIT $5",
                )
                .bind(id)
                .bind(after)
                .bind(low)
                .bind(high)
                .bind(i64::from(limit) + 1),
                |r| Ok((r.get::<ContactId>(0)?, r.get::<i64>(1)?, r.get::<String>(2)?, r.get(3)?, r.get(4)?)),
            )?;
            let ids: Vec<i64> = rows.iter().map(|row| row.0.0).collect();
            let mut names = contacts::names(tx, &ids)?;
            let found = rows.into_iter().filter_map(|(contact, state, origin, user, at)| {
                let name = names.remove(&contact.0)?;
                Some(Override { contact, name, pinned: state > 0, origin, user, at })
            });
            Ok(Page::of(found.collect(), limit, None, |o: &Override| (Value::Null, o.contact.0)))
        })
        .await
}

/// Forgets what a hand did to a contact: the conditions decide again. Whether she belongs to the segment now.
pub async fn forget_override(cx: &Cx, id: SegmentId, contact: ContactId) -> Result<bool> {
    cx.may(Action::Edit(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let found = forget_override_in(&ws, tx, id, contact, "exception forgotten")?;
            found.ok_or_else(|| Error::not_found("exception for the contact", contact))
        })
        .await
}

/// The same in the caller's transaction; `None` when there is no exception.
pub(crate) fn forget_override_in(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: SegmentId,
    contact: ContactId,
    why: &str,
) -> Result<Option<bool>> {
    let segment = store::find(tx, id)?;
    let gone =
        tx.exec(Sql::new("DELETE FROM segment_overrides WHERE segment_id = $1 AND contact_id = $2").bind(id).bind(contact))?;
    if gone == 0 {
        return Ok(None);
    }
    let belongs = match &segment.filter {
        Some(json) if segment.published => {
            let filter = Filter::parse(json).map_err(SegmentProblem::Filter)?;
            let known: Option<Option<Timestamp>> = tx
                .opt(Sql::new("SELECT identified_at FROM contacts WHERE id = $1 AND deleted_at IS NULL").bind(contact), |r| {
                    r.get(0)
                })?;
            let may = known.is_some_and(|at| at.is_some() || segment.include_anonymous);
            may && matches(ws, tx, contact, &filter)?
        }
        _ => false,
    };
    let mut pieces = Pieces::new(ws);
    let now = ws.clock.now();
    if pieces.set(tx, id, contact, belongs)? {
        let kind = if belongs { EventKind::SegmentJoined } else { EventKind::SegmentLeft };
        log_each(tx, &[Moved { contact, segment: id, joined: belongs }], now, why)?;
        changes::record(tx, Happening::new(contact, kind, now).object(id.0))?;
    }
    pieces.write(ws, tx)?;
    Ok(Some(belongs))
}
