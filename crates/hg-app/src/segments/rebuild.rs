//! Rebuilding a segment as a whole: evaluate the filter over everybody, then write only what differs.
//!
//! While a rebuild looks at its snapshot, the reactor goes on keeping membership current for single contacts. It
//! notes whom it looked at ([`Touched`]), and the rebuild leaves those alone: what was seen later is
//! right. The members are read before everybody is looked at, so that a change that was under way when the watch began
//! differs in neither, and stays as it is written.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use hg_core::ids::{JobId, SegmentId, UserId};
use hg_core::segments::Piece;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};
use roaring::RoaringBitmap;
use serde_json::json;

use crate::contacts::directory;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::fields;
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::segments::engine::{Asked, Everyone, Selected, select, select_many};
use crate::segments::known::{Known, know};
use crate::segments::members::{Pieces, encode, read_all};
use crate::segments::reactor::Moved;
use crate::segments::{Segment, store};
use crate::workspace::Workspace;

const KIND: &str = "segments.rebuild";

/// Contacts that the reactor looked at while segments are rebuilt.
#[derive(Default)]
pub(super) struct Touched(Mutex<HashMap<SegmentId, (usize, RoaringBitmap)>>);

impl Touched {
    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<SegmentId, (usize, RoaringBitmap)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn add(&self, segments: impl Iterator<Item = SegmentId>, contacts: impl Iterator<Item = u32>) {
        let mut watched = self.locked();
        if watched.is_empty() {
            return;
        }
        let contacts: RoaringBitmap = contacts.collect();
        for segment in segments {
            if let Some((_, touched)) = watched.get_mut(&segment) {
                *touched |= &contacts;
            }
        }
    }

    fn seen(&self, segment: SegmentId) -> RoaringBitmap {
        self.locked().get(&segment).map(|(_, touched)| touched.clone()).unwrap_or_default()
    }
}

/// Watches a segment for as long as it lives.
struct Watch {
    touched: Arc<Touched>,
    segment: SegmentId,
}

impl Watch {
    fn new(ws: &Workspace, segment: SegmentId) -> Watch {
        let touched = ws.part::<Touched>();
        touched.locked().entry(segment).or_default().0 += 1;
        Watch { touched, segment }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.touched.locked();
        if let Some((watchers, _)) = watched.get_mut(&self.segment) {
            *watchers -= 1;
            if *watchers == 0 {
                watched.remove(&self.segment);
            }
        }
    }
}

/// Queues a rebuild in the caller's transaction.
pub(super) fn push(tx: &mut Tx<'_>, segment: &Segment, now: Timestamp, asked_by: Option<UserId>) -> Result<Option<JobId>> {
    jobs::push(
        tx,
        now,
        NewJob {
            kind: KIND,
            dedupe_key: Some(format!("{KIND}:{}", segment.id)),
            title: format!("Build the segment “{}”", segment.name),
            payload: json!({"segment": segment.id.0}),
            due_at: now,
            visible: asked_by.is_some(),
            link: Some(format!("/segments/{}", segment.id)),
            created_by: asked_by,
        },
    )
}

/// Rebuilds a segment.
pub struct RebuildJob;

#[async_trait]
impl JobRunner for RebuildJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = SegmentId(job.payload["segment"].as_i64().unwrap_or(0));
        match rebuild(cx, id, Some(handle)).await {
            Ok(Built::Done { joined, left }) => Ok(Outcome::Done(format!("{joined} joined, {left} left."))),
            Ok(Built::Stopped) => Ok(Outcome::Interrupted),
            Ok(Built::Broken(why)) => Ok(Outcome::Fail(why)),
            Err(error) if error.is_not_found() => Ok(Outcome::Done("The segment is gone.".to_owned())),
            Err(error) => Err(error),
        }
    }
}

pub(super) enum Built {
    Done { joined: u64, left: u64 },
    Stopped,
    Broken(String),
}

/// Rebuilds every published segment, those that others ask about first; for the console. With how long each took, in
/// milliseconds.
pub async fn rebuild_all_now(cx: &Cx, only: Option<SegmentId>) -> Result<Vec<(Segment, i64)>> {
    rebuild_all_but(cx, only, &[]).await
}

