//! Copies of a segment: the same conditions, or the same people.

use hg_core::ids::SegmentId;
use hg_store::Sql;

use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::segments::{NewSegment, Segment, members, service, store};

/// Copies everything but the alias and the members. The copy is not published.
pub async fn duplicate(cx: &Cx, id: SegmentId) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let of = cx.db().read(move |tx| store::find(tx, id)).await?;
    let new = NewSegment {
        name: named(&of.name, "copy"),
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

fn named(name: &str, what: &str) -> String {
    let short: String = name.chars().take(170).collect();
    format!("{short} ({what})")
}

/// Keeps the people who belong to a segment now in a segment of their own, which no condition changes any more.
pub async fn freeze(cx: &Cx, id: SegmentId, name: Option<String>) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let of = cx.db().read(move |tx| store::find(tx, id)).await?;
    let new = NewSegment {
        name: name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| named(&of.name, "frozen")),
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
