//! What undoing an import would do, and asking for it.

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::{CompanyId, ContactId, ImportId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use roaring::RoaringBitmap;
use serde_json::json;

use super::back::Plan;
use super::noted::Noted;
use super::{Undo, UndoCounts, job, possible_until};
use crate::audit::{self, Deed, Entry};
use crate::companies;
use crate::contacts::row;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::imports::{Import, store};
use crate::jobs::{self, NewJob};

/// So many notes are looked at one by one; of more the preview says "about".
const LOOKED_AT: i64 = 2_000;
/// People do not edit more of an import than this by hand.
const EDITED: i64 = 200_000;

/// What undoing an import would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoPreview {
    pub counts: UndoCounts,
    /// Otherwise the numbers are projected from the latest changes.
    pub exact: bool,
    pub until: Option<Timestamp>,
    /// Why it cannot be undone.
    pub reason: Option<&'static str>,
}

/// Records that the import made.
pub(super) fn all_made(tx: &mut Tx<'_>, import: ImportId) -> Result<RoaringBitmap> {
    let mut all = RoaringBitmap::new();
    for bytes in tx.all(Sql::new("SELECT ids FROM import_made WHERE import_id = $1").bind(import), |r| r.get::<Vec<u8>>(0))? {
        all |= job::bitmap(&bytes)?;
    }
    Ok(all)
}

/// Contacts between two ids whom somebody edited, who wrote to us themselves, or into whom others were merged, since then.
pub(super) fn touched_since(tx: &mut Tx<'_>, low: i64, high: i64, since: Timestamp) -> Result<RoaringBitmap> {
    let mut found = RoaringBitmap::new();
    for text in [
        "SELECT DISTINCT object_id FROM audit WHERE object_type = 'contact' AND object_id >= $1 AND object_id <= $2 AND at >= $3 LIMIT $4",
        "SELECT DISTINCT contact_id FROM submissions WHERE contact_id >= $1 AND contact_id <= $2 AND submitted_at >= $3 LIMIT $4",
        "SELECT DISTINCT winner_id FROM contact_merges WHERE winner_id >= $1 AND winner_id <= $2 AND merged_at >= $3 LIMIT $4",
    ] {
        let sql = Sql::new(text).bind(low).bind(high).bind(since).bind(EDITED);
        found.extend(tx.all(sql, |r| r.get::<ContactId>(0))?.into_iter().map(ContactId::bit));
    }
    Ok(found)
}

/// Companies between two ids that somebody edited since then.
pub(super) fn companies_touched_since(tx: &mut Tx<'_>, low: i64, high: i64, since: Timestamp) -> Result<RoaringBitmap> {
    let text = "SELECT DISTINCT object_id FROM audit WHERE object_type = 'company' AND object_id >= $1 AND object_id <= $2 AND at >= $3 LIMIT $4";
    let sql = Sql::new(text).bind(low).bind(high).bind(since).bind(EDITED);
    Ok(tx.all(sql, |r| r.get::<ContactId>(0))?.into_iter().map(ContactId::bit).collect())
}

fn why_not(import: &Import) -> &'static str {
    match import.undo_state.as_deref() {
        Some("queued" | "running") => "This import is being undone already.",
        Some("done") => "This import was undone already.",
        Some("expired") => "An import can be undone for thirty days; this one is older.",
        _ if !import.logged => "This import ran before imports could be undone, or it did not run at all.",
        _ if import.counts.rows() == 0 => "This import wrote nothing.",
        _ if import.finished_at.is_none() && import.message.is_none() => "Stop the import first; then it can be undone.",
        _ => "An import can be undone for thirty days after it ended, and not while it runs.",
    }
}

fn not_possible(import: &Import) -> Error {
    Error::conflict("import.cannot-undo", why_not(import))
}

/// One note: its row, whom or what it is about, what it says.
pub(super) struct Note {
    pub id: i64,
    pub contact: Option<i64>,
    pub company: Option<i64>,
    pub noted: Noted,
}

/// The latest notes.
pub(super) fn notes(tx: &mut Tx<'_>, import: ImportId, limit: i64) -> Result<Vec<Note>> {
    let text = "SELECT id, contact_id, company_id, noted FROM import_changes WHERE import_id = $1 ORDER BY id DESC LIMIT $2";
    Ok(tx.all(Sql::new(text).bind(import).bind(limit), |r| {
        let noted: serde_json::Value = r.get(3)?;
        let noted = serde_json::from_value(noted).unwrap_or_default();
        Ok(Note { id: r.get(0)?, contact: r.get(1)?, company: r.get(2)?, noted })
    })?)
}

