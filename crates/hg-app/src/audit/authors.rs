//! Who made a thing, and who changed it last.

use std::collections::HashMap;

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
    Ok(found)
}

/// The things of a kind that these users made.
pub async fn made_by(cx: &Cx, object: &'static str, users: Vec<i64>) -> Result<Vec<i64>> {
    cx.may(Action::View(Area::Contacts))?;
    let text = "SELECT DISTINCT object_id FROM audit WHERE object_type = $1 AND action = 'create' AND user_id @in($2)";
    cx.db().read(move |tx| Ok(tx.all(Sql::new(text).bind(object).bind(users.as_slice()), |r| r.get(0))?)).await
}
