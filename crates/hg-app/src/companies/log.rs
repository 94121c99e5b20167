//! What happened to a company.

use hg_core::ids::{CompanyId, ContactId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::Value as Json;

use crate::companies::service;
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, Page};

/// Something that happened to a company.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanyMoment {
    pub id: i64,
    pub at: Timestamp,
    /// `created`, `score`, `contact_added`, `contact_removed` or `merged`.
    pub kind: String,
    /// Id and name of the contact that it was about.
    pub contact: Option<(ContactId, String)>,
    pub actor: String,
    pub detail: Json,
}

pub(super) fn write(
    tx: &mut Tx<'_>,
    company: CompanyId,
    kind: &str,
    contact: Option<ContactId>,
    actor: &str,
    detail: Json,
    now: Timestamp,
) -> Result<()> {
    tx.exec(
        Sql::new("INSERT INTO company_log (company_id, at, kind, contact_id, actor, detail) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(company)
            .bind(now)
            .bind(kind)
            .bind(contact)
            .bind(actor)
            .bind(detail),
    )?;
    Ok(())
}

/// A row as it is stored: id, when, kind, contact, actor, detail.
type Stored = (i64, Timestamp, String, Option<ContactId>, String, Option<Json>);

/// What happened to a company, the newest first.
pub async fn moments(cx: &Cx, company: CompanyId, query: ListQuery) -> Result<Page<CompanyMoment>> {
    cx.may(Action::View(Area::Contacts))?;
    let (before, limit) = (query.after()?.map_or(i64::MAX, |(_, id)| id), query.limit());
    cx.db()
        .read(move |tx| {
            let company = service::survivor(tx, company)?;
            let rows: Vec<Stored> = tx.all(
                Sql::new(
                    "SELECT id, at, kind, contact_id, actor, detail FROM company_log WHERE company_id = $1 AND id < $2 \
                     ORDER BY id DESC LIMIT $3",
                )
                .bind(company)
                .bind(before)
                .bind(i64::from(limit) + 1),
                |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)),
            )?;
            let ids: Vec<i64> = rows.iter().filter_map(|r| r.3).map(|c| c.0).collect();
            let names = contacts::names(tx, &ids)?;
            let moments = rows.into_iter().map(|(id, at, kind, contact, actor, detail)| CompanyMoment {
                id,
                at,
                kind,
                contact: contact.and_then(|c| Some((c, names.get(&c.0)?.name.clone()))),
                actor,
                detail: detail.unwrap_or(Json::Null),
            });
            Ok(Page::of(moments.collect(), limit, None, |m: &CompanyMoment| (Value::Null, m.id)))
        })
        .await
}
