//! A workspace beside the real one: the campaign, what it is made of, and its people.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hg_core::campaigns::{Plan, Source, SourceKind};
use hg_core::ids::{CampaignId, ContactId, SeededChance, SegmentId};
use hg_core::time::{Clock, Timestamp};
use hg_store::part::{self, Rows};
use hg_store::{Db, DbUrl, Lane, Options, Sql, StoreError};
use roaring::RoaringBitmap;
use serde_json::Value as Json;

use super::model::Setup;
use super::outside::Agreeable;
use crate::campaigns::{store, sync};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::outgoing::Outgoing;
use crate::segments;
use crate::sending;
use crate::settings;
use crate::workspace::{Site, Workspace};

/// Where copies lie, and what each is called in its own folder.
const FOLDER: &str = "simulations";
const FILE: &str = "world.db";

/// What everything else is made of, copied whole.
const WHOLE: [&str; 25] = [
    "settings",
    "fields",
    "tags",
    "stages",
    "categories",
    "point_groups",
    "point_actions",
    "point_triggers",
    "point_trigger_events",
    "emails",
    "email_counts",
    "email_segments",
    "email_revisions",
    "pages",
    "forms",
    "segments",
    "company_segments",
    "company_segment_members",
    "campaigns",
    "campaign_sources",
    "campaign_steps",
    "campaign_rules",
    "suppressions",
    "urls",
    "redirects",
];

/// What hangs on contacts, with the column that says on whom.
const OF_CONTACTS: [(&str, &str); 17] = [
    ("contacts", "id"),
    ("contact_tags", "contact_id"),
    ("contact_companies", "contact_id"),
    ("contact_categories", "contact_id"),
    ("contact_scores", "contact_id"),
    ("contact_addresses", "contact_id"),
    ("campaign_members", "contact_id"),
    ("consents", "contact_id"),
    ("devices", "contact_id"),
    ("do_not_contact", "contact_id"),
    ("events", "contact_id"),
    ("frequency_rules", "contact_id"),
    ("segment_overrides", "contact_id"),
    ("sends", "contact_id"),
    ("submissions", "contact_id"),
    ("utm_records", "contact_id"),
    ("point_action_log", "contact_id"),
];

/// A clock that stands where it is put.
pub(super) struct StandingClock(AtomicI64);

