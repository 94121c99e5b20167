//! The company table row by row.

use std::collections::HashMap;

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::CompanyId;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use crate::companies::{Company, tags};
use crate::contacts::row;
use crate::error::Result;

const FIXED: &str = "id, version, created_at, updated_at, created_by, owner_id, score, published, overflow";
const FIXED_COLUMNS: usize = 9;

fn read(r: &Row<'_>, fields: &FieldCatalogue) -> hg_store::Result<Company> {
    let overflow: Option<Json> = r.get(8)?;
    Ok(Company {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        owner_id: r.get(5)?,
        score: r.get(6)?,
        published: r.get(7)?,
        values: row::read_values(r, fields, FIXED_COLUMNS, overflow.as_ref())?,
        contacts: 0,
        tags: Vec::new(),
    })
}

/// Companies of these ids that are not deleted, in the order asked for. `fields` are those of companies.
pub(crate) fn load_many(tx: &mut Tx<'_>, fields: &FieldCatalogue, ids: &[CompanyId]) -> Result<Vec<Company>> {
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let text = format!("SELECT {} FROM companies WHERE id @in($1) AND deleted_at IS NULL", row::with_columns(FIXED, fields));
    let mut found: HashMap<CompanyId, Company> =
        tx.all(Sql::new(text).bind(plain.as_slice()), |r| read(r, fields))?.into_iter().map(|c| (c.id, c)).collect();
    for (id, tags) in tags::of_many(tx, &plain)? {
        if let Some(company) = found.get_mut(&id) {
            company.tags = tags;
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Counts the contacts of each company, as far as anybody wants to know.
pub(super) fn count_contacts(tx: &mut Tx<'_>, companies: &mut [Company]) -> Result<()> {
    let text = format!(
        "SELECT count(*) FROM (SELECT 1 FROM contact_companies l JOIN contacts c ON c.id = l.contact_id \
         WHERE l.company_id = $1 AND c.deleted_at IS NULL LIMIT {}) n",
        Company::MOST_COUNTED
    );
    for company in companies {
        company.contacts = tx.scalar(Sql::new(text.as_str()).bind(company.id))?;
    }
    Ok(())
}
