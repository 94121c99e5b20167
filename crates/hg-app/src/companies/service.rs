//! Use cases of companies.

use hg_core::contacts::FieldValue;
use hg_core::ids::{CompanyId, ContactId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::audit::{self, Changes, Deed, Entry, Who};
use crate::companies::follow::{self, Cause};
use crate::companies::{
    Change, Company, CompanyInput, CompanyProblem, find_by_unique, load_many, log, row::count_contacts, save, tags,
};
use crate::company_segments;
use crate::contacts::{Existing, PointsOperator, Values, read_values};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::users;
use crate::workspace::Workspace;

/// The id that an id leads to: itself, or the company that it was merged into.
pub fn survivor(tx: &mut Tx<'_>, id: CompanyId) -> Result<CompanyId> {
    let there: Option<i64> =
        tx.opt(Sql::new("SELECT id FROM companies WHERE id = $1 AND deleted_at IS NULL").bind(id), |r| r.get(0))?;
    if there.is_some() {
        return Ok(id);
    }
    let winner: Option<CompanyId> = tx.opt(
        Sql::new(
            "SELECT m.winner_id FROM company_merges m JOIN companies c ON c.id = m.winner_id \
             WHERE m.loser_id = $1 AND c.deleted_at IS NULL",
        )
        .bind(id),
        |r| r.get(0),
    )?;
    winner.ok_or_else(|| Error::not_found("company", id))
}

/// A company, or the one that it was merged into.
pub fn load(ws: &Workspace, tx: &mut Tx<'_>, id: CompanyId) -> Result<Company> {
    let id = survivor(tx, id)?;
    let fields = fields::catalogue(ws, tx)?;
    let mut found = load_many(tx, fields.companies(), &[id])?;
    count_contacts(tx, &mut found)?;
    found.pop().ok_or_else(|| Error::not_found("company", id))
}

pub async fn get(cx: &Cx, id: CompanyId) -> Result<Company> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| load(&ws, tx, id)).await
}

/// Makes a company. `match_existing`: when a unique value is another company's, that one is changed instead. Whether it was made.
pub async fn create(cx: &Cx, input: CompanyInput, match_existing: bool) -> Result<(Company, bool)> {
    make(cx, input, if match_existing { Twin::Changed } else { Twin::Refused }).await
}

/// Makes a company even when another one has its unique values: those lead to the other one from then on too.
pub async fn create_twin(cx: &Cx, input: CompanyInput) -> Result<Company> {
    Ok(make(cx, input, Twin::Made).await?.0)
}

/// What becomes of a new company whose unique value is another one's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twin {
    /// The other one is changed instead.
    Changed,
    Refused,
    Made,
}

async fn make(cx: &Cx, input: CompanyInput, twin: Twin) -> Result<(Company, bool)> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, now, by, who, actor) = (cx.ws.clone(), cx.now(), cx.user_id(), cx.who(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let all = fields::catalogue(&ws, tx)?;
            let fields = all.companies();
            let values = read_values(fields, &input.fields, &ws.settings().general.timezone)?;
            users::checked_owner(tx, input.owner_id)?;
            let found = if twin == Twin::Changed { find_by_unique(tx, fields, &values)? } else { None };
            let Some(id) = found else {
                let missing = fields
                    .published()
                    .find(|f| f.required && values.get(&f.alias).is_none_or(FieldValue::is_empty) && f.default_value.is_none());
                if let Some(field) = missing {
                    return Err(CompanyProblem::Required { alias: field.alias.clone(), label: field.label.clone() }.into());
                }
                let new = Change { twin: twin == Twin::Made, ..change(&values, &input, false, by, now) };
                let (id, _) = save::write(tx, fields, None, &new)?;
                log::write(tx, id, "created", None, &actor, json!({}), now)?;
                set_score(tx, id, &input, &actor, now)?;
                tags::change(tx, id, &input.tags, now)?;
                let company = load(&ws, tx, id)?;
                audit::record(tx, &who, entry(Deed::Create, &company).changes(difference(None, &company)))?;
                return Ok((company, true));
            };
            Ok((write(&ws, tx, id, &values, &input, false, (by, &who, &actor), now)?, false))
        })
        .await
}

fn change<'a>(values: &'a Values, input: &CompanyInput, blanks_clear: bool, by: Option<UserId>, now: Timestamp) -> Change<'a> {
    let (owner, published) = (input.owner_id, input.published);
    Change { values, existing: Existing::Overwrite, blanks_clear, owner, published, twin: false, by, now }
}

