//! Tags of companies: the same tags as contacts have.

use std::collections::{HashMap, HashSet};

use hg_core::ids::{CompanyId, TagId};
use hg_core::segments::TextTest;
use hg_core::time::Timestamp;
use hg_store::{Flow, Sql, Tx};

use crate::company_segments;
use crate::error::Result;
use crate::tags;

/// Adds and takes away tags by name; `-name` takes away, missing ones are made. Whether anything changed.
pub(super) fn change(tx: &mut Tx<'_>, company: CompanyId, written: &[String], now: Timestamp) -> Result<bool> {
    let mut changed = 0;
    for name in written.iter().map(|name| name.trim()) {
        match name.strip_prefix('-') {
            Some(gone) => {
                let Some((tag, _)) = tags::find_by_name(tx, gone)? else { continue };
                let text = "DELETE FROM company_tags WHERE company_id = $1 AND tag_id = $2";
                changed += tx.exec(Sql::new(text).bind(company).bind(tag))?;
            }
            None => {
                let Some((tag, _)) = tags::ensure(tx, name, now)? else { continue };
                let text = "INSERT INTO company_tags (company_id, tag_id, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                changed += tx.exec(Sql::new(text).bind(company).bind(tag).bind(now))?;
            }
        }
    }
    if changed > 0 {
        company_segments::noted(tx, &[company])?;
    }
    Ok(changed > 0)
}

/// The tags of companies, by name.
pub(super) fn of_many(tx: &mut Tx<'_>, companies: &[i64]) -> Result<HashMap<CompanyId, Vec<(TagId, String)>>> {
    let mut found: HashMap<CompanyId, Vec<(TagId, String)>> = HashMap::new();
    let text = "SELECT ct.company_id, t.id, t.name FROM company_tags ct JOIN tags t ON t.id = ct.tag_id \
                WHERE t.deleted_at IS NULL AND ct.company_id @in($1) ORDER BY ct.company_id, t.name_key";
    for (company, tag) in tx.all(Sql::new(text).bind(companies), |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))? {
        found.entry(company).or_default().push(tag);
    }
    Ok(found)
}

/// Ids of companies with a tag whose name passes; with any tag when none is named.
pub(super) fn tagged(tx: &mut Tx<'_>, name: Option<&TextTest>) -> Result<HashSet<i64>> {
    let mut folded = String::new();
    let all = tx.all("SELECT id, name FROM tags WHERE deleted_at IS NULL", |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?)))?;
    let wanted: Vec<i64> = all
        .into_iter()
        .filter(|(_, text)| name.is_none_or(|test| test.passes(Some(text), &mut folded)))
        .map(|(id, _)| id)
        .collect();
    let mut found = HashSet::new();
    for some in wanted.chunks(500) {
        tx.each(Sql::new("SELECT company_id FROM company_tags WHERE tag_id @in($1)").bind(some), |r| {
            found.insert(r.get(0)?);
            Ok(Flow::Next)
        })?;
    }
    Ok(found)
}

/// The tags of a company that is merged become the survivor's too.
pub(super) fn hand_over(tx: &mut Tx<'_>, from: CompanyId, into: CompanyId) -> Result<()> {
    let copy = "INSERT INTO company_tags (company_id, tag_id, added_at) \
                SELECT $2, tag_id, added_at FROM company_tags WHERE company_id = $1 ON CONFLICT DO NOTHING";
    tx.exec(Sql::new(copy).bind(from).bind(into))?;
    tx.exec(Sql::new("DELETE FROM company_tags WHERE company_id = $1").bind(from))?;
    Ok(())
}
