//! What messages ask about a contact that is no field of hers: owner, primary company, tags, membership in segments.

use std::collections::HashMap;

use hg_core::emails::{ANY_SEGMENT, owner_alias, segment_of_alias};
use hg_core::ids::{ContactId, SegmentId};
use hg_store::{Row, Sql, Tx, ValueRef};

use super::people::Text;
use crate::error::Result;
use crate::segments;

type Texts = HashMap<i64, HashMap<String, Text>>;

/// Tags, by number and by name, with `|` between them.
const TAGS: &str = "tags";

/// Adds what is asked of `aliases` to the texts of contacts; fields of theirs go before fields of the company.
pub(super) fn add(tx: &mut Tx<'_>, texts: &mut Texts, aliases: &[String], own: &[String]) -> Result<()> {
    let ids: Vec<i64> = texts.keys().copied().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let asks = |alias: &str| aliases.iter().any(|a| a == alias) && !own.iter().any(|o| o == alias);
    if aliases.iter().any(|alias| alias.starts_with("owner:")) {
        owners(tx, texts, &ids)?;
    }
    if asks(TAGS) {
        tags(tx, texts, &ids)?;
    }
    let company: Vec<String> = aliases.iter().filter(|a| a.starts_with("company") && !own.contains(a)).cloned().collect();
    if !company.is_empty() {
        companies(tx, texts, &ids, &company)?;
    }
    for alias in aliases {
        if let Some(segment) = segment_of_alias(alias) {
            for id in &ids {
                if segments::contains(tx, SegmentId(segment), ContactId(*id))? {
                    put(texts, *id, alias, "1".into());
                }
            }
        }
    }
    if asks(ANY_SEGMENT) {
        any_segment(tx, texts, &ids)?;
    }
    Ok(())
}

fn put(texts: &mut Texts, contact: i64, alias: &str, value: String) {
    if !value.is_empty() {
        texts.entry(contact).or_default().insert(alias.to_owned(), Text { value, label: None });
    }
}

fn owners(tx: &mut Tx<'_>, texts: &mut Texts, ids: &[i64]) -> Result<()> {
    let sql = "SELECT c.id, u.email, u.first_name, u.last_name FROM contacts c JOIN users u ON u.id = c.owner_id \
               WHERE c.id @in($1) AND u.deleted_at IS NULL";
    let rows: Vec<(i64, [String; 3])> =
        tx.all(Sql::new(sql).bind(ids), |r| Ok((r.get(0)?, [r.get(1)?, r.get(2)?, r.get(3)?])))?;
    for (contact, values) in rows {
        for (name, value) in ["email", "firstname", "lastname"].into_iter().zip(values) {
            if let Some(alias) = owner_alias(name) {
                put(texts, contact, &alias, value);
            }
        }
    }
    Ok(())
}

fn tags(tx: &mut Tx<'_>, texts: &mut Texts, ids: &[i64]) -> Result<()> {
    let sql = "SELECT l.contact_id, t.id, t.name FROM contact_tags l JOIN tags t ON t.id = l.tag_id \
               WHERE l.contact_id @in($1) AND t.deleted_at IS NULL ORDER BY t.id";
    let rows: Vec<(i64, i64, String)> = tx.all(Sql::new(sql).bind(ids), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for (contact, id, name) in rows {
        let before = texts.get(&contact).and_then(|t| t.get(TAGS)).map(|t| format!("{}|", t.value)).unwrap_or_default();
        put(texts, contact, TAGS, format!("{before}{id}|{name}"));
    }
    Ok(())
}

/// Fields of companies that can be asked for, with their columns.
pub(super) fn company_columns(tx: &mut Tx<'_>) -> Result<Vec<(String, String)>> {
    let sql = "SELECT alias, column_name FROM fields WHERE deleted_at IS NULL AND published = 1 AND object = 'company' \
               AND column_name IS NOT NULL";
    Ok(tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?)
}

fn companies(tx: &mut Tx<'_>, texts: &mut Texts, ids: &[i64], aliases: &[String]) -> Result<()> {
    let wanted: Vec<(String, String)> = company_columns(tx)?.into_iter().filter(|(alias, _)| aliases.contains(alias)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let columns: Vec<String> = wanted.iter().map(|(_, column)| format!("m.{column}")).collect();
    let sql = format!(
        "SELECT l.contact_id, {} FROM contact_companies l JOIN companies m ON m.id = l.company_id \
         WHERE l.is_primary = 1 AND l.contact_id @in($1) AND m.deleted_at IS NULL",
        columns.join(", ")
    );
    let rows: Vec<(i64, Vec<String>)> = tx.all(Sql::new(sql).bind(ids), |r| {
        let values = (0..wanted.len()).map(|at| shown(r, at + 1)).collect::<hg_store::Result<Vec<String>>>()?;
        Ok((r.get(0)?, values))
    })?;
    for (contact, values) in rows {
        for ((alias, _), value) in wanted.iter().zip(values) {
            put(texts, contact, alias, value);
        }
    }
    Ok(())
}

fn shown(r: &Row<'_>, at: usize) -> hg_store::Result<String> {
    Ok(match r.value(at)? {
        ValueRef::Null | ValueRef::Bytes(_) => String::new(),
        ValueRef::Int(n) => n.to_string(),
        ValueRef::Real(x) => x.to_string(),
        ValueRef::Text(text) => text.to_owned(),
    })
}

fn any_segment(tx: &mut Tx<'_>, texts: &mut Texts, ids: &[i64]) -> Result<()> {
    let all: Vec<i64> = tx.all("SELECT id FROM segments WHERE deleted_at IS NULL ORDER BY id", |r| r.get(0))?;
    for id in ids {
        for segment in &all {
            if segments::contains(tx, SegmentId(*segment), ContactId(*id))? {
                put(texts, *id, ANY_SEGMENT, "1".into());
                break;
            }
        }
    }
    Ok(())
}
