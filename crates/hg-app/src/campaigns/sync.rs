//! Brings the members of a campaign in line with its segments when many changed at once: at publishing, and after the
//! rebuild of a segment. Single changes do not come this way; the reactor sees them one by one.

use async_trait::async_trait;
use hg_core::campaigns::{Source, SourceKind};
use hg_core::ids::{CampaignId, CompanySegmentId, ContactId, SegmentId};
use hg_core::time::Timestamp;
use hg_store::{Flow, Lane, Sql, Tx};
use roaring::RoaringBitmap;

use super::members::Entry;
use super::run::Run;
use super::store;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::workspace::Workspace;

/// Contacts of one transaction: each may run several steps.
const CHUNK: usize = 100;

/// The people whom a source holds now; nobody for a form, which only lets people in.
pub(super) fn held(ws: &Workspace, tx: &mut Tx<'_>, source: Source) -> Result<RoaringBitmap> {
    match source.kind {
        SourceKind::Segment => Ok((*crate::segments::members(ws, tx, SegmentId(source.id))?).clone()),
        SourceKind::CompanySegment => crate::company_segments::contacts_of(tx, CompanySegmentId(source.id)),
        SourceKind::Form => Ok(RoaringBitmap::new()),
    }
}

/// Companies got many contacts at once: the running campaigns that segments of companies feed follow.
pub fn company_sources_changed(ws: &Workspace, tx: &mut Tx<'_>) -> Result<()> {
    for campaign in store::fed_by_companies(tx)? {
        push(ws, tx, campaign)?;
    }
    Ok(())
}

/// Many joined or left a segment at once: its running campaigns follow.
pub fn sources_changed(ws: &Workspace, tx: &mut Tx<'_>, segment: SegmentId) -> Result<()> {
    for campaign in store::fed_by(tx, Source { kind: SourceKind::Segment, id: segment.0 })? {
        push(ws, tx, campaign)?;
    }
    Ok(())
}

/// Queues the job for one campaign.
pub(super) fn push(ws: &Workspace, tx: &mut Tx<'_>, campaign: CampaignId) -> Result<()> {
    let now = ws.clock.now();
    let name = store::names(tx, &[campaign.0])?.remove(&campaign.0).unwrap_or_default();
    push_job(tx, now, SyncJob::KIND, campaign, format!("Bring people into “{name}”"))
}

/// Queues work on one campaign; of each kind at most one waits.
pub(super) fn push_job(tx: &mut Tx<'_>, now: Timestamp, kind: &'static str, campaign: CampaignId, title: String) -> Result<()> {
    let job = NewJob {
        kind,
        dedupe_key: Some(format!("{kind}:{campaign}")),
        title,
        payload: serde_json::json!({ "campaign": campaign }),
        due_at: now,
        visible: true,
        link: Some(format!("/campaigns/{campaign}")),
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// The campaign that such a job is about.
pub(super) fn campaign_of(job: &Job) -> Option<CampaignId> {
    job.payload.get("campaign").and_then(serde_json::Value::as_i64).map(CampaignId)
}

/// Lets in whom the segments hold and nobody let in yet, and takes out automatic members whom none holds any more.
pub struct SyncJob;

impl SyncJob {
    pub const KIND: &'static str = "campaign.sync";
}

#[async_trait]
impl JobRunner for SyncJob {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let Some(campaign) = campaign_of(job) else {
            return Ok(Outcome::Fail("The task does not say which campaign.".into()));
        };
        let ws = cx.ws.clone();
        let (enter, leave) = cx.db().write_in(Lane::Bulk, move |tx| difference(&ws, tx, campaign)).await?;
        let total = i64::try_from(enter.len() + leave.len()).unwrap_or(i64::MAX);
        let mut done = 0;
        let moves = enter.iter().map(|c| (c, true)).chain(leave.iter().map(|c| (c, false))).collect::<Vec<_>>();
        for chunk in moves.chunks(CHUNK) {
            let (ws, part) = (cx.ws.clone(), chunk.to_vec());
            cx.db().write_in(Lane::Bulk, move |tx| apply(&ws, tx, campaign, &part)).await?;
            done += i64::try_from(chunk.len()).unwrap_or(0);
            if !handle.progress(done, Some(total), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Done(format!("{} entered, {} left.", enter.len(), leave.len())))
    }
}

fn difference(ws: &Workspace, tx: &mut Tx<'_>, campaign: CampaignId) -> Result<(RoaringBitmap, RoaringBitmap)> {
    let mut wanted = RoaringBitmap::new();
    let mut holds = false;
    for source in store::sources(tx, campaign)? {
        holds |= source.kind.holds();
        wanted |= held(ws, tx, source)?;
    }
    let (mut known, mut automatic) = (RoaringBitmap::new(), RoaringBitmap::new());
    tx.each(
        Sql::new("SELECT contact_id, CASE WHEN state = 'active' AND by_hand = 0 THEN 1 ELSE 0 END, state FROM campaign_members WHERE campaign_id = $1").bind(campaign),
        |r| {
            let contact: ContactId = r.get(0)?;
            // Who left may come back where the campaign allows it; entering decides that.
            if r.get::<String>(2)? != "left" {
                known.insert(contact.bit());
            }
            if r.get(1)? {
                automatic.insert(contact.bit());
            }
            Ok(Flow::Next)
        },
    )?;
    let leave = if holds { &automatic - &wanted } else { RoaringBitmap::new() };
    Ok((wanted - known, leave))
}

fn apply(ws: &Workspace, tx: &mut Tx<'_>, campaign: CampaignId, moves: &[(u32, bool)]) -> Result<(), Error> {
    let mut run = Run::new(ws, tx);
    for (bit, enters) in moves {
        let contact = ContactId::from_bit(*bit);
        if *enters {
            run.enter(campaign, contact, Entry::Segment)?;
        } else {
            run.leave(campaign, contact, false, "The contact left the segment that feeds the campaign.")?;
        }
    }
    run.finish()
}
