//! Companies as CSV, page by page.

use hg_core::ids::CompanyId;

use crate::companies::{Company, CompanyProblem, list, load_many};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;

const PAGE: u32 = 1_000;
const OWN: [&str; 5] = ["id", "score", "owner_id", "created_at", "updated_at"];

/// The columns of an export (all when none are named), and its head line.
pub async fn export_start(cx: &Cx, columns: Vec<String>) -> Result<(Vec<String>, Vec<u8>)> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    let catalogue = cx.db().read(move |tx| fields::catalogue(&ws, tx)).await?;
    let fields = catalogue.companies();
    let columns: Vec<String> = if columns.is_empty() {
        let own = |name: &str| name.to_owned();
        std::iter::once(own("id"))
            .chain(fields.published().map(|f| f.alias.clone()))
            .chain([own("score"), own("created_at")])
            .collect()
    } else {
        columns
    };
    if let Some(unknown) = columns.iter().find(|c| !OWN.contains(&c.as_str()) && fields.get(c).is_none()) {
        return Err(CompanyProblem::UnknownField(unknown.clone()).into());
    }
    let head = csv_line(columns.iter().map(String::as_str))?;
    Ok((columns, head))
}

/// The lines of the companies behind `after` that the search finds, and where to go on; `None` at the end.
pub async fn export_page(cx: &Cx, columns: &[String], search: &str, after: i64) -> Result<Option<(Vec<u8>, i64)>> {
    cx.may(Action::View(Area::Contacts))?;
    let (ws, me, columns, search) = (cx.ws.clone(), cx.user_id(), columns.to_vec(), search.to_owned());
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let ids = list::ids_after(tx, fields.companies(), &search, me, after, PAGE)?;
            let Some(CompanyId(last)) = ids.last().copied() else { return Ok(None) };
            let mut lines = Vec::new();
            for company in load_many(tx, fields.companies(), &ids)? {
                let cells: Vec<String> = columns.iter().map(|column| cell(&company, column)).collect();
                lines.extend(csv_line(cells.iter().map(String::as_str))?);
            }
            Ok::<_, Error>(Some((lines, last)))
        })
        .await
}

fn cell(company: &Company, column: &str) -> String {
    match column {
        "id" => company.id.to_string(),
        "score" => company.score.to_string(),
        "owner_id" => company.owner_id.map_or(String::new(), |id| id.to_string()),
        "created_at" => company.created_at.sql_text(),
        "updated_at" => company.updated_at.sql_text(),
        alias => company.text(alias).map(harmless).unwrap_or_default(),
    }
}
