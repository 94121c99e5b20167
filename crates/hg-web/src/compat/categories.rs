//! `/api/categories` (`api.md` §4.4).

use async_trait::async_trait;
use axum::Router;
use hg_app::Cx;
use hg_app::categories::{self, Category, CategoryPatch, NewCategory};
use hg_core::ids::CategoryId;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::crud::{CompatList, Entity, PublishBlock, is_true, routes};
use super::reading::{sorted, text, window};
use crate::Web;

pub fn router() -> Router<Web> {
    routes::<Categories>()
}

struct Categories;

fn show(c: &Category) -> Value {
    let block = PublishBlock {
        is_published: c.published,
        date_added: Some(c.created_at),
        date_modified: Some(c.updated_at),
        created_by: c.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let mut out = block.start();
    let own = json!({
        "id": c.id, "title": c.title, "alias": c.alias, "description": c.description, "color": c.color, "bundle": c.bundle,
    });
    if let Value::Object(own) = own {
        out.extend(own);
    }
    Value::Object(out)
}

fn wrong_title() -> CompatError {
    hg_app::Error::field("/title", "required", "A title is required.").into()
}

#[async_trait]
impl Entity for Categories {
    const PATH: &'static str = "categories";
    const ONE: &'static str = "category";
    const MANY: &'static str = "categories";
    const KEYED: bool = false;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let sort = sorted(query, &[("title", "title"), ("bundle", "bundle")])?;
        let page = categories::list(cx, window(query, sort), None).await?;
        let rows = page.items.iter().map(|c| (c.id.0, show(c))).collect();
        Ok((page.total.unwrap_or(0), rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&categories::get(cx, CategoryId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let new = NewCategory {
            bundle: text(&body, "bundle"),
            title: text(&body, "title").filter(|t| !t.trim().is_empty()).ok_or_else(wrong_title)?,
            alias: text(&body, "alias"),
            description: text(&body, "description"),
            color: text(&body, "color"),
            published: body.get("isPublished").map(is_true),
        };
        let made = categories::create(cx, new).await?;
        Ok((made.id.0, show(&made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        if (replace || body.contains_key("title")) && text(&body, "title").is_none_or(|t| t.trim().is_empty()) {
            return Err(wrong_title());
        }
        let named = |key: &str| replace || body.contains_key(key);
        let patch = CategoryPatch {
            version: None,
            title: text(&body, "title"),
            alias: text(&body, "alias"),
            description: named("description").then(|| text(&body, "description")),
            color: named("color").then(|| text(&body, "color")),
            published: body.get("isPublished").map(is_true).or_else(|| replace.then_some(false)),
        };
        Ok(show(&categories::update(cx, CategoryId(id), patch).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&categories::delete(cx, CategoryId(id)).await?))
    }
}
