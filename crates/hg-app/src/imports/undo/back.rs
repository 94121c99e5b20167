//! Takes back what an import did to one record. What somebody changed since stays as it is.

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::{CompanyId, ContactId, ImportId, SegmentId, StageId, UserId};
use hg_core::text::fold;
use hg_core::time::TimeZone;
use hg_store::{Sql, Tx};
use serde_json::{Value as Json, json};

use super::noted::{Block, Noted, Pair};
use crate::changes::{self, Happening};
use crate::companies::{self, Company};
use crate::contacts::save::{self, Change};
use crate::contacts::service::find_by_unique;
use crate::contacts::{self, Contact, Existing, NewDoNotContact, Source, Values};
use crate::error::Result;
use crate::workspace::Workspace;
use crate::{segments, stages};

/// What would be taken back of one record.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub values: Values,
    pub owner: Option<Option<UserId>>,
    pub stage: Option<Option<StageId>>,
    pub untag: Vec<String>,
    pub tag: Vec<String>,
    pub block: Option<Option<Block>>,
    pub leave: Vec<CompanyId>,
    pub added_at: Option<Pair<i64>>,
    pub identified_at: Option<Pair<Option<i64>>>,
    /// Something is no longer as the import left it.
    pub kept: bool,
}

impl Plan {
    /// Whether something is taken back by its values; exceptions in segments and consents are looked at when it is done.
    pub fn takes_back(&self) -> bool {
        *self != Plan { kept: self.kept, ..Plan::default() }
    }

    fn judge<T: PartialEq + Clone>(&mut self, noted: Option<&Pair<T>>, now: &T) -> Option<T> {
        let (before, after) = noted?;
        if now == before {
            return None;
        }
        if now == after {
            return Some(before.clone());
        }
        self.kept = true;
        None
    }

    fn read_values(&mut self, fields: &FieldCatalogue, noted: &Noted, now: &Values) {
        for (alias, (before, after)) in &noted.values {
            // A field that was deleted since has nothing to take back.
            let Some(field) = fields.get(alias).filter(|f| f.published) else { continue };
            let read = |json: &Json| field.read_json(json, &TimeZone::UTC).unwrap_or_default();
            let (before, after) = (read(before), read(after));
            let now = now.get(alias).unwrap_or(&FieldValue::Empty);
            if *now == before {
                continue;
            }
            // Names of companies are written as the company writes them.
            let same = *now == after || (alias == "company" && fold(&now.to_text()) == fold(&after.to_text()));
            if same {
                self.values.insert(alias.clone(), before);
            } else {
                self.kept = true;
            }
        }
    }

    /// What would be taken back of a contact as she is now.
    pub fn of_contact(fields: &FieldCatalogue, noted: &Noted, now: &Contact) -> Plan {
        let mut plan = Plan::default();
        plan.read_values(fields, noted, &now.values);
        plan.owner = plan.judge(noted.owner.as_ref(), &now.owner_id.map(|o| o.0)).map(|o| o.map(UserId));
        let stage = now.stage.as_ref().map(|s| s.0.0);
        plan.stage = plan.judge(noted.stage.as_ref(), &stage).map(|s| s.map(StageId));
        plan.block = plan.judge(noted.block.as_ref(), &Block::of(&now.do_not_contact));
        plan.untag = now.tags.iter().filter(|t| noted.tagged.contains(&t.0.0)).map(|t| t.1.clone()).collect();
        plan.tag = noted.untagged.iter().filter(|name| !now.tags.iter().any(|t| fold(&t.1) == fold(name))).cloned().collect();
        let company_kept = noted.values.contains_key("company") && !plan.values.contains_key("company");
        plan.leave = now
            .companies
            .iter()
            // Where her company is another one since, what she belongs to is no longer the import's.
            .filter(|c| noted.joined.contains(&c.id.0) && !(c.primary && company_kept))
            .map(|c| c.id)
            .collect();
        plan.added_at = noted.added_at.filter(|(before, after)| before != after && now.created_at.0 == *after);
        let identified = now.identified_at.map(|t| t.0);
        plan.identified_at = noted.identified_at.filter(|(before, after)| before != after && identified == *after);
        plan
    }

    /// The same for a company.
    pub fn of_company(fields: &FieldCatalogue, noted: &Noted, now: &Company) -> Plan {
        let mut plan = Plan::default();
        plan.read_values(fields, noted, &now.values);
        plan.owner = plan.judge(noted.owner.as_ref(), &now.owner_id.map(|o| o.0)).map(|o| o.map(UserId));
        plan
    }
}

/// What came of taking one record back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Took {
    pub back: bool,
    pub kept: bool,
}

