//! Members by hand. Who was added stays although the filter says no; who was removed stays away although it
//! says yes, until somebody adds her back.

use std::collections::{BTreeMap, BTreeSet};

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, SegmentId, UserId};
use hg_store::{Sql, ToValue, Tx, Value};

use crate::changes::{self, Happening};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::segments::members::Pieces;
use crate::segments::reactor::{Moved, log_each};
use crate::segments::rebuild::{after_many, log_many};
use crate::segments::store;
use crate::workspace::Workspace;

/// More than this many at once are told to campaigns as a whole, not one by one.
pub(crate) const ONE_BY_ONE: usize = 200;

/// Adds contacts to a segment or removes them, by hand; which of them moved.
pub async fn change_by_hand(cx: &Cx, segment: SegmentId, contacts: Vec<ContactId>, add: bool) -> Result<BTreeSet<ContactId>> {
    cx.may(Action::Edit(Area::Segments))?;
    let ws = cx.ws.clone();
    let user = cx.user_id();
    let origin = if user.is_some() { "user" } else { "system" };
    cx.db().write(move |tx| change_by_hand_in(&ws, tx, segment, &contacts, add, origin, user)).await
}

/// The same in the caller's transaction; `origin` is `user`, `import`, `form` or `campaign`.
pub fn change_by_hand_in(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    segment: SegmentId,
    contacts: &[ContactId],
    add: bool,
    origin: &str,
    user: Option<UserId>,
) -> Result<BTreeSet<ContactId>> {
    store::find(tx, segment)?;
    let now = ws.clock.now();
    let plain: Vec<i64> = contacts.iter().map(|c| c.0).collect();
    let alive: Vec<ContactId> = tx.all(
        Sql::new("SELECT id FROM contacts WHERE id @in($1) AND deleted_at IS NULL ORDER BY id").bind(plain.as_slice()),
        |r| r.get(0),
    )?;
    let mut pieces = Pieces::new(ws);
    let mut moves = Vec::new();
    let mut exceptions: Vec<Value> = Vec::new();
    for contact in alive {
        let is_member = pieces.contains(tx, segment, contact)?;
        // Removing somebody who never belonged leaves no trace.
        if add || is_member {
            exceptions.extend([segment.to_value(), contact.to_value(), Value::Int(if add { 1 } else { -1 })]);
            exceptions.extend([origin.to_value(), user.to_value(), now.to_value()]);
        }
        if pieces.set(tx, segment, contact, add)? {
            moves.push(Moved { contact, segment, joined: add });
        }
    }
    tx.insert_many(
        "INSERT INTO segment_overrides (segment_id, contact_id, state, origin, user_id, at)",
        "ON CONFLICT (segment_id, contact_id) DO UPDATE SET state = excluded.state, origin = excluded.origin, \
         user_id = excluded.user_id, at = excluded.at",
        6,
        &exceptions,
    )?;
    pieces.write(ws, tx)?;
    let touched = ws.part::<super::rebuild::Touched>();
    touched.add([segment].into_iter(), moves.iter().map(|m| m.contact.bit()));
    if moves.len() > ONE_BY_ONE {
        log_many(tx, &moves, now, origin)?;
        after_many(ws, tx, segment)?;
    } else {
        log_each(tx, &moves, now, origin)?;
        let kind = if add { EventKind::SegmentJoined } else { EventKind::SegmentLeft };
        let told: Vec<Happening> = moves.iter().map(|m| Happening::new(m.contact, kind, now).object(segment.0)).collect();
        changes::record_many(ws, tx, &told)?;
    }
    Ok(moves.into_iter().map(|m| m.contact).collect())
}

/// What hands did to contacts of a segment: 1 put in, -1 taken out.
pub(crate) fn exceptions_of(tx: &mut Tx<'_>, segment: SegmentId, contacts: &[ContactId]) -> Result<BTreeMap<ContactId, i64>> {
    let plain: Vec<i64> = contacts.iter().map(|c| c.0).collect();
    let text = "SELECT contact_id, state FROM segment_overrides WHERE segment_id = $1 AND contact_id @in($2)";
    let rows = tx.all(Sql::new(text).bind(segment).bind(plain.as_slice()), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// Makes the exceptions of contacts what they were before a hand did something; 0: none.
pub(crate) fn set_exceptions(tx: &mut Tx<'_>, segment: SegmentId, contacts: &[ContactId], state: i64) -> Result<()> {
    let plain: Vec<i64> = contacts.iter().map(|c| c.0).collect();
    let text = if state == 0 {
        "DELETE FROM segment_overrides WHERE segment_id = $1 AND contact_id @in($2)"
    } else {
        "UPDATE segment_overrides SET state = $3 WHERE segment_id = $1 AND contact_id @in($2)"
    };
    let sql = Sql::new(text).bind(segment).bind(plain.as_slice());
    tx.exec(if state == 0 { sql } else { sql.bind(state) })?;
    Ok(())
}