/// Changes a company, and lets its contacts follow.
#[allow(clippy::too_many_arguments)]
fn write(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: CompanyId,
    values: &Values,
    input: &CompanyInput,
    blanks_clear: bool,
    (by, who, actor): (Option<UserId>, &Who, &str),
    now: Timestamp,
) -> Result<Company> {
    let fields = fields::catalogue(ws, tx)?;
    let company = load(ws, tx, id)?;
    if input.version.is_some_and(|v| v != company.version) {
        return Err(Error::changed_meanwhile("company"));
    }
    let (id, changed) = save::write(tx, fields.companies(), Some(&company), &change(values, input, blanks_clear, by, now))?;
    if !changed.is_empty() {
        follow::start(tx, id, &company.name(), Cause::Changed, now)?;
    }
    set_score(tx, id, input, actor, now)?;
    tags::change(tx, id, &input.tags, now)?;
    let after = load(ws, tx, id)?;
    audit::record(tx, who, entry(Deed::Update, &after).changes(difference(Some(&company), &after)))?;
    Ok(after)
}

fn entry(deed: Deed, company: &Company) -> Entry {
    Entry::new(deed, "company", company.id.0, company.name())
}

/// What a write changed of a company.
fn difference(before: Option<&Company>, after: &Company) -> Changes {
    let text = |company: Option<&Company>, alias: &str| company.and_then(|c| c.text(alias));
    let mut changes = Changes::new();
    for alias in after.values.keys() {
        changes = changes.field(alias, &text(before, alias), &text(Some(after), alias));
    }
    changes
        .field("owner_id", &before.and_then(|c| c.owner_id).map(|o| o.0), &after.owner_id.map(|o| o.0))
        .field("score", &before.map_or(0, |c| c.score), &after.score)
        .field::<Vec<&String>>(
            "tags",
            &before.map(|c| c.tags.iter().map(|t| &t.1).collect()).unwrap_or_default(),
            &after.tags.iter().map(|t| &t.1).collect(),
        )
        .field("published", &before.is_none_or(|c| c.published), &after.published)
}

fn set_score(tx: &mut Tx<'_>, id: CompanyId, input: &CompanyInput, actor: &str, now: Timestamp) -> Result<()> {
    if let Some(score) = input.score {
        add_score_by(tx, id, PointsOperator::Set, score, "", None, actor, now)?;
    }
    Ok(())
}

/// Changes the named values of a company; a blank value clears.
pub async fn update(cx: &Cx, id: CompanyId, input: CompanyInput, blanks_clear: bool) -> Result<Company> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, now, by, who, actor) = (cx.ws.clone(), cx.now(), cx.user_id(), cx.who(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let values = read_values(fields.companies(), &input.fields, &ws.settings().general.timezone)?;
            write(&ws, tx, id, &values, &input, blanks_clear, (by, &who, &actor), now)
        })
        .await
}

/// Writes values of a company in the caller's transaction: a step of a campaign did it.
pub(crate) fn write_in(cx: &Cx, tx: &mut Tx<'_>, id: CompanyId, values: &Values) -> Result<Company> {
    let by = (None, &cx.who(), cx.actor_name());
    write(&cx.ws, tx, id, values, &CompanyInput::default(), false, by, cx.now())
}

/// Changes the score of a company; the score after it.
pub async fn change_score(cx: &Cx, id: CompanyId, op: PointsOperator, by: i64, why: String) -> Result<i64> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (now, actor) = (cx.now(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let id = survivor(tx, id)?;
            add_score_by(tx, id, op, by, &why, None, &actor, now)
        })
        .await
}

/// As [`change_score`], by the product itself because of a contact.
pub(super) fn add_score(
    tx: &mut Tx<'_>,
    id: CompanyId,
    op: PointsOperator,
    by: i64,
    why: &str,
    contact: Option<ContactId>,
    now: Timestamp,
) -> Result<i64> {
    add_score_by(tx, id, op, by, why, contact, "Honeyguide", now)
}

#[allow(clippy::too_many_arguments)]
fn add_score_by(
    tx: &mut Tx<'_>,
    id: CompanyId,
    op: PointsOperator,
    by: i64,
    why: &str,
    contact: Option<ContactId>,
    actor: &str,
    now: Timestamp,
) -> Result<i64> {
    let before: i64 = tx
        .opt(Sql::new("SELECT score FROM companies WHERE id = $1 AND deleted_at IS NULL @forupdate").bind(id), |r| r.get(0))?
        .ok_or_else(|| Error::not_found("company", id))?;
    let after = op.apply(before, by);
    if after != before {
        tx.exec(
            Sql::new("UPDATE companies SET score = $2, updated_at = $3, version = version + 1 WHERE id = $1")
                .bind(id)
                .bind(after)
                .bind(now),
        )?;
        company_segments::noted(tx, &[id])?;
        let detail = json!({"delta": after.saturating_sub(before), "score": after, "reason": why});
        log::write(tx, id, "score", contact, actor, detail, now)?;
    }
    Ok(after)
}

/// Deletes a company; its contacts stay, and it can be brought back for as long as the trash is kept.
pub async fn delete(cx: &Cx, id: CompanyId) -> Result<Company> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who) = (cx.ws.clone(), cx.who());
    cx.db()
        .write(move |tx| {
            let company = load(&ws, tx, id)?;
            set_deleted(&ws, tx, &company, &who)?;
            Ok(company)
        })
        .await
}

