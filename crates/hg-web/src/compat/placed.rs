//! What stands around an entity: its category, who made it, and the segments that it names.

use hg_app::Cx;
use hg_app::audit;
use hg_app::categories::{self, CategoryRef};
use hg_app::segments;
use hg_core::ids::CategoryId;
use serde_json::{Map, Value, json};

use super::answer::CompatAnswer;
use super::crud::{Entity, ids};

/// The category of a body: `None` when it is not named.
fn category_in(body: &Map<String, Value>) -> Option<Option<CategoryId>> {
    body.get("category").map(|value| ids(Some(value)).first().copied().filter(|id| *id > 0).map(CategoryId))
}

/// Refuses a category that does not fit, before anything is written.
async fn check_category<E: Entity>(cx: &Cx, body: &Map<String, Value>) -> CompatAnswer<()> {
    if let (Some((bundle, _)), Some(category @ Some(_))) = (E::CATEGORY, category_in(body)) {
        categories::checked(cx, bundle, category).await?;
    }
    Ok(())
}

/// Writes the category of a body and shows it. `replace`: what is not named is emptied.
async fn place<E: Entity>(cx: &Cx, id: i64, body: &Map<String, Value>, replace: bool, value: Value) -> CompatAnswer<Value> {
    if let Some((bundle, table)) = E::CATEGORY
        && let Some(category) = category_in(body).or_else(|| replace.then_some(None))
    {
        categories::place(cx, bundle, table, id, category).await?;
    }
    let mut rows = vec![(id, value)];
    with_categories::<E>(cx, &mut rows).await?;
    with_authors::<E>(cx, &mut rows).await?;
    with_lists(cx, &mut rows).await?;
    Ok(rows.pop().map(|(_, value)| value).unwrap_or(Value::Null))
}

/// Shows the categories of rows.
pub(super) async fn with_categories<E: Entity>(cx: &Cx, rows: &mut [(i64, Value)]) -> CompatAnswer<()> {
    let Some((_, table)) = E::CATEGORY else { return Ok(()) };
    let found = categories::of_rows(cx, table, rows.iter().map(|(id, _)| *id).collect()).await?;
    for (id, row) in rows {
        let category = found.get(id).map_or(Value::Null, category_shown);
        if let Value::Object(map) = row
            && map.contains_key("category")
        {
            map.insert("category".to_owned(), category);
        }
    }
    Ok(())
}

/// What the audit log calls the entities of an address.
fn logged_as(path: &str) -> Option<&'static str> {
    Some(match path {
        "campaigns" => "campaign",
        "categories" => "category",
        "companies" => "company",
        "companysegments" => "company_segment",
        "contacts" => "contact",
        "emails" => "email",
        "fields/company" | "fields/contact" => "field",
        "forms" => "form",
        "points" => "point_action",
        "points/groups" => "point_group",
        "points/triggers" => "point_trigger",
        "segments" => "segment",
        "stages" => "stage",
        _ => return None,
    })
}

/// Shows in the publish blocks of rows who made them, and who changed them last.
pub(super) async fn with_authors<E: Entity>(cx: &Cx, rows: &mut [(i64, Value)]) -> CompatAnswer<()> {
    let Some(kind) = logged_as(E::PATH) else { return Ok(()) };
    let authors = audit::authors(cx, kind, rows.iter().map(|(id, _)| *id).collect()).await?;
    for (id, row) in rows {
        let (Some(known), Value::Object(map)) = (authors.get(id), row) else { continue };
        if known.modified.is_none() && map.get("dateModified") == map.get("dateAdded") {
            // What was published while it was made was not changed since.
            map.entry("dateModified").and_modify(|date| *date = Value::Null);
        }
        let named = [("createdBy", "createdByUser", &known.created), ("modifiedBy", "modifiedByUser", &known.modified)];
        for (by, name, author) in named {
            if let Some(author) = author
                && map.contains_key(by)
            {
                map.insert(by.to_owned(), json!(author.id));
                map.insert(name.to_owned(), json!(author.name));
            }
        }
    }
    Ok(())
}

/// The keys under which entities name segments.
const LISTS: [&str; 2] = ["lists", "excludedLists"];

/// Shows the segments that rows name as they stand inside something else.
pub(super) async fn with_lists(cx: &Cx, rows: &mut [(i64, Value)]) -> CompatAnswer<()> {
    fn named(row: &mut Value) -> Vec<&mut Value> {
        let Value::Object(keys) = row else { return Vec::new() };
        let lists = keys.iter_mut().filter(|(key, _)| LISTS.contains(&key.as_str())).filter_map(|(_, list)| list.as_array_mut());
        lists.flatten().filter(|list| list.is_object()).collect()
    }
    let mut wanted: Vec<i64> = rows.iter_mut().flat_map(|(_, row)| named(row)).filter_map(|list| list["id"].as_i64()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let cards = segments::cards(cx, wanted).await?;
    for list in rows.iter_mut().flat_map(|(_, row)| named(row)) {
        if let Some(card) = list["id"].as_i64().and_then(|id| cards.get(&id)) {
            list["name"] = json!(card.name);
            list["publicName"] = json!(card.public_name);
            list["alias"] = json!(card.alias);
            list["description"] = json!(card.description);
        }
    }
    Ok(())
}

/// A category as it stands inside something else.
fn category_shown(c: &CategoryRef) -> Value {
    json!({
        "createdByUser": null, "modifiedByUser": null, "id": c.id, "title": c.title, "alias": c.alias,
        "description": c.description, "color": c.color, "bundle": c.bundle,
    })
}

/// One, with its category.
pub(super) async fn get_whole<E: Entity>(cx: &Cx, id: i64) -> CompatAnswer<Value> {
    place::<E>(cx, id, &Map::new(), false, E::get(cx, id).await?).await
}

pub(super) async fn create_whole<E: Entity>(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
    check_category::<E>(cx, &body).await?;
    let (id, value, new) = E::create(cx, body.clone()).await?;
    Ok((id, place::<E>(cx, id, &body, false, value).await?, new))
}

pub(super) async fn edit_whole<E: Entity>(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
    check_category::<E>(cx, &body).await?;
    let value = E::edit(cx, id, body.clone(), replace).await?;
    place::<E>(cx, id, &body, replace, value).await
}

pub(super) async fn delete_whole<E: Entity>(cx: &Cx, id: i64) -> CompatAnswer<Value> {
    let shown = E::delete(cx, id).await?;
    place::<E>(cx, id, &Map::new(), false, shown).await
}
