//! Lets a copied campaign run from one due instant to the next.

use std::sync::Arc;

use hg_core::campaigns::{SourceKind, StepType};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::{self, Millis, TimeZone, Timestamp};
use hg_store::{Lane, Sql};
use serde_json::json;

use super::mind::{Deed, Mind, habits, waiting_since};
use super::model::Setup;
use super::outside::NoUserMail;
use super::scratch::Scratch;
use crate::campaigns::members::Entry;
use crate::campaigns::run::Run;
use crate::campaigns::{CallWorker, CampaignTimer, SyncJob, store, sync};
use crate::changes::{self, Happening, ReactorWorker};
use crate::companies::FollowJob;
use crate::engine::{Engine, REACTORS};
use crate::error::{Error, Result};
use crate::jobs::{JobHandle, JobWorker};
use crate::points::DecayClock;
use crate::segments::{self, RebuildJob};
use crate::sending::{self, RehearsedMail};

/// Deeds of one transaction.
const DEEDS: usize = 500;
/// When something is overdue that waits for something else, it is looked at again after this.
const LOOK_AGAIN: Millis = Millis::minutes(15);
/// Contacts who enter in one transaction.
const ENTER: usize = 200;

/// Runs the campaign for so many days; `false`: somebody stopped it.
pub(super) async fn play(scratch: &Scratch, setup: &Setup, handle: Option<&JobHandle>) -> Result<bool> {
    let cx = &scratch.cx;
    let until = scratch.begin.plus(Millis::days(setup.days));
    let mail = RehearsedMail::default();
    let engine = Engine::default()
        .with(ReactorWorker::new(&REACTORS))
        .with(CampaignTimer)
        .with(CallWorker)
        .with(DecayClock)
        .with(JobWorker::new(vec![Arc::new(RebuildJob), Arc::new(SyncJob), Arc::new(FollowJob), Arc::new(NoUserMail)]))
        .with(mail.clone());
    let mut mind = Mind::new(setup);
    if setup.replay {
        let assumed = mind.assumed();
        mind.know(cx.db().read(move |tx| habits(tx, assumed)).await?);
    }
    let campaign = scratch.campaign;
    let plan = cx.db().read(move |tx| Ok::<_, Error>(store::find(tx, campaign, false)?.plan)).await?;
    let on_site: Vec<i64> = plan
        .steps
        .iter()
        .filter(|s| matches!(s.what, StepType::SubmitsForm { .. } | StepType::VisitsPage { .. }))
        .map(|s| s.id.0)
        .collect();
    begin(scratch, setup).await?;
    let zone = time::zone_or(Some(&cx.ws.settings().general.timezone), &TimeZone::UTC);
    let (mut seen, mut told) = (0, 0);
    loop {
        engine.settle(&cx.ws).await?;
        let now = cx.now();
        mind.got(mail.take(), now);
        let (steps, after) = (on_site.clone(), seen);
        let (last, waiting) = cx.db().read(move |tx| waiting_since(tx, &steps, after)).await?;
        seen = last;
        for (contact, step) in waiting {
            if let Some(found) = plan.by_id(step) {
                mind.waited_for(contact, step, &found.what, &cx.ws.site.url, now);
            }
        }
        let due = [mind.next(), engine.next_due(&cx.ws).await?].into_iter().flatten().min();
        let due = due.map(|at| if at > now { at } else { now.plus(LOOK_AGAIN) });
        let Some(at) = due.filter(|at| *at <= until) else { break };
        scratch.clock.stand_at(at);
        if scratch.calendar && now.date(&zone) != at.date(&zone) {
            segments::rebuild_all_now(cx, None).await?;
        }
        act(scratch, mind.until(at)).await?;
        let day = at.since(scratch.begin).0 / Millis::days(1).0;
        if let Some(handle) = handle.filter(|_| day > told) {
            told = day;
            if !handle.progress(day, Some(setup.days), None).await? {
                return Ok(false);
            }
        }
    }
    scratch.clock.stand_at(until);
    Ok(true)
}

/// Publishes the copy with nobody in it, and lets its people in.
async fn begin(scratch: &Scratch, setup: &Setup) -> Result<()> {
    let (campaign, begin, cx) = (scratch.campaign, scratch.begin, &scratch.cx);
    let named = !setup.contacts.is_empty();
    let ws = cx.ws.clone();
    let by_hand = cx
        .db()
        .write(move |tx| {
            tx.exec(Sql::new("UPDATE campaigns SET state = 'paused' WHERE id <> $1").bind(campaign))?;
            tx.exec(Sql::new("DELETE FROM campaign_members WHERE campaign_id = $1").bind(campaign))?;
            tx.exec(
                Sql::new("UPDATE campaign_steps SET done = 0, yes = 0, no = 0, failed = 0, waiting = 0 WHERE campaign_id = $1")
                    .bind(campaign),
            )?;
            let text = "UPDATE campaigns SET state = 'published', members = 0, \
                        publish_down = CASE WHEN publish_down <= $2 THEN NULL ELSE publish_down END WHERE id = $1";
            tx.exec(Sql::new(text).bind(campaign).bind(begin))?;
            let sources = store::sources(tx, campaign)?;
            let from_segments = sources.iter().any(|s| s.kind.holds());
            if from_segments && !named {
                sync::push(&ws, tx, campaign)?;
            }
            Ok::<_, Error>(named || !from_segments || sources.iter().any(|s| s.kind == SourceKind::Form))
        })
        .await?;
    if !by_hand {
        return Ok(());
    }
    let ids: Vec<u32> = scratch.people.iter().collect();
    for part in ids.chunks(ENTER) {
        let (ws, part) = (cx.ws.clone(), part.to_vec());
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                let mut run = Run::new(&ws, tx);
                for bit in &part {
                    run.enter(campaign, ContactId::from_bit(*bit), Entry::ByHand)?;
                }
                run.finish()
            })
            .await?;
    }
    Ok(())
}

/// People do what they had in mind.
async fn act(scratch: &Scratch, deeds: Vec<Deed>) -> Result<()> {
    for part in deeds.chunks(DEEDS) {
        let (part, now) = (part.to_vec(), scratch.cx.now());
        scratch
            .cx
            .db()
            .write_in(Lane::Live, move |tx| {
                for deed in &part {
                    match deed {
                        Deed::Open(send) => sending::answer(tx, now, *send, None)?,
                        Deed::Click(send, url) => sending::answer(tx, now, *send, Some(url))?,
                        Deed::Submit(contact, form) => {
                            changes::record(tx, Happening::new(*contact, EventKind::FormSubmitted, now).object(*form))?;
                        }
                        Deed::Visit(contact, page, url) => {
                            let hit = Happening::new(*contact, EventKind::PageHit, now).object(*page);
                            changes::record(tx, hit.detail(json!({ "url": url })))?;
                        }
                    }
                }
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(())
}

/// The days of a simulation as a person counts them.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> String {
    time::format_date(at.date(zone))
}