impl StandingClock {
    pub fn stand_at(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// The workspace of a simulation. Its files go with it.
pub(super) struct Scratch {
    pub cx: Cx,
    pub clock: Arc<StandingClock>,
    pub campaign: CampaignId,
    /// Who would come in, and who of them was taken along.
    pub audience: i64,
    pub people: RoaringBitmap,
    pub begin: Timestamp,
    /// Some of its segments move with the calendar.
    pub calendar: bool,
    folder: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed before the next simulation of this number.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Makes the copy. `number` names its folder.
pub(super) async fn open(cx: &Cx, campaign: CampaignId, setup: &Setup, number: i64) -> Result<Scratch> {
    let ws = cx.ws.clone();
    let (found, sources) =
        cx.db().read(move |tx| Ok::<_, Error>((store::find(tx, campaign, false)?, store::sources(tx, campaign)?))).await?;
    let everybody = audience(cx, &sources, setup).await?;
    if everybody.is_empty() {
        return Err(Error::invalid(vec![crate::error::FieldError::new(
            "/contacts",
            "nobody",
            "Nobody would come into this campaign now. Name contacts to try it with, or fill its segments.",
        )]));
    }
    let people = spread(&everybody, setup.most_people);
    let named = segments_of(&found.plan, &sources);
    let kept = cx.db().read(move |tx| segments::with_dependencies(&ws, tx, &named)).await?;
    let begin = found.publish_up.map_or(cx.now(), |up| up.max(cx.now()));
    let folder = cx.ws.site.data_dir.join(FOLDER).join(number.to_string());
    let db = empty(&folder, begin).await?;
    let clock = Arc::new(StandingClock(AtomicI64::new(begin.0)));
    copy(cx.db(), &db, &people).await?;
    let site = Site { data_dir: folder.clone(), ..cx.ws.site.clone() };
    let chance = Arc::new(SeededChance::new(setup.seed.cast_unsigned()));
    let settings = settings::load(&db).await?;
    let scratch = Workspace::new(db, clock.clone(), chance, site, settings);
    sending::seal(&cx.ws, &scratch);
    scratch.set_part(Arc::new(Outgoing(Arc::new(Agreeable))));
    members(cx, &scratch, &kept, &people).await?;
    let calendar = kept.iter().any(|(_, moves)| *moves);
    let audience = i64::try_from(everybody.len()).unwrap_or(i64::MAX);
    Ok(Scratch { cx: Cx::system(&scratch), clock, campaign, audience, people, begin, calendar, folder })
}

/// Removes copies that a crash left behind; those that another process works on stay.
pub async fn sweep(ws: &Workspace) {
    let Ok(folders) = std::fs::read_dir(ws.site.data_dir.join(FOLDER)) else { return };
    for folder in folders.filter_map(|entry| Some(entry.ok()?.path())) {
        let options = Options { durable: false, connections: 1, ..Options::default() };
        match Db::open(&DbUrl::Sqlite(folder.join(FILE)), options).await {
            Err(StoreError::Locked { .. }) => continue,
            Ok(db) => db.close().await,
            Err(_) => {}
        }
        // What cannot be removed now is tried again at the next start.
        let _ = std::fs::remove_dir_all(&folder);
    }
}

async fn empty(folder: &std::path::Path, now: Timestamp) -> Result<Db> {
    let unwritable = |e: std::io::Error| Error::unavailable(format!("The folder of the simulation cannot be made: {e}."));
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(unwritable)?;
    }
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    // What is lost in a crash is a copy.
    let options = Options { durable: false, connections: 2, ..Options::default() };
    let db = Db::open(&DbUrl::Sqlite(folder.join(FILE)), options).await?;
    db.migrate(now).await?;
    Ok(db)
}

/// Whom the campaign would let in now.
async fn audience(cx: &Cx, sources: &[Source], setup: &Setup) -> Result<RoaringBitmap> {
    let (ws, sources, named) = (cx.ws.clone(), sources.to_vec(), setup.contacts.clone());
    cx.db()
        .read(move |tx| {
            let mut people = RoaringBitmap::new();
            if named.is_empty() {
                for source in sources {
                    match source.kind {
                        SourceKind::Segment | SourceKind::CompanySegment => people |= sync::held(&ws, tx, source)?,
                        // Who will send in a form nobody knows: those who did are like them.
                        SourceKind::Form => {
                            let text =
                                "SELECT DISTINCT contact_id FROM submissions WHERE form_id = $1 AND contact_id IS NOT NULL";
                            let ids: Vec<ContactId> = tx.all(Sql::new(text).bind(source.id), |r| r.get(0))?;
                            people.extend(ids.into_iter().map(ContactId::bit));
                        }
                    }
                }
            } else {
                let text = "SELECT id FROM contacts WHERE id @in($1) AND deleted_at IS NULL";
                let ids: Vec<ContactId> = tx.all(Sql::new(text).bind(named.as_slice()), |r| r.get(0))?;
                people.extend(ids.into_iter().map(ContactId::bit));
            }
            Ok::<_, Error>(people)
        })
        .await
}

/// So many of them at most, evenly spread.
fn spread(everybody: &RoaringBitmap, most: i64) -> RoaringBitmap {
    let (all, most) = (everybody.len(), most.max(1).cast_unsigned());
    if all <= most {
        return everybody.clone();
    }
    (0..most).filter_map(|n| everybody.select(u32::try_from(n * all / most).unwrap_or(u32::MAX))).collect()
}

/// The segments that a campaign names anywhere: its sources, its conditions, its actions.
fn segments_of(plan: &Plan, sources: &[Source]) -> Vec<SegmentId> {
    fn numbers(json: &Json, found: &mut Vec<SegmentId>) {
        match json {
            Json::Number(n) => found.extend(n.as_i64().map(SegmentId)),
            Json::String(text) => found.extend(text.parse().ok().map(SegmentId)),
            Json::Array(all) => all.iter().for_each(|one| numbers(one, found)),
            _ => {}
        }
    }
    fn named(json: &Json, found: &mut Vec<SegmentId>) {
        match json {
            Json::Object(fields) => {
                let asks = fields.get("field").and_then(Json::as_str).is_some_and(|f| f.contains("segment"));
                for (key, value) in fields {
                    if key.contains("segment") || (asks && key == "value") {
                        numbers(value, found);
                    }
                    named(value, found);
                }
            }
            Json::Array(all) => all.iter().for_each(|one| named(one, found)),
            _ => {}
        }
    }
    let mut found: Vec<SegmentId> = sources.iter().filter(|s| s.kind == SourceKind::Segment).map(|s| SegmentId(s.id)).collect();
    for step in &plan.steps {
        named(&step.what.write(), &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

async fn copy(from: &Db, to: &Db, people: &RoaringBitmap) -> Result<()> {
    let ids: Vec<i64> = people.iter().map(i64::from).collect();
    for table in WHOLE {
        part::copy(from, to, table, Rows::All).await?;
    }
    for (table, column) in OF_CONTACTS {
        part::copy(from, to, table, Rows::Of(column, &ids)).await?;
    }
    let companies: Vec<i64> =
        to.read(|tx| Ok::<_, Error>(tx.all("SELECT DISTINCT company_id FROM contact_companies", |r| r.get(0))?)).await?;
    part::copy(from, to, "companies", Rows::Of("id", &companies)).await?;
    Ok(())
}

/// Memberships of the segments that matter; the others stand still.
async fn members(cx: &Cx, scratch: &Workspace, kept: &[(SegmentId, bool)], people: &RoaringBitmap) -> Result<()> {
    let ids: Vec<i64> = kept.iter().map(|(id, _)| id.0).collect();
    scratch
        .db
        .write(move |tx| {
            tx.exec("UPDATE segments SET members = 0, members_version = 0, building = 0")?;
            tx.exec(Sql::new("UPDATE segments SET published = 0 WHERE NOT id @in($1)").bind(ids.as_slice()))?;
            Ok::<_, Error>(())
        })
        .await?;
    for (id, _) in kept.iter().copied() {
        let (ws, taken) = (cx.ws.clone(), people.clone());
        let bits = cx.db().read(move |tx| Ok::<_, Error>(&*segments::members(&ws, tx, id)? & &taken)).await?;
        let ws = scratch.clone();
        scratch.db.write_in(Lane::Bulk, move |tx| segments::begin_with(&ws, tx, id, &bits)).await?;
    }
    Ok(())
}
