//! Who made a thing, and who changed it last.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_store::{Sql, Tx};

use super::Deed;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;

/// A person as the log knew her when she did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub id: i64,
    pub name: String,
}

/// Who stands behind a thing; deeds of the product itself have no author.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authors {
    pub created: Option<Author>,
    pub modified: Option<Author>,
}

/// The authors of things of one kind, by id. `object` is the word of the log, such as `contact`.
pub async fn authors(cx: &Cx, object: &'static str, ids: Vec<i64>) -> Result<HashMap<i64, Authors>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| read(tx, object, &ids)).await
}

fn read(tx: &mut Tx<'_>, object: &str, ids: &[i64]) -> Result<HashMap<i64, Authors>> {
    let mut found: HashMap<i64, Authors> = HashMap::new();
    let text = "SELECT a.object_id, a.action, a.user_id, a.actor FROM audit a JOIN \
                (SELECT MAX(id) AS id FROM audit WHERE object_type = $1 AND object_id @in($2) AND action IN ('create', 'update') \
                GROUP BY object_id, action) latest ON latest.id = a.id";
    let rows = tx.all(Sql::new(text).bind(object).bind(ids), |r| {
        let (id, deed): (i64, String) = (r.get(0)?, r.get(1)?);
        let author =
            r.get::<Option<i64>>(2)?.map(|id| Ok::<_, hg_store::StoreError>(Author { id, name: r.get(3)? })).transpose()?;
        Ok((id, deed, author))
    })?;
    for (id, deed, author) in rows {
        let authors = found.entry(id).or_default();
        if deed == Deed::Create.key() { authors.created = author } else { authors.modified = author }
    }
    if object == "contact" {
        importers(tx, ids, &mut found)?;
    }
    Ok(found)
}

/// Contacts that came with a file have no line of their own in the log: whoever imported the file made them.
fn importers(tx: &mut Tx<'_>, ids: &[i64], found: &mut HashMap<i64, Authors>) -> Result<()> {
    let unknown = |id: &i64| found.get(id).is_none_or(|authors| authors.created.is_none());
    let ids: Vec<i64> = ids.iter().copied().filter(unknown).collect();
    let text = "SELECT e.contact_id, u.id, u.first_name, u.last_name, u.email FROM events e JOIN imports i ON i.id = e.object_id \
                JOIN users u ON u.id = i.created_by WHERE e.kind = $2 AND e.contact_id @in($1)";
    let rows = tx.all(Sql::new(text).bind(ids.as_slice()).bind(EventKind::Created.code()), |r| {
        let (first, last, email): (String, String, String) = (r.get(2)?, r.get(3)?, r.get(4)?);
        let name = format!("{first} {last}").trim().to_owned();
        Ok((r.get(0)?, Author { id: r.get(1)?, name: if name.is_empty() { email } else { name } }))
    })?;
    for (contact, author) in rows {
        found.entry(contact).or_default().created = Some(author);
    }
    Ok(())
}

/// The things of a kind that these users made.
pub async fn made_by(cx: &Cx, object: &'static str, users: Vec<i64>) -> Result<Vec<i64>> {
    cx.may(Action::View(Area::Contacts))?;
    let text = "SELECT DISTINCT object_id FROM audit WHERE object_type = $1 AND action = 'create' AND user_id @in($2)";
    let imported =
        "SELECT e.contact_id FROM imports i JOIN events e ON e.kind = $2 AND e.object_id = i.id WHERE i.created_by @in($1)";
    cx.db()
        .read(move |tx| {
            let mut made: Vec<i64> = tx.all(Sql::new(text).bind(object).bind(users.as_slice()), |r| r.get(0))?;
            if object == "contact" {
                let imported = Sql::new(imported).bind(users.as_slice()).bind(EventKind::Created.code());
                made.extend(tx.all(imported, |r| r.get::<i64>(0))?);
                made.sort_unstable();
                made.dedup();
            }
            Ok(made)
        })
        .await
}
