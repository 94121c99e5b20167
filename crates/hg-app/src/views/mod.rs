//! Views of lists that people keep: a search, a filter, an order and columns under a name. One's own, or shared with
//! everybody.

use hg_core::ids::UserId;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// A kept view.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub id: i64,
    pub version: i64,
    /// Whose it is.
    pub owner: UserId,
    /// Which list, such as `contacts`.
    pub list: String,
    pub name: String,
    /// What the list understands: an object.
    pub body: Json,
    pub shared: bool,
}

/// A view to be kept, or what of it changes.
#[derive(Debug, Clone, Default)]
pub struct ViewInput {
    pub name: Option<String>,
    pub body: Option<Json>,
    pub shared: Option<bool>,
}

/// Lists that have views.
const LISTS: [&str; 8] = ["contacts", "companies", "segments", "emails", "campaigns", "forms", "pages", "tags"];
const MOST: i64 = 100;
const LARGEST: usize = 50_000;
const COLUMNS: &str = "id, version, user_id, list, name, body, shared";

fn read(r: &Row<'_>) -> hg_store::Result<View> {
    Ok(View {
        id: r.get(0)?,
        version: r.get(1)?,
        owner: r.get(2)?,
        list: r.get(3)?,
        name: r.get(4)?,
        body: r.get(5)?,
        shared: r.get(6)?,
    })
}

fn me(cx: &Cx) -> Result<UserId> {
    cx.may(Action::View(Area::Contacts))?;
    cx.user_id().ok_or_else(|| Error::forbidden("Views belong to people who sign in."))
}

fn check(input: &ViewInput) -> Result<()> {
    if let Some(name) = &input.name
        && (name.trim().is_empty() || name.chars().count() > 60)
    {
        return Err(Error::field("/name", "view.name", "Give the view a name of at most 60 characters."));
    }
    if let Some(body) = &input.body
        && (!body.is_object() || body.to_string().len() > LARGEST)
    {
        return Err(Error::field("/body", "view.body", "A view is an object with search, filter, sort and columns."));
    }
    Ok(())
}

/// One's own views of a list and those that others share, in the order in which they were kept.
pub async fn all(cx: &Cx, list: &str) -> Result<Vec<View>> {
    let me = me(cx)?;
    let list = list.to_owned();
    cx.db()
        .read(move |tx| {
            let text =
                format!("SELECT {COLUMNS} FROM views WHERE list = $1 AND (user_id = $2 OR shared = 1) ORDER BY position, id");
            Ok(tx.all(Sql::new(text).bind(&list).bind(me), read)?)
        })
        .await
}

/// Keeps a view.
pub async fn create(cx: &Cx, list: &str, input: ViewInput) -> Result<View> {
    let me = me(cx)?;
    if !LISTS.contains(&list) {
        return Err(Error::field("/list", "view.list", format!("There is no list “{list}”; use one of {}.", LISTS.join(", "))));
    }
    check(&ViewInput { name: Some(input.name.clone().unwrap_or_default()), ..input.clone() })?;
    let (list, now) = (list.to_owned(), cx.now());
    cx.db()
        .write(move |tx| {
            let there: i64 =
                tx.scalar(Sql::new("SELECT count(*) FROM views WHERE list = $1 AND user_id = $2").bind(&list).bind(me))?;
            if there >= MOST {
                return Err(Error::conflict("view.too-many", format!("You keep {MOST} views of this list; delete one first.")));
            }
            let id: i64 = tx.scalar(
                Sql::new(
                    "INSERT INTO views (created_at, updated_at, user_id, list, name, body, shared, position) \
                     VALUES ($1, $1, $2, $3, $4, $5, $6, $7) RETURNING id",
                )
                .bind(now)
                .bind(me)
                .bind(&list)
                .bind(input.name.as_deref().unwrap_or_default().trim())
                .bind(input.body.as_ref().unwrap_or(&Json::Object(serde_json::Map::new())))
                .bind(input.shared.unwrap_or(false))
                .bind(there),
            )?;
            find(tx, id)
        })
        .await
}

fn find(tx: &mut Tx<'_>, id: i64) -> Result<View> {
    let text = format!("SELECT {COLUMNS} FROM views WHERE id = $1");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("view", id))
}

/// Changes a view of one's own.
pub async fn update(cx: &Cx, id: i64, input: ViewInput) -> Result<View> {
    let me = me(cx)?;
    check(&input)?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let view = own(tx, id, me)?;
            tx.exec(
                Sql::new(
                    "UPDATE views SET name = $2, body = $3, shared = $4, updated_at = $5, version = version + 1 WHERE id = $1",
                )
                .bind(id)
                .bind(input.name.as_deref().unwrap_or(&view.name).trim())
                .bind(input.body.as_ref().unwrap_or(&view.body))
                .bind(input.shared.unwrap_or(view.shared))
                .bind(now),
            )?;
            find(tx, id)
        })
        .await
}

/// Forgets a view of one's own.
pub async fn delete(cx: &Cx, id: i64) -> Result<View> {
    let me = me(cx)?;
    cx.db()
        .write(move |tx| {
            let view = own(tx, id, me)?;
            tx.exec(Sql::new("DELETE FROM views WHERE id = $1").bind(id))?;
            Ok(view)
        })
        .await
}

fn own(tx: &mut Tx<'_>, id: i64, me: UserId) -> Result<View> {
    let view = find(tx, id)?;
    if view.owner != me {
        return Err(Error::forbidden("This view is somebody else's. Keep one of your own with the same search."));
    }
    Ok(view)
}
