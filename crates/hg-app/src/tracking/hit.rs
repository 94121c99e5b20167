//! A page was looked at.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, EventId, PageId};
use hg_core::time::Millis;
use hg_core::tracking::{Ct, HitParams};
use hg_store::{Lane, Sql, Tx};
use serde_json::{Map, Value as Json, json};

use super::identify::{Claims, Known, Visitor, identify, write_values};
use super::urls;
use crate::changes::{self, Happening};
use crate::contacts::{self, NewUtm};
use crate::cx::Cx;
use crate::error::Result;
use crate::workspace::Workspace;

/// "Active just now" is written this often.
const ACTIVE_EVERY: Millis = Millis::minutes(1);

/// A page that was looked at.
#[derive(Debug, Clone)]
pub struct Hit {
    pub visitor: Visitor,
    pub params: HitParams,
    /// The landing page, if it is one of ours.
    pub page: Option<PageId>,
}

/// What the browser is told. All empty when nothing was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HitAnswer {
    pub hit: Option<EventId>,
    pub contact: Option<ContactId>,
    pub tracking_id: Option<String>,
    /// She proved who she is; only then may a page show what we know about her.
    pub verified: bool,
}

/// Counts a hit, unless it must not be counted. Answers after the commit.
pub async fn record_hit(cx: &Cx, mut hit: Hit) -> Result<HitAnswer> {
    hit.visitor.dnt |= hit.params.do_not_track;
    if hit.visitor.ignored(&cx.ws, false).is_some() {
        return Ok(HitAnswer::default());
    }
    if hit.visitor.device.is_none() && !hit.params.device.is_empty() {
        hit.visitor.device = Some(hit.params.device.clone());
    }
    let ws = cx.ws.clone();
    let written = cx.db().write_in(Lane::Live, move |tx| write(&ws, tx, &hit)).await;
    if written.is_err() {
        urls::forget(&cx.ws);
    }
    written
}

fn write(ws: &Workspace, tx: &mut Tx<'_>, hit: &Hit) -> Result<HitAnswer> {
    let now = ws.clock.now();
    let params = &hit.params;
    let mut claims = Claims { ct: Ct::read(&params.ct, &ws.site.secret_key), fields: params.fields.clone(), public_only: true };
    let known = identify(ws, tx, &hit.visitor, &claims)?;
    if !known.has_zone && !params.timezone.is_empty() {
        fill_zone(ws, tx, &known, &params.timezone)?;
    }
    if !claims.fields.is_empty() {
        claims.fields.remove("timezone");
        write_values(ws, tx, &known, &claims)?;
    }
    if known.verified && !params.tags.is_empty() {
        let (remove, add): (Vec<String>, Vec<String>) = params.tags.iter().cloned().partition(|t| t.starts_with('-'));
        let remove: Vec<String> = remove.iter().map(|t| t.trim_start_matches('-').to_owned()).collect();
        contacts::change_tags(ws, tx, known.contact, &add, &remove)?;
    }
    touch(ws, tx, &hit.visitor, &known)?;
    let url_id = urls::id_of(ws, tx, &params.url)?;
    let mut happening =
        Happening::new(known.contact, EventKind::PageHit, now).object(hit.page.map_or(0, |p| p.0)).reference(known.device.0);
    happening.url_id = url_id;
    let id = changes::record(tx, happening.detail(detail(params)))?;
    if !params.utm.is_empty() {
        let mut record = NewUtm::from(params.utm.clone());
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        (record.url, record.referrer, record.agent) = (some(&params.url), some(&params.referrer), some(&hit.visitor.user_agent));
        contacts::record_utm(ws, tx, known.contact, "hit", &record)?;
    }
    if let Some(page) = hit.page {
        count_page(tx, page, known.contact)?;
    }
    Ok(HitAnswer { hit: id, contact: Some(known.contact), tracking_id: Some(known.tracking_id), verified: known.verified })
}

fn detail(params: &HitParams) -> Json {
    let mut detail = Map::new();
    for (name, value) in
        [("url", &params.url), ("title", &params.title), ("referrer", &params.referrer), ("language", &params.language)]
    {
        if !value.is_empty() {
            detail.insert(name.into(), json!(value));
        }
    }
    if !params.utm.is_empty() {
        detail.insert("utm".into(), json!(params.utm));
    }
    Json::Object(detail)
}

/// The visitor's own zone, where none is known; it is no secret and no identity.
fn fill_zone(ws: &Workspace, tx: &mut Tx<'_>, known: &Known, zone: &str) -> Result<()> {
    if hg_core::time::zone(zone).is_err() {
        return Ok(());
    }
    let claims = Claims { fields: [("timezone".to_owned(), zone.to_owned())].into(), public_only: false, ct: None };
    let filling = Known { verified: false, ..known.clone() };
    write_values(ws, tx, &filling, &claims)
}

/// She was active just now.
pub(super) fn touch(ws: &Workspace, tx: &mut Tx<'_>, visitor: &Visitor, known: &Known) -> Result<()> {
    let now = ws.clock.now();
    if known.last_active_at.is_some_and(|at| now.since(at) < ACTIVE_EVERY) {
        return Ok(());
    }
    tx.exec(Sql::new("UPDATE contacts SET last_active_at = $2 WHERE id = $1").bind(known.contact).bind(now))?;
    let seen = Sql::new("UPDATE devices SET seen_at = $2, address = $3 WHERE id = $1").bind(known.device).bind(now);
    let address = visitor.kept_address(ws);
    tx.exec(seen.bind(&address))?;
    contacts::see_address(tx, known.contact, &address, now)?;
    Ok(())
}

fn count_page(tx: &mut Tx<'_>, page: PageId, contact: ContactId) -> Result<()> {
    let earlier: i64 = tx.scalar(
        Sql::new(
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE contact_id = $1 AND kind = $2 AND object_id = $3 LIMIT 2) AS seen",
        )
        .bind(contact)
        .bind(EventKind::PageHit.code())
        .bind(page),
    )?;
    tx.exec(
        Sql::new("UPDATE pages SET hits = hits + 1, unique_hits = unique_hits + $2 WHERE id = $1").bind(page).bind(earlier <= 1),
    )?;
    Ok(())
}

/// Who the device belongs to, making a nameless contact if it is new. Nothing is counted.
pub async fn known_visitor(cx: &Cx, visitor: Visitor) -> Result<HitAnswer> {
    if visitor.ignored(&cx.ws, false).is_some() {
        return Ok(HitAnswer::default());
    }
    let ws = cx.ws.clone();
    let known = cx.db().write_in(Lane::Live, move |tx| identify(&ws, tx, &visitor, &Claims::default())).await?;
    Ok(HitAnswer { hit: None, contact: Some(known.contact), tracking_id: Some(known.tracking_id), verified: known.verified })
}
