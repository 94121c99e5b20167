//! The trash: what was deleted and can be brought back for thirty days.
//!
//! Deleting marks a row; each domain knows how to bring its things back. Here they are listed together, newest first.
//! What lies there for longer can no longer be brought back from here.

use hg_core::ids::{
    BlockId, CampaignId, CategoryId, CompanyId, CompanySegmentId, ContactId, EmailId, FormId, MediaId, PageId, PointActionId,
    PointGroupId, PointTriggerId, SegmentId, StageId, TagId,
};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Value};

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::{
    campaigns, categories, companies, company_segments, contacts, emails, forms, media, pages, points, segments, stages, tags,
};

/// How long things can be brought back.
pub const KEPT: Millis = Millis::days(30);

/// Something that was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trashed {
    /// As the API calls it: `contact`, `segment`…
    pub kind: String,
    pub id: i64,
    pub name: String,
    pub deleted_at: Timestamp,
    /// From then on it cannot be brought back.
    pub until: Timestamp,
}

/// A kind of thing that can lie in the trash: its name, its table, the column with what people call it.
const KINDS: [(&str, &str, &str); 14] = [
    ("company_segment", "company_segments", "name"),
    ("segment", "segments", "name"),
    ("tag", "tags", "name"),
    ("email", "emails", "name"),
    ("page", "pages", "title"),
    ("form", "forms", "name"),
    ("campaign", "campaigns", "name"),
    ("stage", "stages", "name"),
    ("category", "categories", "title"),
    ("point_action", "point_actions", "name"),
    ("point_trigger", "point_triggers", "name"),
    ("point_group", "point_groups", "name"),
    ("image", "media_files", "name"),
    ("email_block", "email_blocks", "name"),
];

/// Merged contacts are gone into another one: undoing the merge brings them back, not the trash. Erased ones are gone.
const CONTACTS: &str = "SELECT 'contact' AS kind, c.id, coalesce(nullif(trim(coalesce(c.firstname, '') || ' ' || coalesce(c.lastname, '')), ''), \
     c.email, c.company, 'Anonymous') AS name, c.deleted_at FROM contacts c WHERE c.deleted_at >= $1 \
     AND NOT EXISTS (SELECT 1 FROM contact_merges m WHERE m.loser_id = c.id) \
     AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.contact_id = c.id)";

/// Companies that were merged are gone into another one.
const COMPANIES: &str = "SELECT 'company' AS kind, c.id, coalesce(c.companyname, '') AS name, c.deleted_at FROM companies c \
     WHERE c.deleted_at >= $1 AND NOT EXISTS (SELECT 1 FROM company_merges m WHERE m.loser_id = c.id)";

fn statement(only: Option<&str>) -> String {
    let mut parts: Vec<String> = KINDS
        .iter()
        .filter(|(kind, ..)| only.is_none_or(|o| o == *kind))
        .map(|(kind, table, name)| {
            format!("SELECT '{kind}' AS kind, id, {name} AS name, deleted_at FROM {table} WHERE deleted_at >= $1")
        })
        .collect();
    if only.is_none_or(|o| o == "contact") {
        parts.push(CONTACTS.to_owned());
    }
    if only.is_none_or(|o| o == "company") {
        parts.push(COMPANIES.to_owned());
    }
    format!(
        "SELECT kind, id, name, deleted_at FROM ({}) AS t WHERE (deleted_at < $2 OR (deleted_at = $2 AND id < $3)) \
         ORDER BY deleted_at DESC, id DESC LIMIT $4",
        parts.join(" UNION ALL ")
    )
}

/// What lies in the trash, the latest first; of one kind when it is named.
pub async fn list(cx: &Cx, kind: Option<String>, query: ListQuery) -> Result<Page<Trashed>> {
    cx.may(Action::View(Area::Contacts))?;
    if let Some(unknown) =
        kind.as_deref().filter(|k| !matches!(*k, "contact" | "company") && !KINDS.iter().any(|(kind, ..)| kind == k))
    {
        return Err(Error::field("/kind", "trash.kind", format!("Nothing of the kind “{unknown}” can lie in the trash.")));
    }
    let (at, id) = match query.after()? {
        Some((Value::Int(at), id)) => (at, id),
        _ => (i64::MAX, i64::MAX),
    };
    let (limit, since) = (query.limit(), cx.now().minus(KEPT));
    cx.db()
        .read(move |tx| {
            let sql = Sql::new(statement(kind.as_deref())).bind(since).bind(at).bind(id).bind(i64::from(limit) + 1);
            let rows = tx.all(sql, |r| {
                let deleted_at: Timestamp = r.get(3)?;
                Ok(Trashed { kind: r.get(0)?, id: r.get(1)?, name: r.get(2)?, deleted_at, until: deleted_at.plus(KEPT) })
            })?;
            Ok(Page::of(rows, limit, None, |t| (Value::Int(t.deleted_at.0), t.id)))
        })
        .await
}

/// Brings something back.
pub async fn restore(cx: &Cx, kind: &str, id: i64) -> Result<()> {
    match kind {
        "contact" => contacts::restore(cx, ContactId(id)).await.map(drop),
        "company" => companies::restore(cx, CompanyId(id)).await.map(drop),
        "segment" => segments::restore(cx, SegmentId(id)).await.map(drop),
        "company_segment" => company_segments::restore(cx, CompanySegmentId(id)).await.map(drop),
        "tag" => tags::restore(cx, TagId(id)).await.map(drop),
        "email" => emails::restore(cx, EmailId(id)).await.map(drop),
        "page" => pages::restore(cx, PageId(id)).await.map(drop),
        "form" => forms::restore(cx, FormId(id)).await.map(drop),
        "campaign" => campaigns::restore(cx, CampaignId(id)).await.map(drop),
        "stage" => stages::restore(cx, StageId(id)).await.map(drop),
        "category" => categories::restore(cx, CategoryId(id)).await.map(drop),
        "point_action" => points::restore_action(cx, PointActionId(id)).await.map(drop),
        "point_trigger" => points::restore_trigger(cx, PointTriggerId(id)).await.map(drop),
        "email_block" => emails::blocks::restore(cx, BlockId(id)).await.map(drop),
        "image" => media::restore(cx, MediaId(id)).await.map(drop),
        "point_group" => points::restore_group(cx, PointGroupId(id)).await.map(drop),
        _ => {
            // Who may see nothing learns nothing about kinds either.
            cx.may(Action::View(Area::Contacts))?;
            Err(Error::not_found("kind of thing", kind))
        }
    }
}
