//! Copies of a segment: the same conditions, the same people, or random parts of them.

use hg_core::ids::SegmentId;
use hg_store::Sql;
use serde_json::json;

use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::segments::named::name_of_copy;
use crate::segments::{NewSegment, Segment, members, service, store};

/// Copies everything but the alias and the members. The copy is not published.
pub async fn duplicate(cx: &Cx, id: SegmentId) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let of = cx.db().read(move |tx| store::find(tx, id)).await?;
    let new = NewSegment {
        name: name_of_copy(&of.name, "copy"),
        public_name: of.public_name,
        description: of.description,
        published: Some(false),
        is_global: Some(of.is_global),
        in_preferences: of.in_preferences,
        include_anonymous: of.include_anonymous,
        category_id: of.category_id,
        filter: of.filter,
        ..NewSegment::default()
    };
    service::create(cx, new).await
}

/// Keeps the people who belong to a segment now in a segment of their own, which no condition changes any more.
pub async fn freeze(cx: &Cx, id: SegmentId, name: Option<String>) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let of = cx.db().read(move |tx| store::find(tx, id)).await?;
    let new = NewSegment {
        name: name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| name_of_copy(&of.name, "frozen")),
        description: of.description,
        include_anonymous: of.include_anonymous,
        category_id: of.category_id,
        ..NewSegment::default()
    };
    let made = service::create(cx, new).await?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let people = members(&ws, tx, id)?;
            tx.exec(
                Sql::new(
                    "INSERT INTO segment_pieces (segment_id, piece, bits) SELECT $2, piece, bits FROM segment_pieces WHERE segment_id = $1",
                )
                .bind(id)
                .bind(made.id),
            )?;
            super::rebuild::log_frozen(tx, made.id, &people, now)?;
            let version = i64::try_from(hg_core::ids::below(&*ws.chance, i64::MAX as u64)).unwrap_or(0);
            tx.exec(
                Sql::new("UPDATE segments SET members = $2, members_version = $3, building = 0, built_at = $4 WHERE id = $1")
                    .bind(made.id)
                    .bind(i64::try_from(people.len()).unwrap_or(0))
                    .bind(version)
                    .bind(now),
            )?;
            let detail = serde_json::json!({"from": of.name, "people": people.len()});
            audit::record(tx, &who, Entry::new(Deed::Update, "segment", made.id.0, &made.name).detail(detail))?;
            store::find(tx, made.id)
        })
        .await
}

/// A random part of a segment that is to be made.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is called; the segment's name with a letter when absent.
    pub name: Option<String>,
    pub percent: f64,
}

/// At most so many parts at once.
const MOST_PARTS: usize = 10;

/// Makes segments of random parts that share nobody. They follow the segment: whoever joins it falls into one of them,
/// and stays there as long as she belongs.
pub async fn split(cx: &Cx, id: SegmentId, parts: Vec<Part>) -> Result<Vec<Segment>> {
    cx.may(Action::Edit(Area::Segments))?;
    check_parts(&parts)?;
    let of = cx.db().read(move |tx| store::find(tx, id)).await?;
    // Another draw than any other split: its arms are independent of theirs.
    let draw = hg_core::ids::alphanumeric(cx.chance(), 8);
    let mut from = 0.0;
    let mut made = Vec::with_capacity(parts.len());
    for (letter, part) in ('A'..).zip(parts) {
        let share = json!({"percent": part.percent, "from": from, "draw": draw});
        let filter = json!({"match": "all", "rules": [
            {"field": "segments", "op": "in", "value": [id]},
            {"field": "random_share", "op": "=", "value": share},
        ]});
        from = hundredths(from + part.percent);
        let name = part.name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| name_of_copy(&of.name, &letter.to_string()));
        let new = NewSegment {
            name,
            include_anonymous: of.include_anonymous,
            category_id: of.category_id,
            filter: Some(filter),
            ..NewSegment::default()
        };
        made.push(service::create(cx, new).await?);
    }
    Ok(made)
}

fn hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

fn check_parts(parts: &[Part]) -> Result<()> {
    let wrong = |pointer: String, detail: &str| Err(Error::invalid(vec![FieldError::new(pointer, "segment.parts", detail)]));
    if parts.len() < 2 || parts.len() > MOST_PARTS {
        return wrong("/parts".to_owned(), "Split a segment into two to ten parts.");
    }
    if let Some(at) = parts.iter().position(|p| !(0.01..=100.0).contains(&p.percent)) {
        return wrong(format!("/parts/{at}/percent"), "A part is between 0.01 and 100 percent.");
    }
    if let Some(at) = parts.iter().position(|p| p.name.as_ref().is_some_and(|n| n.chars().count() > 191)) {
        return wrong(format!("/parts/{at}/name"), "A name has at most 191 characters.");
    }
    if hundredths(parts.iter().map(|p| p.percent).sum()) > 100.0 {
        return wrong("/parts".to_owned(), "The parts come to more than 100 percent together. Make them smaller.");
    }
    Ok(())
}
