//! Statements about segments.

use hg_core::ids::{SegmentId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use crate::error::{Error, Result};
use crate::segments::Segment;

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, public_name, alias, description, published, is_global, \
     in_preferences, include_anonymous, filter, extra, members, members_version, building, broken, built_at, build_ms, category_id, expires_at";

fn read(r: &Row<'_>) -> hg_store::Result<Segment> {
    Ok(Segment {
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
        is_global: r.get(10)?,
        in_preferences: r.get(11)?,
        include_anonymous: r.get(12)?,
        filter: r.get(13)?,
        extra: r.get(14)?,
        members: r.get(15)?,
        members_version: r.get(16)?,
        building: r.get(17)?,
        broken: r.get(18)?,
        built_at: r.get(19)?,
        build_ms: r.get(20)?,
        category_id: r.get(21)?,
        expires_at: r.get(22)?,
    })
}

pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<Segment>> {
    Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM segments WHERE deleted_at IS NULL ORDER BY id")), read)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: SegmentId) -> Result<Segment> {
    let text = format!("SELECT {COLUMNS} FROM segments WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("segment", id))
}

pub(super) fn by_alias(tx: &mut Tx<'_>, alias: &str) -> Result<Option<SegmentId>> {
    Ok(tx.opt(Sql::new("SELECT id FROM segments WHERE alias = $1 AND deleted_at IS NULL").bind(alias), |r| r.get(0))?)
}

/// Changes whenever a segment is made, changed or deleted.
pub(super) fn stamp(tx: &mut Tx<'_>) -> Result<(i64, i64, i64)> {
    Ok(tx.one("SELECT count(*), @sum(version), coalesce(max(id), 0) FROM segments WHERE deleted_at IS NULL", |r| {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?))
    })?)
}

pub(super) fn insert(tx: &mut Tx<'_>, s: &Segment, by: Option<UserId>) -> Result<SegmentId> {
    let sql = Sql::new(
        "INSERT INTO segments (created_at, updated_at, created_by, name, public_name, alias, description, published, is_global, \
         in_preferences, include_anonymous, filter, extra, category_id, expires_at, building) \
         VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id",
    );
    Ok(tx.scalar(bind(sql.bind(s.created_at).bind(by), s).bind(s.building))?)
}

fn bind<'t>(sql: Sql<'t>, s: &Segment) -> Sql<'t> {
    sql.bind(&s.name)
        .bind(s.public_name.as_deref())
        .bind(&s.alias)
        .bind(s.description.as_deref())
        .bind(s.published)
        .bind(s.is_global)
        .bind(s.in_preferences)
        .bind(s.include_anonymous)
        .bind(s.filter.as_ref())
        .bind(s.extra.as_ref())
        .bind(s.category_id)
        .bind(s.expires_at)
}

pub(super) fn update(tx: &mut Tx<'_>, s: &Segment, now: Timestamp) -> Result<()> {
    let sql = Sql::new(
        "UPDATE segments SET updated_at = $1, version = version + 1, name = $3, public_name = $4, alias = $5, description = $6, \
         published = $7, is_global = $8, in_preferences = $9, include_anonymous = $10, filter = $11, extra = $12, category_id = $13, \
         expiry_told = CASE WHEN expires_at IS DISTINCT FROM $14 THEN 0 ELSE expiry_told END, expires_at = $14, building = $15 \
         WHERE id = $2",
    );
    tx.exec(bind(sql.bind(now).bind(s.id), s).bind(s.building))?;
    Ok(())
}

pub(super) fn set_deleted(tx: &mut Tx<'_>, id: SegmentId, at: Option<Timestamp>, now: Timestamp) -> Result<u64> {
    let text = if at.is_some() {
        "UPDATE segments SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at IS NULL"
    } else {
        "UPDATE segments SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at IS NOT NULL"
    };
    Ok(tx.exec(Sql::new(text).bind(id).bind(now))?)
}

/// Marks a segment as broken, or as whole again. The version stays: nobody edited it.
pub(super) fn set_broken(tx: &mut Tx<'_>, id: SegmentId, broken: Option<&str>) -> Result<()> {
    tx.exec(Sql::new("UPDATE segments SET broken = $2, building = 0 WHERE id = $1").bind(id).bind(broken))?;
    Ok(())
}

/// When a segment as a whole next answers differently because time passed.
pub(super) fn set_flip(tx: &mut Tx<'_>, id: SegmentId, due: Option<Timestamp>) -> Result<()> {
    match due {
        Some(due) => tx.exec(
            Sql::new(
                "INSERT INTO segment_flips (segment_id, contact_id, due_at) VALUES ($1, 0, $2) \
                 ON CONFLICT (segment_id, contact_id) DO UPDATE SET due_at = excluded.due_at",
            )
            .bind(id)
            .bind(due),
        )?,
        None => tx.exec(Sql::new("DELETE FROM segment_flips WHERE segment_id = $1 AND contact_id = 0").bind(id))?,
    };
    Ok(())
}