/// Takes back what a batch did to a contact.
pub(super) fn contact(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    (import, segment): (ImportId, Option<SegmentId>),
    noted: &Noted,
    now: &Contact,
) -> Result<Took> {
    let mut plan = Plan::of_contact(fields, noted, now);
    free_identifiers_only(ws, tx, fields, now.id, &mut plan)?;
    let mut back = plan.takes_back();
    let change = Change {
        values: &plan.values,
        existing: Existing::Overwrite,
        blanks_clear: true,
        owner: plan.owner,
        source: Source::Engine,
        now: ws.clock.now(),
    };
    save::write(tx, fields, Some(now), &change)?;
    contacts::change_tags(ws, tx, now.id, &plan.tag, &plan.untag)?;
    if let Some(stage) = plan.stage {
        match stages::change_in(ws, tx, now.id, stage, "Import undone") {
            // The stage of before was deleted since.
            Err(error) if error.is_not_found() => stages::change_in(ws, tx, now.id, None, "Import undone")?,
            other => other?,
        };
    }
    if let Some(block) = &plan.block {
        contacts::lift_do_not_contact(ws, tx, now.id, "email", None)?;
        if let Some(block) = block {
            let entry = NewDoNotContact {
                channel: "email".into(),
                reason: block.reason,
                channel_id: block.channel_id,
                comments: block.comments.clone(),
            };
            contacts::write_do_not_contact(ws, tx, now.id, &entry)?;
        }
    }
    for company in &plan.leave {
        companies::leave(tx, now.id, *company, ws.clock.now())?;
    }
    dates(tx, now.id, &plan)?;
    if let (Some(hand), Some(segment)) = (&noted.hand, segment) {
        back |= release(ws, tx, segment, now.id, hand.as_ref())?;
    }
    if noted.consents {
        back |= forget_consents(ws, tx, import, now.id)?;
    }
    Ok(Took { back, kept: plan.kept })
}

/// Takes back what a batch did to a company.
pub(super) fn company(ws: &Workspace, tx: &mut Tx<'_>, fields: &FieldCatalogue, noted: &Noted, now: &Company) -> Result<Took> {
    let mut plan = Plan::of_company(fields.companies(), noted, now);
    for field in fields.companies().unique() {
        let one: Values = plan.values.get(&field.alias).map(|v| (field.alias.clone(), v.clone())).into_iter().collect();
        if companies::find_by_unique(tx, fields.companies(), &one)?.is_some_and(|other| other != now.id) {
            plan.values.remove(&field.alias);
            plan.kept = true;
        }
    }
    let back = plan.takes_back();
    if back {
        companies::put_back(ws, tx, now, &plan.values, plan.owner)?;
    }
    Ok(Took { back, kept: plan.kept })
}

/// An identifier that somebody else has by now is not taken back.
fn free_identifiers_only(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    contact: ContactId,
    plan: &mut Plan,
) -> Result<()> {
    for field in fields.unique() {
        let Some(value) = plan.values.get(&field.alias).filter(|v| !v.is_empty()) else { continue };
        let one: Values = [(field.alias.clone(), value.clone())].into();
        if find_by_unique(ws, tx, fields, &one)?.is_some_and(|other| other != contact) {
            plan.values.remove(&field.alias);
            plan.kept = true;
        }
    }
    Ok(())
}

fn dates(tx: &mut Tx<'_>, contact: ContactId, plan: &Plan) -> Result<()> {
    if let Some((before, _)) = plan.added_at {
        tx.exec(Sql::new("UPDATE contacts SET created_at = $2 WHERE id = $1").bind(contact).bind(before))?;
    }
    if let Some((before, _)) = plan.identified_at {
        tx.exec(Sql::new("UPDATE contacts SET identified_at = $2 WHERE id = $1").bind(contact).bind(before))?;
    }
    Ok(())
}

/// Her exception in the segment is as it was before the import, unless somebody decided otherwise since.
fn release(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    segment: SegmentId,
    contact: ContactId,
    before: Option<&super::noted::Hand>,
) -> Result<bool> {
    let text = "SELECT origin FROM segment_overrides WHERE segment_id = $1 AND contact_id = $2";
    let origin: Option<String> = tx.opt(Sql::new(text).bind(segment).bind(contact), |r| r.get(0))?;
    if origin.as_deref() != Some("import") {
        return Ok(false);
    }
    match before {
        Some(hand) if hand.origin == "import" && hand.state > 0 => return Ok(false),
        Some(hand) => {
            let user = hand.user.map(UserId);
            segments::change_by_hand_in(ws, tx, segment, &[contact], hand.state > 0, &hand.origin, user)?;
        }
        None => match segments::forget_override_in(ws, tx, segment, contact, "import undone") {
            Err(error) if error.is_not_found() => return Ok(false),
            other => drop(other?),
        },
    }
    Ok(true)
}

/// What the import said about consents is unsaid; what was said before holds again.
fn forget_consents(ws: &Workspace, tx: &mut Tx<'_>, import: ImportId, contact: ContactId) -> Result<bool> {
    let gone: Vec<(String, bool)> = tx.all(
        Sql::new("DELETE FROM consents WHERE contact_id = $1 AND source = $2 RETURNING purpose, current")
            .bind(contact)
            .bind(format!("import {import}")),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    for (purpose, _) in gone.iter().filter(|(_, current)| *current) {
        let text = "UPDATE consents SET current = 1 WHERE id = (SELECT max(id) FROM consents WHERE contact_id = $1 AND purpose = $2) \
                    RETURNING given";
        let given: Option<bool> = tx.opt(Sql::new(text).bind(contact).bind(purpose), |r| r.get(0))?;
        let detail = json!({"purpose": purpose, "given": given.unwrap_or(false), "source": format!("import {import} undone")});
        changes::record(tx, Happening::new(contact, EventKind::ConsentChanged, ws.clock.now()).detail(detail))?;
    }
    Ok(!gone.is_empty())
}
