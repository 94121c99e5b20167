//! Contacts as CSV, page by page, so that ten million need no more memory than one page.

use std::collections::HashMap;

use hg_core::ids::ContactId;
use hg_store::{Sql, Tx};
use roaring::RoaringBitmap;

use crate::contacts::{Contact, ContactProblem, ContactQuery, DoNotContact, list, row};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::fields;
use crate::segments;

/// What is exported.
#[derive(Debug, Clone, Default)]
pub struct ExportQuery {
    pub contacts: ContactQuery,
    /// Aliases of fields, or `id`, `tags`, `do_not_contact`, `created_at`…; all when empty.
    pub columns: Vec<String>,
}

/// An export under way.
#[derive(Debug, Clone)]
pub struct Export {
    wanted: RoaringBitmap,
    columns: Vec<String>,
}

const PAGE: usize = 1_000;
const OWN: [&str; 17] = [
    "id",
    "tags",
    "segments",
    "stage",
    "do_not_contact",
    // The e-mail channel in columns of its own: why, since when, what was said.
    "dnc_email",
    "dnc_email_at",
    "dnc_email_comments",
    "companies",
    // `Group: score`, one behind the other.
    "point_groups",
    // Purposes that hold.
    "consents",
    "owner_id",
    "owner",
    "created_at",
    "updated_at",
    "identified_at",
    "last_active_at",
];

/// The columns of an export: those asked for, when all of them are there; otherwise what most people want.
pub(crate) async fn export_columns(cx: &Cx, columns: Vec<String>) -> Result<Vec<String>> {
    let ws = cx.ws.clone();
    let catalogue = cx.db().read(move |tx| fields::catalogue(&ws, tx)).await?;
    if columns.is_empty() {
        let fields = catalogue.published().map(|f| f.alias.clone());
        let own = ["tags", "segments", "stage", "companies", "point_groups", "do_not_contact", "consents", "owner", "created_at"];
        let own = own.map(str::to_owned);
        return Ok(std::iter::once("id".to_owned()).chain(fields).chain(own).collect());
    }
    match columns.iter().find(|c| !OWN.contains(&c.as_str()) && catalogue.get(c).is_none()) {
        Some(unknown) => Err(ContactProblem::UnknownField(unknown.clone()).into()),
        None => Ok(columns),
    }
}

/// Whom to export, and with which columns.
pub(crate) async fn export_chosen(cx: &Cx, query: ExportQuery) -> Result<(RoaringBitmap, Vec<String>)> {
    cx.may(Action::View(Area::Contacts))?;
    let columns = export_columns(cx, query.columns).await?;
    Ok((list::wanted(cx, &query.contacts).await?, columns))
}

/// Finds whom to export, and writes the head line.
pub async fn export_start(cx: &Cx, query: ExportQuery) -> Result<(Export, Vec<u8>)> {
    cx.may(Action::View(Area::Contacts))?;
    let (wanted, columns) = export_chosen(cx, query).await?;
    let head = csv_line(columns.iter().map(String::as_str))?;
    Ok((Export { wanted, columns }, head))
}

/// The lines of the contacts behind `after`, and where to go on; `None` at the end.
pub async fn export_page(cx: &Cx, export: &Export, after: Option<u32>) -> Result<Option<(Vec<u8>, u32)>> {
    let from = after.map_or(0, |id| id.saturating_add(1));
    let ids: Vec<ContactId> = export.wanted.range(from..).take(PAGE).map(ContactId::from_bit).collect();
    let Some(last) = ids.last().map(|id| id.bit()) else { return Ok(None) };
    let mut lines = Vec::new();
    for cells in export_rows(cx, ids, export.columns.clone()).await? {
        let cells: Vec<String> = cells.into_iter().map(harmless).collect();
        lines.extend(csv_line(cells.iter().map(String::as_str))?);
    }
    Ok(Some((lines, last)))
}

/// The cells of some contacts, in their order; who was deleted meanwhile is left out.
pub(crate) async fn export_rows(cx: &Cx, ids: Vec<ContactId>, columns: Vec<String>) -> Result<Vec<Vec<String>>> {
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let beside = Beside::read(tx, &ids, &columns)?;
            let contacts = row::load_many(tx, &fields, &ids)?;
            Ok(contacts.iter().map(|contact| columns.iter().map(|column| beside.cell(contact, column)).collect()).collect())
        })
        .await
}