/// So many can be deleted by one request.
const MOST_AT_ONCE: usize = 200;

/// Deletes several companies; how many there were.
pub async fn delete_many(cx: &Cx, ids: Vec<CompanyId>) -> Result<usize> {
    cx.may(Action::Edit(Area::Contacts))?;
    if ids.len() > MOST_AT_ONCE {
        return Err(CompanyProblem::TooMany { most: MOST_AT_ONCE }.into());
    }
    let (ws, who) = (cx.ws.clone(), cx.who());
    cx.db()
        .write(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let companies = load_many(tx, fields.companies(), &ids)?;
            for company in &companies {
                set_deleted(&ws, tx, company, &who)?;
            }
            Ok(companies.len())
        })
        .await
}

/// Brings a deleted company back; it is the primary one again of those whose primary one it was.
pub async fn restore(cx: &Cx, id: CompanyId) -> Result<Company> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who) = (cx.ws.clone(), cx.who());
    cx.db()
        .write(move |tx| {
            let there: Option<Option<String>> = tx.opt(
                Sql::new("SELECT companyname FROM companies WHERE id = $1 AND deleted_at IS NOT NULL AND id NOT IN (SELECT loser_id FROM company_merges)")
                    .bind(id),
                |r| r.get(0),
            )?;
            if let Some(name) = there {
                bring_back(&ws, tx, id, &name.unwrap_or_default())?;
                let company = load(&ws, tx, id)?;
                audit::record(tx, &who, entry(Deed::Restore, &company))?;
            }
            load(&ws, tx, id)
        })
        .await
}

fn bring_back(ws: &Workspace, tx: &mut Tx<'_>, id: CompanyId, name: &str) -> Result<()> {
    let now = ws.clock.now();
    let back = tx.exec(
        Sql::new("UPDATE companies SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1")
            .bind(id)
            .bind(now),
    );
    match back {
        Err(hg_store::StoreError::Unique { .. }) => {
            return Err(CompanyProblem::NotUnique { alias: "companyname".into(), label: "Company name".into() }.into());
        }
        other => other?,
    };
    company_segments::noted(tx, &[id])?;
    follow::start(tx, id, name, Cause::Restored, now)
}

fn set_deleted(ws: &Workspace, tx: &mut Tx<'_>, company: &Company, who: &Who) -> Result<()> {
    let now = ws.clock.now();
    tx.exec(
        Sql::new("UPDATE companies SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
            .bind(company.id)
            .bind(now),
    )?;
    audit::record(tx, who, entry(Deed::Delete, company))?;
    company_segments::noted(tx, &[company.id])?;
    follow::start(tx, company.id, &company.name(), Cause::Changed, now)
}

/// Merges a company into another, which keeps its values; empty ones are filled from the one that goes. Contacts
/// move, the score is not added, and the old id leads to the survivor.
pub async fn merge(cx: &Cx, loser: CompanyId, winner: CompanyId) -> Result<Company> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, now, by, who, actor) = (cx.ws.clone(), cx.now(), cx.user_id(), cx.who(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let (loser, winner) = (load(&ws, tx, loser)?, load(&ws, tx, winner)?);
            if loser.id == winner.id {
                return Err(CompanyProblem::Itself.into());
            }
            // The loser goes first, so that its identifiers are free.
            tx.exec(
                Sql::new("UPDATE companies SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(loser.id)
                    .bind(now),
            )?;
            let fields = fields::catalogue(&ws, tx)?;
            let filling = Change {
                values: &loser.values,
                existing: Existing::Keep,
                blanks_clear: false,
                owner: (winner.owner_id.is_none() && loser.owner_id.is_some()).then_some(loser.owner_id),
                published: None,
                twin: false,
                by,
                now,
            };
            save::write(tx, fields.companies(), Some(&winner), &filling)?;
            tx.exec(Sql::new("UPDATE company_merges SET winner_id = $2 WHERE winner_id = $1").bind(loser.id).bind(winner.id))?;
            tx.exec(
                Sql::new("INSERT INTO company_merges (loser_id, winner_id, name, merged_at) VALUES ($1, $2, $3, $4)")
                    .bind(loser.id)
                    .bind(winner.id)
                    .bind(loser.name())
                    .bind(now),
            )?;
            tx.exec(Sql::new("UPDATE company_log SET company_id = $2 WHERE company_id = $1").bind(loser.id).bind(winner.id))?;
            let merged = json!({"merged": loser.name(), "merged_id": loser.id.0});
            audit::record(tx, &who, entry(Deed::Merge, &winner).detail(merged))?;
            log::write(tx, winner.id, "merged", None, &actor, json!({"name": loser.name(), "id": loser.id.0}), now)?;
            tags::hand_over(tx, loser.id, winner.id)?;
            company_segments::noted(tx, &[loser.id, winner.id])?;
            follow::start(tx, loser.id, &loser.name(), Cause::Merged { into: winner.id.0 }, now)?;
            load(&ws, tx, winner.id)
        })
        .await
}
