//! Contacts as CSV, page by page, so that ten million need no more memory than one page.

use hg_core::ids::ContactId;
use roaring::RoaringBitmap;

use crate::contacts::{Contact, ContactProblem, ContactQuery, list, row};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;

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
const OWN: [&str; 8] = ["id", "tags", "stage", "do_not_contact", "owner_id", "created_at", "updated_at", "identified_at"];

/// Finds whom to export, and writes the head line.
pub async fn export_start(cx: &Cx, query: ExportQuery) -> Result<(Export, Vec<u8>)> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    let catalogue = cx.db().read(move |tx| fields::catalogue(&ws, tx)).await?;
    let columns: Vec<String> = if query.columns.is_empty() {
        let fields = catalogue.published().map(|f| f.alias.clone());
        std::iter::once("id".to_owned())
            .chain(fields)
            .chain(["tags", "stage", "do_not_contact", "created_at"].map(str::to_owned))
            .collect()
    } else {
        query.columns
    };
    if let Some(unknown) = columns.iter().find(|c| !OWN.contains(&c.as_str()) && catalogue.get(c).is_none()) {
        return Err(ContactProblem::UnknownField(unknown.clone()).into());
    }
    let wanted = list::wanted(cx, &query.contacts).await?;
    let head = csv_line(columns.iter().map(String::as_str))?;
    Ok((Export { wanted, columns }, head))
}

/// The lines of the contacts behind `after`, and where to go on; `None` at the end.
pub async fn export_page(cx: &Cx, export: &Export, after: Option<u32>) -> Result<Option<(Vec<u8>, u32)>> {
    let from = after.map_or(0, |id| id.saturating_add(1));
    let ids: Vec<ContactId> = export.wanted.range(from..).take(PAGE).map(ContactId::from_bit).collect();
    let Some(last) = ids.last().map(|id| id.bit()) else { return Ok(None) };
    let ws = cx.ws.clone();
    let columns = export.columns.clone();
    let lines = cx
        .db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let mut lines = Vec::new();
            for contact in row::load_many(tx, &fields, &ids)? {
                let cells: Vec<String> = columns.iter().map(|column| cell(&contact, column)).collect();
                lines.extend(csv_line(cells.iter().map(String::as_str))?);
            }
            Ok::<_, Error>(lines)
        })
        .await?;
    Ok(Some((lines, last)))
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
        "stage" => contact.stage.as_ref().map(|(_, name)| harmless(name.clone())).unwrap_or_default(),
        "owner_id" => contact.owner_id.map_or(String::new(), |id| id.to_string()),
        "created_at" => instant(Some(contact.created_at)),
        "updated_at" => instant(Some(contact.updated_at)),
        "identified_at" => instant(contact.identified_at),
        "points" => contact.points.to_string(),
        alias => contact.text(alias).map(harmless).unwrap_or_default(),
    }
}
