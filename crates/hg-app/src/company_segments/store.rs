//! Statements about segments of companies.

use std::collections::HashSet;

use hg_core::ids::{CompanySegmentId, ContactId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Flow, Row, Sql, Tx};
use roaring::RoaringBitmap;

use crate::company_segments::CompanySegment;
use crate::error::{Error, Result};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, public_name, alias, description, published, filter, \
     broken, building, built_at, build_ms, members, category_id";

fn read(r: &Row<'_>) -> hg_store::Result<CompanySegment> {
    Ok(CompanySegment {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        public_name: r.get(6)?,
        alias: r.get(7)?,
        description: r.get(8)?,
        published: r.get(9)?,
        filter: r.get(10)?,
        broken: r.get(11)?,
        building: r.get(12)?,
        built_at: r.get(13)?,
        build_ms: r.get(14)?,
        members: r.get(15)?,
        category_id: r.get(16)?,
        used_by: Vec::new(),
    })
}

pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<CompanySegment>> {
    Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM company_segments WHERE deleted_at IS NULL ORDER BY id")), read)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: CompanySegmentId) -> Result<CompanySegment> {
    let text = format!("SELECT {COLUMNS} FROM company_segments WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("company segment", id))
}

pub(super) fn by_alias(tx: &mut Tx<'_>, alias: &str) -> Result<Option<CompanySegmentId>> {
    let text = "SELECT id FROM company_segments WHERE alias = $1 AND deleted_at IS NULL";
    Ok(tx.opt(Sql::new(text).bind(alias), |r| r.get(0))?)
}

/// The companies of a segment, for the search of the list.
pub(crate) fn members_by_alias(tx: &mut Tx<'_>, alias: &str) -> Result<HashSet<i64>> {
    let Some(id) = by_alias(tx, alias)? else { return Ok(HashSet::new()) };
    let text = "SELECT company_id FROM company_segment_members WHERE segment_id = $1 AND member = 1";
    Ok(tx.all(Sql::new(text).bind(id), |r| r.get::<i64>(0))?.into_iter().collect())
}

/// The contacts of the companies of a segment.
pub(crate) fn contacts_of(tx: &mut Tx<'_>, id: CompanySegmentId) -> Result<RoaringBitmap> {
    let text = "SELECT l.contact_id FROM company_segment_members m JOIN contact_companies l ON l.company_id = m.company_id \
                JOIN contacts c ON c.id = l.contact_id WHERE m.segment_id = $1 AND m.member = 1 AND c.deleted_at IS NULL";
    let mut people = RoaringBitmap::new();
    tx.each(Sql::new(text).bind(id), |r| {
        people.insert(r.get::<ContactId>(0)?.bit());
        Ok(Flow::Next)
    })?;
    Ok(people)
}

/// Whether any company of a contact belongs to a segment.
pub(crate) fn holds(tx: &mut Tx<'_>, id: CompanySegmentId, contact: ContactId) -> Result<bool> {
    let text = "SELECT count(*) FROM contact_companies l JOIN company_segment_members m ON m.company_id = l.company_id \
                JOIN contacts c ON c.id = l.contact_id \
                WHERE l.contact_id = $1 AND m.segment_id = $2 AND m.member = 1 AND c.deleted_at IS NULL";
    Ok(tx.scalar::<i64>(Sql::new(text).bind(contact).bind(id))? > 0)
}

pub(super) fn insert(tx: &mut Tx<'_>, s: &CompanySegment, by: Option<UserId>) -> Result<CompanySegmentId> {
    let sql = Sql::new(
        "INSERT INTO company_segments (created_at, updated_at, created_by, name, public_name, alias, description, published, filter, building, category_id) \
         VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    );
    Ok(tx.scalar(bind(sql.bind(s.created_at).bind(by), s))?)
}

fn bind<'t>(sql: Sql<'t>, s: &CompanySegment) -> Sql<'t> {
    sql.bind(&s.name)
        .bind(s.public_name.as_deref())
        .bind(&s.alias)
        .bind(s.description.as_deref())
        .bind(s.published)
        .bind(s.filter.as_ref())
        .bind(s.building)
        .bind(s.category_id)
}

pub(super) fn update(tx: &mut Tx<'_>, s: &CompanySegment, now: Timestamp) -> Result<()> {
    let sql = Sql::new(
        "UPDATE company_segments SET updated_at = $1, version = version + 1, name = $3, public_name = $4, alias = $5, description = $6, \
         published = $7, filter = $8, building = $9, category_id = $10 WHERE id = $2",
    );
    tx.exec(bind(sql.bind(now).bind(s.id), s))?;
    Ok(())
}

pub(super) fn set_deleted(tx: &mut Tx<'_>, id: CompanySegmentId, at: Option<Timestamp>, now: Timestamp) -> Result<u64> {
    let was = if at.is_some() { "IS NULL" } else { "IS NOT NULL" };
    let text = format!(
        "UPDATE company_segments SET deleted_at = $2, updated_at = $3, due_at = NULL, version = version + 1 WHERE id = $1 AND deleted_at {was}"
    );
    Ok(tx.exec(Sql::new(text).bind(id).bind(at).bind(now))?)
}

/// Marks a segment as broken, or as whole again. The version stays: nobody edited it.
pub(super) fn set_broken(tx: &mut Tx<'_>, id: CompanySegmentId, broken: &str) -> Result<()> {
    let text = "UPDATE company_segments SET broken = $2, building = 0, due_at = NULL WHERE id = $1";
    tx.exec(Sql::new(text).bind(id).bind(broken))?;
    Ok(())
}

/// A build came to its end; the members are counted anew.
pub(super) fn set_built(tx: &mut Tx<'_>, s: &CompanySegment, took: i64, due: Option<Timestamp>, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE company_segments SET building = 0, broken = NULL, built_at = $3, build_ms = $4, due_at = $5, \
             members = (SELECT count(*) FROM company_segment_members m WHERE m.segment_id = $1 AND m.member = 1) \
             WHERE id = $1 AND version = $2",
        )
        .bind(s.id)
        .bind(s.version)
        .bind(now)
        .bind(took)
        .bind(due),
    )?;
    Ok(())
}