/// The same, leaving some out.
pub async fn rebuild_all_but(cx: &Cx, only: Option<SegmentId>, but: &[SegmentId]) -> Result<Vec<(Segment, i64)>> {
    let ws = cx.ws.clone();
    let known = cx.db().read(move |tx| super::known::all(&ws, tx)).await?;
    let asked_for = |id: SegmentId| only.is_none_or(|only| only == id) && !but.contains(&id);
    let wanted = known.ordered.iter().filter(|k| k.segment.published && asked_for(k.segment.id));
    let mut built = Vec::new();
    for together in independent(wanted.cloned().collect()) {
        let ids: Vec<SegmentId> = together.iter().map(|k| k.segment.id).collect();
        rebuild_together(cx, &ids, None).await?;
        for id in ids {
            let segment = cx.db().read(move |tx| store::find(tx, id)).await?;
            let took = segment.build_ms.unwrap_or(0);
            built.push((segment, took));
        }
    }
    Ok(built)
}

/// Segments in groups, in order: no group asks about itself or a later one.
pub(super) fn independent(ordered: Vec<Arc<Known>>) -> Vec<Vec<Arc<Known>>> {
    let mut groups: Vec<Vec<Arc<Known>>> = Vec::new();
    let mut place: HashMap<SegmentId, usize> = HashMap::new();
    for known in ordered {
        let after_all = if known.depends.any_segment { groups.len().checked_sub(1) } else { None };
        let after = known.depends.segments.iter().filter_map(|id| place.get(id).copied()).max().max(after_all);
        let at = after.map_or(0, |at| at + 1);
        if at == groups.len() {
            groups.push(Vec::new());
        }
        place.insert(known.segment.id, at);
        groups[at].push(known);
    }
    groups
}

pub(super) async fn rebuild(cx: &Cx, id: SegmentId, handle: Option<&JobHandle>) -> Result<Built> {
    let built = rebuild_together(cx, &[id], handle).await?;
    Ok(built.into_iter().next().unwrap_or(Built::Stopped))
}

