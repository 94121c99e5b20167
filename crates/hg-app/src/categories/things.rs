//! Things and their categories: what fits, who is in what.

use std::collections::HashMap;

use hg_core::ids::{CategoryId, UserId};
use hg_store::{Sql, Tx};

use crate::categories::service::{BUNDLES, find, tables};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, ErrorKind, Result};

/// As much of a category as things show that are in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRef {
    pub id: CategoryId,
    pub title: String,
    pub alias: String,
    pub description: Option<String>,
    pub color: Option<String>,
    pub bundle: String,
    pub created_by: Option<UserId>,
}

/// Something that is in a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub kind: &'static str,
    pub id: i64,
    pub name: String,
}

/// What things show of their categories.
pub fn refs(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, CategoryRef>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = Sql::new(
        "SELECT id, title, alias, description, color, bundle, created_by FROM categories WHERE id @in($1) AND deleted_at IS NULL",
    );
    let rows = tx.all(sql.bind(ids), |r| {
        Ok(CategoryRef {
            id: r.get(0)?,
            title: r.get(1)?,
            alias: r.get(2)?,
            description: r.get(3)?,
            color: r.get(4)?,
            bundle: r.get(5)?,
            created_by: r.get(6)?,
        })
    })?;
    Ok(rows.into_iter().map(|c| (c.id.0, c)).collect())
}

/// Whether a thing of this bundle may be in a category.
pub fn check(tx: &mut Tx<'_>, category: Option<CategoryId>, bundle: &str) -> Result<()> {
    let Some(id) = category else { return Ok(()) };
    let wrong = |detail: String| Error::field("/category_id", "category.unfit", detail);
    match refs(tx, &[id.0])?.remove(&id.0) {
        None => Err(wrong(format!("There is no category {id}."))),
        Some(found) if found.bundle != bundle && found.bundle != "global" => Err(wrong(format!(
            "The category “{}” is for things of the kind “{}”; choose a global one or one for “{bundle}”.",
            found.title, found.bundle
        ))),
        Some(_) => Ok(()),
    }
}

/// Puts a thing into a category, in the transaction that saves it. `table` is one of [`BUNDLES`].
pub fn assign(tx: &mut Tx<'_>, bundle: &'static str, table: &'static str, id: i64, category: Option<CategoryId>) -> Result<()> {
    check(tx, category, bundle)?;
    let text = format!("UPDATE {table} SET category_id = $2 WHERE id = $1 AND deleted_at IS NULL");
    if tx.exec(Sql::new(text).bind(id).bind(category))? == 0 {
        return Err(Error::not_found(bundle, id));
    }
    Ok(())
}

/// Whether a thing of this bundle may be in a category, asked before the thing is saved.
pub async fn checked(cx: &Cx, bundle: &'static str, category: Option<CategoryId>) -> Result<()> {
    cx.may(Action::View(Area::Categories))?;
    cx.db().read(move |tx| check(tx, category, bundle)).await
}

/// Puts a thing that is saved already into a category, or takes it out. Whoever may change the thing may do that.
pub async fn place(cx: &Cx, bundle: &'static str, table: &'static str, id: i64, category: Option<CategoryId>) -> Result<()> {
    cx.may(Action::Edit(area(bundle)))?;
    cx.db().write(move |tx| assign(tx, bundle, table, id, category)).await
}

fn area(bundle: &str) -> Area {
    match bundle {
        "segment" => Area::Segments,
        "email" => Area::Emails,
        "page" => Area::Pages,
        "form" => Area::Forms,
        "campaign" => Area::Campaigns,
        "point" => Area::Points,
        "stage" => Area::Stages,
        _ => Area::Categories,
    }
}

/// The categories of rows of a table, by the ids of the rows.
pub async fn of_rows(cx: &Cx, table: &'static str, ids: Vec<i64>) -> Result<HashMap<i64, CategoryRef>> {
    cx.may(Action::View(Area::Categories))?;
    cx.db()
        .read(move |tx| {
            let sql = Sql::new(format!("SELECT id, category_id FROM {table} WHERE id @in($1) AND category_id IS NOT NULL"));
            let rows: Vec<(i64, i64)> = tx.all(sql.bind(ids.as_slice()), |r| Ok((r.get(0)?, r.get(1)?)))?;
            let wanted: Vec<i64> = rows.iter().map(|(_, category)| *category).collect();
            let found = refs(tx, &wanted)?;
            Ok(rows.into_iter().filter_map(|(id, category)| Some((id, found.get(&category)?.clone()))).collect())
        })
        .await
}

/// Everything that is in a category.
pub async fn usage(cx: &Cx, id: CategoryId) -> Result<Vec<Usage>> {
    cx.may(Action::View(Area::Categories))?;
    cx.db()
        .read(move |tx| {
            find(tx, id)?;
            let mut found = Vec::new();
            for (kind, table) in tables() {
                let name = if table == "pages" { "title" } else { "name" };
                let text =
                    format!("SELECT id, {name} FROM {table} WHERE category_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT 500");
                found.extend(tx.all(Sql::new(text).bind(id), |r| Ok(Usage { kind, id: r.get(0)?, name: r.get(1)? }))?);
            }
            Ok(found)
        })
        .await
}

/// The bundle and the table of a kind of thing: `email`, `point_action`.
pub fn thing(cx: &Cx, kind: &str) -> Result<(&'static str, &'static str)> {
    cx.may(Action::View(Area::Categories))?;
    let wanted = kind.replace('_', " ");
    BUNDLES
        .into_iter()
        .flat_map(|(bundle, tables)| tables.iter().map(move |(kind, table)| (*kind, (bundle, *table))))
        .find(|(kind, _)| *kind == wanted)
        .map(|(_, found)| found)
        .ok_or_else(|| Error::new(ErrorKind::NotFound, "not-found", format!("“{kind}” has no categories.")))
}
