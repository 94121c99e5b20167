//! Companies as CSV, page by page.

use hg_core::ids::{CompanyId, UserId};

use crate::companies::{Company, CompanyProblem, list, load_many};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;

const PAGE: u32 = 1_000;
const OWN: [&str; 6] = ["id", "tags", "score", "owner_id", "created_at", "updated_at"];

/// The columns of an export: those asked for, when all of them are there; all when none are named.
pub(crate) async fn export_columns(cx: &Cx, columns: Vec<String>) -> Result<Vec<String>> {
    let catalogue = fields::known(cx).await?;
    let fields = catalogue.companies();
    let columns: Vec<String> = if columns.is_empty() {
        let own = |name: &str| name.to_owned();
        std::iter::once(own("id"))
            .chain(fields.published().map(|f| f.alias.clone()))
            .chain([own("tags"), own("score"), own("created_at")])
            .collect()
    } else {
        columns
    };
    match columns.iter().find(|c| !OWN.contains(&c.as_str()) && fields.get(c).is_none()) {
        Some(unknown) => Err(CompanyProblem::UnknownField(unknown.clone()).into()),
        None => Ok(columns),
    }
}

/// The columns of an export, and its head line.
pub async fn export_start(cx: &Cx, columns: Vec<String>) -> Result<(Vec<String>, Vec<u8>)> {
    cx.may(Action::View(Area::Contacts))?;
    let columns = export_columns(cx, columns).await?;
    let head = csv_line(columns.iter().map(String::as_str))?;
    Ok((columns, head))
}

/// Rows of cells, and the id of the last company among them.
pub(crate) type Rows = (Vec<Vec<String>>, i64);

/// The cells of the companies behind `after` that the search finds, and where to go on; `None` at the end. `me`: who
/// asked, for `is:mine`.
pub(crate) async fn export_rows(
    cx: &Cx,
    columns: &[String],
    search: &str,
    me: Option<UserId>,
    after: i64,
) -> Result<Option<Rows>> {
    let (ws, columns, search) = (cx.ws.clone(), columns.to_vec(), search.to_owned());
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let ids = list::ids_after(tx, fields.companies(), &search, me, after, PAGE)?;
            let Some(CompanyId(last)) = ids.last().copied() else { return Ok(None) };
            let companies = load_many(tx, fields.companies(), &ids)?;
            let row = |company: &Company| columns.iter().map(|column| cell(company, column)).collect();
            Ok::<_, Error>(Some((companies.iter().map(row).collect(), last)))
        })
        .await
}

/// The lines of the companies behind `after` that the search finds, and where to go on; `None` at the end.
pub async fn export_page(cx: &Cx, columns: &[String], search: &str, after: i64) -> Result<Option<(Vec<u8>, i64)>> {
    cx.may(Action::View(Area::Contacts))?;
    let Some((rows, last)) = export_rows(cx, columns, search, cx.user_id(), after).await? else { return Ok(None) };
    let mut lines = Vec::new();
    for cells in rows {
        let cells: Vec<String> = cells.into_iter().map(harmless).collect();
        lines.extend(csv_line(cells.iter().map(String::as_str))?);
    }
    Ok(Some((lines, last)))
}

fn cell(company: &Company, column: &str) -> String {
    match column {
        "id" => company.id.to_string(),
        "tags" => company.tags.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join("|"),
        "score" => company.score.to_string(),
        "owner_id" => company.owner_id.map_or(String::new(), |id| id.to_string()),
        "created_at" => company.created_at.sql_text(),
        "updated_at" => company.updated_at.sql_text(),
        alias => company.text(alias).unwrap_or_default(),
    }
}