/// Columns that list what stands in another table: each with its statement of contact and text.
const LISTED: [(&str, &str); 2] = [
    (
        "point_groups",
        "SELECT s.contact_id, g.name || ': ' || s.score FROM contact_scores s JOIN point_groups g ON g.id = s.group_id \
         WHERE s.contact_id @in($1) AND g.deleted_at IS NULL ORDER BY s.contact_id, g.name, g.id",
    ),
    (
        "consents",
        "SELECT contact_id, purpose FROM consents WHERE contact_id @in($1) AND current = 1 AND given = 1 ORDER BY contact_id, purpose",
    ),
];

/// What stands in other tables, read for a page at once and only when it is wanted.
#[derive(Default)]
struct Beside {
    owners: HashMap<i64, String>,
    segments: HashMap<ContactId, Vec<String>>,
    /// By column: the texts of each contact.
    listed: HashMap<&'static str, HashMap<ContactId, Vec<String>>>,
}

impl Beside {
    fn read(tx: &mut Tx<'_>, ids: &[ContactId], columns: &[String]) -> Result<Self> {
        let mut beside = Self::default();
        let wants = |column: &str| columns.iter().any(|c| c == column);
        if wants("owner") {
            let text = "SELECT id, first_name, last_name, email FROM users";
            let users = tx.all(text, |r| Ok((r.get(0)?, r.get::<String>(1)?, r.get::<String>(2)?, r.get::<String>(3)?)))?;
            beside.owners = users
                .into_iter()
                .map(|(id, first, last, email)| {
                    (id, Some(format!("{first} {last}").trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or(email))
                })
                .collect();
        }
        if wants("segments") {
            beside.segments = segments::names_of_many(tx, ids)?;
        }
        let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
        for (column, text) in LISTED {
            if wants(column) {
                let found =
                    tx.all(Sql::new(text).bind(plain.as_slice()), |r| Ok((r.get::<ContactId>(0)?, r.get::<String>(1)?)))?;
                let of = beside.listed.entry(column).or_default();
                for (contact, text) in found {
                    of.entry(contact).or_default().push(text);
                }
            }
        }
        Ok(beside)
    }

    fn cell(&self, contact: &Contact, column: &str) -> String {
        match column {
            "owner" => contact.owner_id.and_then(|id| self.owners.get(&id.0).cloned()).unwrap_or_default(),
            "segments" => self.segments.get(&contact.id).map(|names| names.join("|")).unwrap_or_default(),
            column => match self.listed.get(column) {
                Some(of) => of.get(&contact.id).map(|texts| texts.join("|")).unwrap_or_default(),
                None => cell(contact, column),
            },
        }
    }
}

fn blocked(contact: &Contact) -> Option<&DoNotContact> {
    contact.do_not_contact.iter().find(|d| d.channel == "email")
}

fn cell(contact: &Contact, column: &str) -> String {
    let instant = |at: Option<hg_core::time::Timestamp>| at.map_or(String::new(), hg_core::time::Timestamp::sql_text);
    match column {
        "id" => contact.id.to_string(),
        "tags" => contact.tags.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("|"),
        "do_not_contact" => {
            let entries: Vec<String> =
                contact.do_not_contact.iter().map(|d| format!("{}:{}", d.channel, d.reason_key())).collect();
            entries.join("|")
        }
        "dnc_email" => blocked(contact).map_or(String::new(), |d| d.reason_key().to_owned()),
        "dnc_email_at" => instant(blocked(contact).map(|d| d.at)),
        "dnc_email_comments" => blocked(contact).map_or(String::new(), |d| d.comments.clone()),
        "companies" => contact.companies.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join("|"),
        "last_active_at" => instant(contact.last_active_at),
        "stage" => contact.stage.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
        "owner_id" => contact.owner_id.map_or(String::new(), |id| id.to_string()),
        "created_at" => instant(Some(contact.created_at)),
        "updated_at" => instant(Some(contact.updated_at)),
        "identified_at" => instant(contact.identified_at),
        "points" => contact.points.to_string(),
        alias => contact.text(alias).unwrap_or_default(),
    }
}