/// What undoing would do. Nothing is written.
pub async fn preview(cx: &Cx, id: ImportId) -> Result<UndoPreview> {
    cx.may(Action::View(Area::Contacts))?;
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .read(move |tx| {
            let import = store::find(tx, id)?;
            let until = possible_until(&import, now);
            if until.is_none() {
                let (counts, reason) = (UndoCounts::default(), Some(why_not(&import)));
                return Ok(UndoPreview { counts, exact: true, until, reason });
            }
            let made = all_made(tx, id)?;
            let mut counts = UndoCounts::default();
            if let (Some(low), Some(high)) = (made.min(), made.max()) {
                let since = import.started_at.unwrap_or(import.created_at);
                let by_company = import.object == "company";
                let look = if by_company { companies_touched_since } else { touched_since };
                let kept = (look(tx, i64::from(low), i64::from(high), since)? & &made).len();
                counts.kept = i64::try_from(kept).unwrap_or(0);
                counts.deleted = i64::try_from(made.len() - kept).unwrap_or(0);
            }
            let fields = fields::catalogue(&ws, tx)?;
            let noted: i64 = tx.scalar(Sql::new("SELECT count(*) FROM import_changes WHERE import_id = $1").bind(id))?;
            let (looked_at, judged) = judge(tx, &fields, id, &made)?;
            // Of many, the latest stand for all.
            let project = |n: i64| if looked_at > 0 { n * noted / looked_at } else { 0 };
            counts.restored = project(judged.restored);
            counts.kept += project(judged.kept);
            counts.gone = project(judged.gone);
            Ok(UndoPreview { counts, exact: noted <= looked_at, until, reason: None })
        })
        .await
}

fn judge(tx: &mut Tx<'_>, fields: &FieldCatalogue, id: ImportId, made: &RoaringBitmap) -> Result<(i64, UndoCounts)> {
    let notes = notes(tx, id, LOOKED_AT)?;
    let mut counts = UndoCounts::default();
    let people: Vec<ContactId> = notes.iter().filter_map(|n| n.contact).map(ContactId).collect();
    let firms: Vec<CompanyId> = notes.iter().filter_map(|n| n.company).map(CompanyId).collect();
    let people = row::load_many(tx, fields, &people)?;
    let firms = companies::load_many(tx, fields.companies(), &firms)?;
    let people: std::collections::HashMap<i64, _> = people.iter().map(|c| (c.id.0, c)).collect();
    let firms: std::collections::HashMap<i64, _> = firms.iter().map(|c| (c.id.0, c)).collect();
    for note in &notes {
        if note.contact.is_some_and(|id| made.contains(ContactId(id).bit())) {
            continue;
        }
        let plan = match (note.contact, note.company) {
            (Some(id), _) => people.get(&id).map(|now| Plan::of_contact(fields, &note.noted, now)),
            (_, Some(id)) => firms.get(&id).map(|now| Plan::of_company(fields.companies(), &note.noted, now)),
            _ => None,
        };
        match plan {
            None => counts.gone += 1,
            Some(plan) => {
                let more = note.noted.hand.is_some() || note.noted.consents;
                counts.restored += i64::from(plan.takes_back() || more);
                counts.kept += i64::from(plan.kept);
            }
        }
    }
    Ok((i64::try_from(notes.len()).unwrap_or(0), counts))
}

/// Checks that an import can be undone and marks it as queued; the caller sees to it that it happens.
pub(super) fn mark(tx: &mut Tx<'_>, who: &audit::Who, id: ImportId, by: Option<i64>, now: Timestamp) -> Result<Import> {
    let import = store::find(tx, id)?;
    possible_until(&import, now).ok_or_else(|| not_possible(&import))?;
    let undo = match import.undo.clone() {
        // Goes on where it was stopped.
        Some(undo) => Undo { message: None, ..undo },
        None => {
            let made: i64 = tx.scalar(Sql::new("SELECT @sum(count) FROM import_made WHERE import_id = $1").bind(id))?;
            let noted: i64 = tx.scalar(Sql::new("SELECT count(*) FROM import_changes WHERE import_id = $1").bind(id))?;
            let detail = json!({"created": import.counts.created, "updated": import.counts.updated});
            audit::record(tx, who, Entry::new(Deed::Undo, "import", id.0, import.file_name.clone()).detail(detail))?;
            Undo { total: made + noted, at: Some(now.0), by, ..Undo::default() }
        }
    };
    store::set_undo(tx, id, "queued", &undo)?;
    store::find(tx, id)
}

/// Undoes an import in the background; one that was stopped goes on.
pub async fn start(cx: &Cx, id: ImportId) -> Result<Import> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, user, now) = (cx.who(), cx.user_id(), cx.now());
    cx.db()
        .write(move |tx| {
            let import = mark(tx, &who, id, user.map(|u| u.0), now)?;
            jobs::push(
                tx,
                now,
                NewJob {
                    kind: job::KIND,
                    dedupe_key: Some(format!("{}:{id}", job::KIND)),
                    title: format!("Undo the import of “{}”", import.file_name),
                    payload: json!({"import": id.0}),
                    due_at: now,
                    visible: true,
                    link: Some(format!("/imports/{id}")),
                    created_by: user,
                },
            )?;
            Ok(import)
        })
        .await
}