/// Rebuilds segments that do not ask about each other, in one pass over the contacts.
async fn rebuild_together(cx: &Cx, ids: &[SegmentId], handle: Option<&JobHandle>) -> Result<Vec<Built>> {
    let ws = &cx.ws;
    let started = Instant::now();
    let _watches: Vec<Watch> = ids.iter().map(|id| Watch::new(ws, *id)).collect();
    let (ws2, wanted) = (ws.clone(), ids.to_vec());
    let before = cx
        .db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws2, tx)?;
            let one = |id: &SegmentId| Ok::<_, Error>((know(store::find(tx, *id)?, &fields), read_all(tx, *id)?));
            wanted.iter().map(one).collect::<Result<Vec<_>>>()
        })
        .await?;
    let (known, stored): (Vec<Known>, Vec<RoaringBitmap>) = before.into_iter().unzip();
    let now = cx.now();
    let zone = hg_core::time::zone_or(Some(&ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
    let asked: Vec<Asked> = known
        .iter()
        .filter_map(|k| {
            let plan = k.plan.clone()?;
            let everyone = if k.segment.include_anonymous { Everyone::WithVisitors } else { Everyone::Identified };
            Some(Asked { moment: plan.at(now, &zone), plan, everyone })
        })
        .collect();
    let (mut selected, alive) = evaluate(ws, asked).await?;
    let alive = Arc::new(alive);
    let mut built = Vec::with_capacity(known.len());
    for (k, stored) in known.into_iter().zip(stored) {
        if let Some(why) = k.broken {
            let (id, said) = (k.segment.id, why.clone());
            let (ws, segment) = (cx.ws.clone(), k.segment.clone());
            cx.db()
                .write(move |tx| {
                    store::set_broken(tx, id, Some(&said))?;
                    super::told::broken(&ws, tx, &segment, &said)
                })
                .await?;
            built.push(Built::Broken(format!("The filter cannot be understood any more: {why}.")));
            continue;
        }
        let found = k.plan.as_ref().and_then(|_| selected.next());
        // A filter that moves with the clock is looked at again at the next flip, but not all the time.
        let rest = Millis(i64::try_from(started.elapsed().as_millis()).unwrap_or(0) * 10 + 1_000);
        let calendar = k.plan.as_ref().and_then(|p| p.next_calendar_flip(now, &zone));
        let clock = found.as_ref().and_then(|f| f.next_flip).map(|due| due.max(now.plus(rest)));
        let flip = [calendar, clock].into_iter().flatten().min();
        let evaluated = Evaluated { selected: found.map(|f| f.people), stored, alive: alive.clone(), now, flip, started };
        built.push(write(cx, &k.segment, evaluated, handle).await?);
    }
    Ok(built)
}

/// Whom each plan selects, in order; and everybody who is there.
async fn evaluate(ws: &Workspace, mut asked: Vec<Asked>) -> Result<(std::vec::IntoIter<Selected>, RoaringBitmap)> {
    let about_contacts = asked.iter().any(|a| a.plan.scan_leaves().next().is_some());
    if asked.len() == 1 && !about_contacts {
        // One about what people did: nothing of the contacts themselves has to be read.
        let Some(one) = asked.pop() else { return Ok((Vec::new().into_iter(), RoaringBitmap::new())) };
        let found = select(ws, Arc::new(one.plan), Arc::new(one.moment), one.everyone, None).await?;
        return Ok((vec![Selected { people: found.selected, next_flip: found.next_flip }].into_iter(), found.alive));
    }
    if asked.is_empty() {
        return Ok((Vec::new().into_iter(), directory::everyone(ws, Everyone::WithVisitors).await?));
    }
    let (selected, alive) = select_many(ws, asked).await?;
    Ok((selected.into_iter(), alive))
}

/// What a pass found for one segment.
struct Evaluated {
    /// `None` without a filter.
    selected: Option<RoaringBitmap>,
    /// Who was in it before.
    stored: RoaringBitmap,
    alive: Arc<RoaringBitmap>,
    now: Timestamp,
    flip: Option<Timestamp>,
    started: Instant,
}

/// So many pieces are written in one transaction: a million ids.
const TOGETHER: usize = 256;

/// Writes who joins and who leaves, some pieces at a time.
async fn write(cx: &Cx, segment: &Segment, found: Evaluated, handle: Option<&JobHandle>) -> Result<Built> {
    let ws = &cx.ws;
    let (id, version) = (segment.id, segment.version);
    let Evaluated { selected, stored, alive, now, flip, started } = found;
    let (joins, leaves) = cx.db().read(move |tx| differences(tx, id, selected, &stored, &alive)).await?;
    let touched = ws.part::<Touched>();
    let mut done = (0, 0);
    for part in by_piece(&joins, &leaves).chunks(TOGETHER) {
        let (ws2, touched, part) = (ws.clone(), touched.clone(), part.to_vec());
        let written = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                if store::find(tx, id)?.version != version {
                    return Ok::<_, Error>(None);
                }
                let (seen, nobody) = (Piece::split(&touched.seen(id)), Piece::default());
                let mut pieces = Pieces::new(&ws2);
                let (mut joined, mut left) = (RoaringBitmap::new(), RoaringBitmap::new());
                for (number, join, leave) in &part {
                    let seen = seen.get(number).unwrap_or(&nobody);
                    let moved = pieces.set_many(tx, id, *number, &join.but(seen), &leave.but(seen))?;
                    joined |= moved.0.ids(*number);
                    left |= moved.1.ids(*number);
                }
                pieces.write(&ws2, tx)?;
                log_sets(tx, id, &joined, &left, ws2.clock.now(), "filter")?;
                Ok(Some((joined.len(), left.len())))
            })
            .await?;
        // Somebody edited the segment meanwhile: the rebuild that follows the edit does the rest.
        let Some((joined, left)) = written else { return Ok(Built::Done { joined: done.0, left: done.1 }) };
        done = (done.0 + joined, done.1 + left);
        if let Some(handle) = handle {
            let so_far = i64::try_from(done.0 + done.1).unwrap_or(0);
            let total = i64::try_from(joins.len() + leaves.len()).ok();
            if !handle.progress(so_far, total, None).await? {
                return Ok(Built::Stopped);
            }
        }
    }
    let took = i64::try_from(started.elapsed().as_millis()).unwrap_or(0);
    let ws2 = ws.clone();
    cx.db()
        .write(move |tx| {
            finish(&ws2, tx, id, version, took, now, flip)?;
            if done.0 + done.1 > 0 {
                after_many(&ws2, tx, id)?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    Ok(Built::Done { joined: done.0, left: done.1 })
}

/// Who has to join and who has to leave. Without a filter nobody does, except by hand.
fn differences(
    tx: &mut Tx<'_>,
    id: SegmentId,
    selected: Option<RoaringBitmap>,
    stored: &RoaringBitmap,
    alive: &RoaringBitmap,
) -> Result<(RoaringBitmap, RoaringBitmap)> {
    let mut wanted = selected.unwrap_or_else(|| stored.clone());
    let hands: Vec<(u32, i64)> = tx
        .all(Sql::new("SELECT contact_id, state FROM segment_overrides WHERE segment_id = $1").bind(id), |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    for (contact, state) in hands {
        if state > 0 {
            wanted.insert(contact);
        } else {
            wanted.remove(contact);
        }
    }
    wanted &= alive;
    Ok((&wanted - stored, stored - &wanted))
}

/// Who joins and who leaves, piece by piece.
fn by_piece(joins: &RoaringBitmap, leaves: &RoaringBitmap) -> Vec<(i64, Piece, Piece)> {
    let mut leaves = Piece::split(leaves);
    let mut pieces: Vec<_> = Piece::split(joins)
        .into_iter()
        .map(|(number, join)| (number, join, leaves.remove(&number).unwrap_or_default()))
        .collect();
    pieces.extend(leaves.into_iter().map(|(number, leave)| (number, Piece::default(), leave)));
    pieces
}

fn finish(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: SegmentId,
    version: i64,
    took: i64,
    now: Timestamp,
    flip: Option<Timestamp>,
) -> Result<()> {
    let count: Option<i64> = tx.opt(
        Sql::new(
            "UPDATE segments SET building = 0, broken = NULL, built_at = $3, build_ms = $4 WHERE id = $1 AND version = $2 RETURNING members",
        )
        .bind(id)
        .bind(version)
        .bind(now)
        .bind(took),
        |r| r.get(0),
    )?;
    if let Some(count) = count {
        store::set_flip(tx, id, flip)?;
        tx.wake(super::clock::TOPIC);
        tx.announce(super::members::TOPIC, format!(r#"{{"id":{id},"count":{count}}}"#));
    }
    let _ = ws;
    Ok(())
}

/// What follows when many joined or left at once: segments that ask about this one, and campaigns.
pub(super) fn after_many(ws: &Workspace, tx: &mut Tx<'_>, id: SegmentId) -> Result<()> {
    let known = super::known::all(ws, tx)?;
    let now = ws.clock.now();
    for dependent in known.ordered.iter().filter(|k| k.segment.published && k.depends.segments.contains(&id)) {
        push(tx, &dependent.segment, now, None)?;
    }
    crate::sending::audience_changed(ws, tx, id)?;
    crate::campaigns::sources_changed(ws, tx, id)
}

/// Logs who joined and who left, one row for all of each.
pub(super) fn log_sets(
    tx: &mut Tx<'_>,
    id: SegmentId,
    join: &RoaringBitmap,
    leave: &RoaringBitmap,
    now: Timestamp,
    reason: &str,
) -> Result<()> {
    for (bits, joined) in [(join, true), (leave, false)] {
        if bits.is_empty() {
            continue;
        }
        tx.exec(
            Sql::new(
                "INSERT INTO segment_log (segment_id, at, contact_id, joined, people, reason, bits, lowest, highest) \
                 VALUES ($1, $2, NULL, $3, $4, $5, $6, $7, $8)",
            )
            .bind(id)
            .bind(now)
            .bind(joined)
            .bind(i64::try_from(bits.len()).unwrap_or(0))
            .bind(reason)
            .bind(encode(bits))
            .bind(bits.min())
            .bind(bits.max()),
        )?;
    }
    Ok(())
}

/// Logs whom a frozen copy began with.
pub(super) fn log_frozen(tx: &mut Tx<'_>, id: SegmentId, people: &RoaringBitmap, now: Timestamp) -> Result<()> {
    log_sets(tx, id, people, &RoaringBitmap::new(), now, "frozen")
}

/// Logs moves of many contacts at once.
pub(super) fn log_many(tx: &mut Tx<'_>, moves: &[Moved], now: Timestamp, reason: &str) -> Result<()> {
    let mut sets: BTreeMap<SegmentId, (RoaringBitmap, RoaringBitmap)> = BTreeMap::new();
    for moved in moves {
        let (join, leave) = sets.entry(moved.segment).or_default();
        if moved.joined { join } else { leave }.insert(moved.contact.bit());
    }
    for (id, (join, leave)) in &sets {
        log_sets(tx, *id, join, leave, now, reason)?;
    }
    Ok(())
}
