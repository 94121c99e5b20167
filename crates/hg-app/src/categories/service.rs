//! Use cases and statements of categories.

use hg_core::ids::{CategoryId, UserId};
use hg_core::text::slug;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::list::{ListQuery, Page, SmallTable};

/// The kinds of things, each with the tables whose rows have a category.
pub const BUNDLES: [(&str, &[(&str, &str)]); 8] = [
    ("global", &[]),
    ("segment", &[("segment", "segments"), ("company segment", "company_segments")]),
    ("email", &[("email", "emails")]),
    ("page", &[("page", "pages")]),
    ("form", &[("form", "forms")]),
    ("campaign", &[("campaign", "campaigns")]),
    ("point", &[("point action", "point_actions"), ("point trigger", "point_triggers")]),
    ("stage", &[("stage", "stages")]),
];

/// A category.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Category {
    pub id: CategoryId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub bundle: String,
    pub title: String,
    pub alias: String,
    pub description: Option<String>,
    /// Six hexadecimal digits.
    pub color: Option<String>,
    pub published: bool,
    /// How many things are in it.
    pub used: i64,
}

#[derive(Debug, Clone, Default)]
pub struct NewCategory {
    /// `global` when absent.
    pub bundle: Option<String>,
    pub title: String,
    /// Made of the title when absent.
    pub alias: Option<String>,
    pub description: Option<String>,
    pub color: Option<String>,
    pub published: Option<bool>,
}

#[derive(Debug, Clone, Default)]
pub struct CategoryPatch {
    pub version: Option<i64>,
    pub title: Option<String>,
    pub alias: Option<String>,
    pub description: Option<Option<String>>,
    pub color: Option<Option<String>>,
    pub published: Option<bool>,
}

pub(super) fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUNDLES.into_iter().flat_map(|(_, tables)| tables.iter().copied())
}

fn columns() -> String {
    let counts: Vec<String> = tables()
        .map(|(_, t)| format!("(SELECT count(*) FROM {t} x WHERE x.category_id = categories.id AND x.deleted_at IS NULL)"))
        .collect();
    format!(
        "id, version, created_at, updated_at, created_by, bundle, title, alias, description, color, published, {}",
        counts.join(" + ")
    )
}

fn read(r: &Row<'_>) -> hg_store::Result<Category> {
    Ok(Category {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        bundle: r.get(5)?,
        title: r.get(6)?,
        alias: r.get(7)?,
        description: r.get(8)?,
        color: r.get(9)?,
        published: r.get(10)?,
        used: r.get(11)?,
    })
}

const LIST: SmallTable = SmallTable {
    table: "categories",
    things: "Categories",
    searched: &["title", "alias", "description"],
    sorted: &["title", "bundle", "updated_at"],
    published: Some("published = 1"),
    global: Some("bundle = 'global'"),
    category: false,
};

/// Categories, newest first unless sorted. With a bundle, those that fit its things: its own and the global ones.
pub async fn list(cx: &Cx, query: ListQuery, bundle: Option<String>) -> Result<Page<Category>> {
    cx.may(Action::View(Area::Categories))?;
    let bundle = bundle.map(|b| known_bundle(&b)).transpose()?;
    let mut query = query.asked_by(cx);
    let wanted = query.limit();
    if bundle.is_some() {
        query.limit = u32::MAX - 1;
    }
    cx.db()
        .read(move |tx| {
            let columns = columns();
            let load = |tx: &mut Tx<'_>, ids: &[i64]| {
                Ok(tx.all(Sql::new(format!("SELECT {columns} FROM categories WHERE id @in($1)")).bind(ids), read)?)
            };
            let mut page = LIST.page(tx, &query, None, load, |category| category.id.0)?;
            if let Some(bundle) = bundle {
                page.items.retain(|c| c.bundle == bundle || c.bundle == "global");
                page.total = Some(page.items.len() as u64);
                page.items.truncate(wanted as usize);
                page.next_cursor = None;
            }
            Ok(page)
        })
        .await
}

fn known_bundle(bundle: &str) -> Result<&'static str> {
    BUNDLES.into_iter().map(|(b, _)| b).find(|b| *b == bundle.trim()).ok_or_else(|| {
        let known = BUNDLES.map(|(b, _)| b).join(", ");
        Error::field("/bundle", "category.bundle", format!("There are no categories of “{bundle}”; use {known}."))
    })
}

pub async fn get(cx: &Cx, id: CategoryId) -> Result<Category> {
    cx.may(Action::View(Area::Categories))?;
    cx.db().read(move |tx| find(tx, id)).await
}

pub(super) fn find(tx: &mut Tx<'_>, id: CategoryId) -> Result<Category> {
    let text = format!("SELECT {} FROM categories WHERE id = $1 AND deleted_at IS NULL", columns());
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("category", id))
}

