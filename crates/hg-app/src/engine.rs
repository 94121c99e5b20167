//! Runs the workers: in the server until it stops, in tests and the demo until nothing is due.

use std::sync::Arc;
use std::time::Duration;

use hg_core::time::Timestamp;
use tokio::task::JoinSet;

use crate::campaigns;
use crate::changes::{Reactor, ReactorWorker};
use crate::clock_watch::ClockWatch;
use crate::companies;
use crate::company_segments;
use crate::contacts;
use crate::cx::Cx;
use crate::deliverability;
use crate::duplicates;
use crate::error::Result;
use crate::exports;
use crate::fields;
use crate::imports;
use crate::jobs::JobWorker;
use crate::points;
use crate::privacy;
use crate::returns;
use crate::segments;
use crate::sending::{self, MailWorker};
use crate::stages;
use crate::worker::Worker;
use crate::workspace::Workspace;

/// How long a worker sleeps at most before it looks by itself; announcements are only hints.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a worker rests after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The workers of a workspace.
#[derive(Clone, Default)]
pub struct Engine {
    workers: Vec<Arc<dyn Worker>>,
}

impl Engine {
    #[must_use]
    pub fn with(mut self, worker: impl Worker) -> Self {
        self.workers.push(Arc::new(worker));
        self
    }

    /// Runs every worker until the workspace stops.
    pub async fn run(&self, ws: &Workspace) {
        let mut tasks = JoinSet::new();
        for worker in &self.workers {
            for _ in 0..worker.parallel() {
                tasks.spawn(work(worker.clone(), ws.clone()));
            }
            let (worker, ws) = (worker.clone(), ws.clone());
            tasks.spawn(async move { worker.watch(&Cx::system(&ws)).await });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Runs everything that is due at the clock's present instant, and what follows from it, until nothing is left.
    pub async fn settle(&self, ws: &Workspace) -> Result<usize> {
        let cx = Cx::system(ws);
        let mut total = 0;
        loop {
            let mut round = 0;
            for worker in &self.workers {
                loop {
                    let done = worker.run_once(&cx).await?;
                    round += done;
                    if done == 0 {
                        break;
                    }
                }
            }
            if round == 0 {
                return Ok(total);
            }
            total += round;
        }
    }

    /// The next instant at which anything falls due.
    pub async fn next_due(&self, ws: &Workspace) -> Result<Option<Timestamp>> {
        let cx = Cx::system(ws);
        let mut next = None;
        for worker in &self.workers {
            if let Some(due) = worker.next_due(&cx).await? {
                next = Some(next.map_or(due, |n: Timestamp| n.min(due)));
            }
        }
        Ok(next)
    }
}

/// Who reacts to changes, in order.
pub(crate) static REACTORS: [&dyn Reactor; 4] =
    [&segments::SegmentReactor, &points::PointsReactor, &campaigns::CampaignReactor, &sending::EvergreenReactor];

/// Every worker of the product. A domain adds its reactor, its jobs or its worker here.
///
/// Segments come before campaigns and sends: those see the joins and leaves of the same moment.
pub fn standard() -> Engine {
    Engine::default()
        .with(ClockWatch)
        .with(ReactorWorker::new(&REACTORS))
        .with(company_segments::CompanySegmentReactor)
        .with(company_segments::BuildClock)
        .with(segments::SegmentClock)
        .with(segments::ExpiryClock)
        .with(campaigns::CampaignTimer)
        .with(campaigns::CallWorker)
        .with(points::DecayClock)
        .with(privacy::RetentionClock)
        .with(JobWorker::new(vec![
            Arc::new(companies::FollowJob),
            Arc::new(company_segments::BuildJob),
            Arc::new(companies::AdoptJob),
            Arc::new(contacts::BulkJob),
            Arc::new(duplicates::FindJob),
            Arc::new(privacy::SweepJob),
            Arc::new(privacy::CleanUpJob),
            Arc::new(duplicates::MergeSafeJob),
            Arc::new(exports::ExportJob),
            Arc::new(fields::ConvertJob),
            Arc::new(fields::DropColumn),
            Arc::new(imports::DryRunJob),
            Arc::new(imports::ImportJob),
            Arc::new(imports::UndoJob),
            Arc::new(imports::ScheduleJob),
            Arc::new(points::ExistingJob),
            Arc::new(segments::RebuildJob),
            Arc::new(stages::ClearJob),
            Arc::new(campaigns::SyncJob),
            Arc::new(campaigns::EditJob),
            Arc::new(campaigns::simulate::SimulateJob),
            Arc::new(sending::FillJob),
            Arc::new(sending::LaneJob),
            Arc::new(crate::emails::family::DecideJob),
            Arc::new(sending::UserMailJob),
            Arc::new(sending::HouseMailJob),
        ]))
        .with(exports::ExpiryWorker)
        .with(imports::NotesExpiry)
        .with(imports::ScheduleClock)
        .with(deliverability::DnsWorker)
        .with(returns::MailboxWorker)
        .with(returns::Expiry)
        .with(MailWorker)
}

async fn work(worker: Arc<dyn Worker>, ws: Workspace) {
    let cx = Cx::system(&ws);
    let wakes = ws.db.wakes(worker.topics());
    while !ws.is_stopping() {
        match worker.run_once(&cx).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(worker = worker.name(), error = %error, cause = ?error.source, "A worker failed and will try again");
                tokio::select! {
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                    () = ws.stopped() => return,
                }
                continue;
            }
        }
        let wait = match worker.next_due(&cx).await {
            Ok(Some(due)) => Duration::from_millis(u64::try_from(due.since(cx.now()).0).unwrap_or(0)).min(LOOK_EVERY),
            _ => LOOK_EVERY,
        };
        tokio::select! {
            () = wakes.woken() => {}
            () = tokio::time::sleep(wait) => {}
            () = ws.stopped() => return,
        }
    }
}
