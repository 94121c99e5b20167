//! `/api/tags` (`api.md` §3.7).

use async_trait::async_trait;
use axum::Router;
use hg_app::Cx;
use hg_app::list::ListQuery;
use hg_app::tags::{self, NewTag, Tag, TagPatch};
use hg_core::ids::TagId;
use serde_json::{Map, Value, json};

use super::answer::CompatAnswer;
use super::answer::CompatError;
use super::crud::{CompatList, Entity, routes};
use crate::Web;

pub fn router() -> Router<Web> {
    routes::<Tags>()
}

struct Tags;

fn show(t: &Tag) -> Value {
    json!({"id": t.id, "tag": t.name, "description": t.description})
}

#[async_trait]
impl Entity for Tags {
    const PATH: &'static str = "tags";
    const ONE: &'static str = "tag";
    const MANY: &'static str = "tags";
    const KEYED: bool = true;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        let limit = query.limit.saturating_add(u32::try_from(query.start).unwrap_or(u32::MAX));
        let page = tags::list(cx, ListQuery { search: query.search.clone(), limit, ..ListQuery::default() }).await?;
        let rows = page.items.iter().skip(skip).map(|t| (t.id.0, show(t))).collect();
        Ok((page.total.unwrap_or(page.items.len() as u64), rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&tags::get(cx, TagId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let name = text("tag").filter(|t| !t.trim().is_empty()).ok_or_else(|| CompatError::bad("tag: A tag is required."))?;
        let (tag, new) = tags::create(cx, NewTag { name, description: text("description") }).await?;
        Ok((tag.id.0, show(&tag), new))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let description = (replace || body.contains_key("description")).then(|| text("description"));
        Ok(show(&tags::update(cx, TagId(id), TagPatch { version: None, name: text("tag"), description }).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&tags::delete(cx, TagId(id)).await?))
    }
}