fn clean(category: &mut Category) -> Result<()> {
    let mut wrong = Vec::new();
    category.title = category.title.trim().to_owned();
    if category.title.is_empty() || category.title.chars().count() > 191 {
        wrong.push(FieldError::new("/title", "required", "Give the category a title of 1 to 191 characters."));
    }
    category.color =
        category.color.as_deref().map(|c| c.trim().trim_start_matches('#').to_ascii_lowercase()).filter(|c| !c.is_empty());
    if category.color.as_ref().is_some_and(|c| c.len() != 6 || !c.bytes().all(|b| b.is_ascii_hexdigit())) {
        wrong.push(FieldError::new("/color", "colour", "A colour is six hexadecimal digits, such as 4e5d9d."));
    }
    category.description = category.description.take().filter(|d| !d.trim().is_empty());
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// A chosen alias must be free in its bundle; one made of the title gets a number until it is.
fn free_alias(tx: &mut Tx<'_>, category: &Category, chosen: Option<&str>) -> Result<String> {
    let mut taken = |alias: &str| {
        let sql = Sql::new("SELECT id FROM categories WHERE bundle = $1 AND alias = $2 AND deleted_at IS NULL AND id <> $3");
        Ok::<_, Error>(tx.opt(sql.bind(&category.bundle).bind(alias).bind(category.id), |_| Ok(()))?.is_some())
    };
    if let Some(chosen) = chosen.map(|a| slug(a, '-')).filter(|a| !a.is_empty()) {
        if taken(&chosen)? {
            return Err(Error::field("/alias", "taken", format!("Another category has the alias “{chosen}”.")));
        }
        return Ok(chosen);
    }
    let base = Some(slug(&category.title, '-')).filter(|b| !b.is_empty()).unwrap_or_else(|| "category".to_owned());
    let mut alias = base.clone();
    let mut n = 1;
    while taken(&alias)? {
        n += 1;
        alias = format!("{base}-{n}");
    }
    Ok(alias)
}

/// Makes a category.
pub async fn create(cx: &Cx, new: NewCategory) -> Result<Category> {
    cx.may(Action::Edit(Area::Categories))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    let bundle = known_bundle(new.bundle.as_deref().filter(|b| !b.trim().is_empty()).unwrap_or("global"))?;
    cx.db()
        .write(move |tx| {
            let mut category = Category {
                id: CategoryId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: by,
                bundle: bundle.to_owned(),
                title: new.title.clone(),
                alias: String::new(),
                description: new.description.clone(),
                color: new.color.clone(),
                published: new.published.unwrap_or(true),
                used: 0,
            };
            clean(&mut category)?;
            category.alias = free_alias(tx, &category, new.alias.as_deref())?;
            let id: CategoryId = tx.scalar(
                Sql::new(
                    "INSERT INTO categories (created_at, updated_at, created_by, bundle, title, alias, description, color, published) \
                     VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
                )
                .bind(now)
                .bind(by)
                .bind(bundle)
                .bind(&category.title)
                .bind(&category.alias)
                .bind(category.description.as_deref())
                .bind(category.color.as_deref())
                .bind(category.published),
            )?;
            audit::record(tx, &who, Entry::new(Deed::Create, "category", id.0, &category.title))?;
            find(tx, id)
        })
        .await
}

/// Changes a category. Its bundle stays: the things in it would not fit another.
pub async fn update(cx: &Cx, id: CategoryId, patch: CategoryPatch) -> Result<Category> {
    cx.may(Action::Edit(Area::Categories))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("category"));
            }
            let patch = patch.clone();
            let mut after = Category {
                title: patch.title.unwrap_or_else(|| before.title.clone()),
                description: patch.description.unwrap_or_else(|| before.description.clone()),
                color: patch.color.unwrap_or_else(|| before.color.clone()),
                published: patch.published.unwrap_or(before.published),
                ..before.clone()
            };
            clean(&mut after)?;
            if let Some(alias) = patch.alias.as_deref().filter(|a| !a.trim().is_empty()) {
                after.alias = free_alias(tx, &after, Some(alias))?;
            }
            tx.exec(
                Sql::new(
                    "UPDATE categories SET updated_at = $2, version = version + 1, title = $3, alias = $4, description = $5, color = $6, \
                     published = $7 WHERE id = $1",
                )
                .bind(id)
                .bind(now)
                .bind(&after.title)
                .bind(&after.alias)
                .bind(after.description.as_deref())
                .bind(after.color.as_deref())
                .bind(after.published),
            )?;
            let changes = Changes::new().between(&json!(before), &json!(after), &["version", "updated_at", "used"]);
            audit::record(tx, &who, Entry::new(Deed::Update, "category", id.0, &after.title).changes(changes))?;
            find(tx, id)
        })
        .await
}

/// Deletes a category. The things in it are in none, until it is brought back.
pub async fn delete(cx: &Cx, id: CategoryId) -> Result<Category> {
    cx.may(Action::Edit(Area::Categories))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let category = find(tx, id)?;
            tx.exec(
                Sql::new("UPDATE categories SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(now),
            )?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "category", id.0, &category.title))?;
            Ok(category)
        })
        .await
}

/// Brings a deleted category back, with everything that was in it.
pub async fn restore(cx: &Cx, id: CategoryId) -> Result<Category> {
    cx.may(Action::Edit(Area::Categories))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let sql = Sql::new(
                "UPDATE categories SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at IS NOT NULL",
            );
            tx.exec(sql.bind(id).bind(now))?;
            let category = find(tx, id)?;
            audit::record(tx, &who, Entry::new(Deed::Restore, "category", id.0, &category.title))?;
            Ok(category)
        })
        .await
}
