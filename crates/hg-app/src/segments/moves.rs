//! Who belongs to what, since when, and who joined and left.

use std::collections::{HashMap, HashSet};

use hg_core::ids::{ContactId, SegmentId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};

use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, Page};
use crate::segments::members::{decode, decode_piece};
use crate::segments::{Membership, Origin, SegmentChange, store};

/// The segments that a contact belongs to.
pub async fn memberships(cx: &Cx, contact: ContactId) -> Result<Vec<Membership>> {
    cx.may(Action::View(Area::Segments))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let hands = by_hand(tx, contact)?;
            let rows = tx.all(
                Sql::new(
                    "SELECT s.id, s.name, s.alias, k.bits FROM segment_pieces k JOIN segments s ON s.id = k.segment_id \
                     WHERE k.piece = $1 AND s.deleted_at IS NULL ORDER BY s.name, s.id",
                )
                .bind(super::members::piece_of(contact)),
                |r| Ok((r.get::<SegmentId>(0)?, r.get::<String>(1)?, r.get::<String>(2)?, r.get::<Vec<u8>>(3)?)),
            )?;
            let mut found = Vec::new();
            for (segment, name, alias, bits) in rows {
                if decode_piece(&bits)?.contains(contact.bit()) {
                    let joined_at = joined_at(tx, segment, contact)?;
                    let origin = hands.get(&segment).cloned().map_or(Origin::Filter, Origin::Hand);
                    found.push(Membership { segment, name, alias, origin, joined_at });
                }
            }
            Ok(found)
        })
        .await
}

fn by_hand(tx: &mut Tx<'_>, contact: ContactId) -> Result<HashMap<SegmentId, String>> {
    let rows = tx.all(
        Sql::new("SELECT segment_id, origin FROM segment_overrides WHERE contact_id = $1 AND state = 1").bind(contact),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}

/// When a member last joined: her own row of the log, or a row that stands for many.
pub(super) fn joined_at(tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId) -> Result<Option<Timestamp>> {
    let own: Option<Option<Timestamp>> = tx.opt(
        Sql::new("SELECT max(at) FROM segment_log WHERE contact_id = $2 AND segment_id = $1 AND joined = 1")
            .bind(segment)
            .bind(contact),
        |r| r.get(0),
    )?;
    let many: Vec<(Timestamp, Vec<u8>)> = tx.all(
        Sql::new("SELECT at, bits FROM segment_log WHERE segment_id = $1 AND contact_id IS NULL AND joined = 1 ORDER BY id DESC LIMIT 200").bind(segment),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    for (at, bits) in many {
        if decode(&bits)?.contains(contact.bit()) {
            return Ok(own.flatten().max(Some(at)));
        }
    }
    Ok(own.flatten())
}

/// Joins and leaves of a segment, newest first.
pub async fn changes(cx: &Cx, id: SegmentId, query: ListQuery) -> Result<Page<SegmentChange>> {
    cx.may(Action::View(Area::Segments))?;
    let before = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            let rows = tx.all(
                Sql::new(
                    "SELECT id, at, contact_id, joined, people, reason FROM segment_log WHERE segment_id = $1 AND id < $2 \
                     ORDER BY id DESC LIMIT $3",
                )
                .bind(id)
                .bind(before)
                .bind(i64::from(limit) + 1),
                |r| Ok((r.get::<i64>(0)?, r.get(1)?, r.get::<Option<ContactId>>(2)?, r.get(3)?, r.get(4)?, r.get(5)?)),
            )?;
            let ids: HashSet<i64> = rows.iter().filter_map(|row| row.2.map(|c| c.0)).collect();
            let names = contacts::names(tx, &ids.into_iter().collect::<Vec<_>>())?;
            let changes = rows
                .into_iter()
                .map(|(id, at, contact, joined, people, reason)| SegmentChange {
                    id,
                    at,
                    contact: contact.map(|c| (c, names.get(&c.0).map_or_else(String::new, |n| n.name.clone()))),
                    joined,
                    people,
                    reason,
                })
                .collect();
            Ok(Page::of(changes, limit, None, |c: &SegmentChange| (Value::Null, c.id)))
        })
        .await
}
