//! Tests between variants: begun, looked at, ended by a winner.

use std::collections::BTreeMap;

use async_trait::async_trait;
use hg_core::emails::{ALPHA, Arm, Criterion, Lift, leader, lift, winner};
use hg_core::ids::{EmailId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::Tx;
use serde_json::{Value as Json, json};

use super::members::parent;
use super::store::{self, Member, NewRow, Role, TrialRow};
use crate::audit::{self, Changes, Deed};
use crate::cx::{Action, Area, Cx};
use crate::emails::model::{Email, EmailError, SendingState};
use crate::emails::{service, store as emails};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

/// How often a running test is looked at by itself.
const LOOK: Millis = Millis::minutes(60);
const KIND: &str = "email.decide";

/// What somebody wants to test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewTrial {
    pub criterion: Criterion,
    /// Percent of the audience that takes part.
    pub share: i64,
    /// The winner is taken as soon as there is a clear one.
    pub automatic: bool,
    /// After so many hours the best one so far is taken; none: only a clear winner, or somebody's decision, ends it.
    pub hours: Option<i64>,
}

/// A test and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub id: i64,
    pub started_at: Timestamp,
    pub criterion: Criterion,
    pub share: i64,
    pub automatic: bool,
    pub decide_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// `automatic`, `deadline`, `hand`, `called_off` or `changed`.
    pub ended_how: Option<String>,
    pub winner: Option<EmailId>,
    /// The parent first.
    pub arms: Vec<TrialArm>,
    /// The clear winner at this look.
    pub clear: Option<EmailId>,
}

/// One variant in a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialArm {
    pub id: EmailId,
    pub name: String,
    pub arm: Arm,
    /// Against the parent; none for the parent itself.
    pub lift: Option<Lift>,
}

/// An email with its variants, translations and tests.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyView {
    pub parent: Email,
    pub children: Vec<Member>,
    /// The weight that is left for the parent.
    pub parent_weight: i64,
    pub running: Option<Trial>,
    pub past: Vec<Trial>,
}

pub(super) fn view(tx: &mut Tx<'_>, email: &Email) -> Result<FamilyView> {
    let parent = emails::find(tx, email.id)?.ok_or_else(|| Error::not_found("email", email.id))?;
    let children = store::children(tx, email.id)?;
    let taken: i64 = children.iter().filter(|m| m.role == Role::Variant).map(|m| m.weight).sum();
    let running = match store::running(tx, email.id)? {
        Some(row) => {
            let arms = arms(&parent, &children, &row);
            Some(told(row, arms))
        }
        None => None,
    };
    let past = store::past(tx, email.id)?.into_iter().map(|row| {
        let arms = frozen(row.figures.as_ref());
        told(row, arms)
    });
    Ok(FamilyView { past: past.collect(), children, parent_weight: (100 - taken).max(0), running, parent })
}

fn told(row: TrialRow, arms: Vec<(EmailId, String, Arm)>) -> Trial {
    let figures: Vec<Arm> = arms.iter().map(|a| a.2).collect();
    let clear = winner(&figures).and_then(|at| arms.get(at)).map(|a| a.0);
    let pairs = (figures.len() * figures.len().saturating_sub(1) / 2).max(1);
    let against = figures.first().copied().unwrap_or_default();
    let arms = arms.into_iter().enumerate().map(|(number, (id, name, arm))| TrialArm {
        id,
        name,
        arm,
        lift: (number > 0).then(|| lift(arm, against, ALPHA / pairs as f64)),
    });
    Trial {
        id: row.id,
        started_at: row.started_at,
        criterion: row.criterion,
        share: row.share,
        automatic: row.automatic,
        decide_at: row.decide_at,
        ended_at: row.ended_at,
        ended_how: row.ended_how,
        winner: row.winner,
        arms: arms.collect(),
        clear,
    }
}

/// What was counted of every member so far, the parent without its children.
fn counted(parent: &Email, children: &[Member]) -> BTreeMap<i64, [i64; 3]> {
    let mut all: BTreeMap<i64, [i64; 3]> = children.iter().map(|m| (m.id.0, [m.sent, m.opened, m.clicked])).collect();
    let of_children = |at: usize| all.values().map(|figures| figures[at]).sum::<i64>();
    let own =
        [parent.counts.sent - of_children(0), parent.counts.opened - of_children(1), parent.counts.clicked - of_children(2)];
    all.insert(parent.id.0, own);
    all
}

/// The parent and its variants with what they got since the test began.
fn arms(parent: &Email, children: &[Member], row: &TrialRow) -> Vec<(EmailId, String, Arm)> {
    let now = counted(parent, children);
    let before = |id: i64, at: usize| row.before.get(id.to_string()).and_then(|f| f.get(at)).and_then(Json::as_i64).unwrap_or(0);
    let since = |id: i64, at: usize| (now.get(&id).map_or(0, |f| f[at]) - before(id, at)).max(0);
    let place = if row.criterion == Criterion::Opens { 1 } else { 2 };
    let arm = |id: i64| Arm { sent: since(id, 0), responses: since(id, place) };
    let variants = children.iter().filter(|m| m.role == Role::Variant && m.published);
    std::iter::once((parent.id, parent.name.clone(), arm(parent.id.0)))
        .chain(variants.map(|m| (m.id, m.name.clone(), arm(m.id.0))))
        .collect()
}

fn frozen(figures: Option<&Json>) -> Vec<(EmailId, String, Arm)> {
    let read = |one: &Json| {
        let number = |key: &str| one.get(key).and_then(Json::as_i64);
        let name = one.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        Some((EmailId(number("id")?), name, Arm { sent: number("sent")?, responses: number("responses")? }))
    };
    figures.and_then(Json::as_array).into_iter().flatten().filter_map(read).collect()
}

/// Begins a test: the variants take part from now on.
pub async fn begin(cx: &Cx, id: EmailId, new: NewTrial) -> Result<FamilyView> {
    cx.may(Action::Edit(Area::Emails))?;
    if !(1..=100).contains(&new.share) {
        return Err(Error::field("/share", "share", "Test on 1 to 100 percent of the audience."));
    }
    if new.hours.is_some_and(|hours| !(1..=24 * 90).contains(&hours)) {
        return Err(Error::field("/hours", "hours", "Wait from 1 hour to 90 days."));
    }
    if new.share < 100 && !new.automatic && new.hours.is_none() {
        let detail = "Say when the rest of the audience gets the winner: by itself, or after some hours.";
        return Err(Error::field("/hours", "hours", detail));
    }
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = parent(tx, id)?;
            if !store::children(tx, id)?.iter().any(|m| m.role == Role::Variant) {
                return Err(EmailError::NoVariants.into());
            }
            if store::running(tx, id)?.is_some() {
                return Err(EmailError::TestRuns.into());
            }
            store::publish_variants(tx, id, true)?;
            set_out(tx, now, by, &email, new)?;
            let changes = Changes::new().touched("test", true);
            audit::record(tx, &who, service::entry(Deed::Update, &email).changes(changes))?;
            view(tx, &email)
        })
        .await
}

fn set_out(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, email: &Email, new: NewTrial) -> Result<()> {
    let before: BTreeMap<String, [i64; 3]> =
        counted(email, &store::children(tx, email.id)?).into_iter().map(|(id, figures)| (id.to_string(), figures)).collect();
    let decide_at = new.hours.map(|hours| now.plus(Millis::minutes(hours * 60)));
    let before = json!(before);
    let row = NewRow {
        parent: email.id,
        criterion: new.criterion,
        share: new.share,
        automatic: new.automatic,
        decide_at,
        before: &before,
    };
    store::insert(tx, now, by, &row)?;
    if new.automatic || decide_at.is_some() {
        push_look(tx, now, email, decide_at)?;
    }
    Ok(())
}

fn push_look(tx: &mut Tx<'_>, now: Timestamp, email: &Email, decide_at: Option<Timestamp>) -> Result<()> {
    let due_at = decide_at.map_or(now.plus(LOOK), |at| at.min(now.plus(LOOK)));
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(format!("{KIND}:{}", email.id)),
        title: format!("Look at the test of “{}”", email.name),
        payload: json!({"email_id": email.id.0}),
        due_at,
        visible: false,
        link: Some(format!("/emails/{}", email.id)),
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// A client of the old API made or changed a published variant: a test on everybody begins, if none runs.
pub(super) fn begin_for_client(
    tx: &mut Tx<'_>,
    now: Timestamp,
    by: Option<UserId>,
    id: EmailId,
    criterion: Criterion,
) -> Result<()> {
    if store::running(tx, id)?.is_some() {
        return Ok(());
    }
    let Some(email) = emails::find(tx, id)? else { return Ok(()) };
    set_out(tx, now, by, &email, NewTrial { criterion, share: 100, automatic: false, hours: None })
}

/// Ends a test without a winner; the email itself goes on alone.
pub async fn call_off(cx: &Cx, id: EmailId) -> Result<FamilyView> {
    end_by_hand(cx, id, None).await
}

/// Makes a member the winner: everybody gets it from now on, the variants stop, the figures are kept.
pub async fn win(cx: &Cx, id: EmailId, chosen: EmailId) -> Result<FamilyView> {
    end_by_hand(cx, id, Some(chosen)).await
}

async fn end_by_hand(cx: &Cx, id: EmailId, chosen: Option<EmailId>) -> Result<FamilyView> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = parent(tx, id)?;
            let Some(row) = store::running(tx, id)? else { return Err(EmailError::NoTest.into()) };
            let arms = arms(&email, &store::children(tx, id)?, &row);
            if let Some(chosen) = chosen {
                let Some((_, _, arm)) = arms.iter().find(|a| a.0 == chosen) else {
                    return Err(Error::field("/winner", "winner", "Choose the email itself or one of its variants."));
                };
                if arm.sent == 0 {
                    return Err(EmailError::NoData.into());
                }
            }
            let how = if chosen.is_some() { "hand" } else { "called_off" };
            finish(tx, now, by, &email, &row, &arms, chosen, how)?;
            let after = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            let changes = Changes::new().touched("test", true).touched("content", after.content != email.content);
            audit::record(tx, &who, service::entry(Deed::Update, &after).changes(changes))?;
            view(tx, &after)
        })
        .await
}

/// Writes the end of a test, and gives the rest of the audience what won.
#[expect(clippy::too_many_arguments, reason = "one end of one test, told whole")]
fn finish(
    tx: &mut Tx<'_>,
    now: Timestamp,
    by: Option<UserId>,
    email: &Email,
    row: &TrialRow,
    arms: &[(EmailId, String, Arm)],
    chosen: Option<EmailId>,
    how: &str,
) -> Result<()> {
    let figures =
        arms.iter().map(|(id, name, arm)| json!({"id": id, "name": name, "sent": arm.sent, "responses": arm.responses}));
    store::end(tx, now, by, row.id, how, chosen, &figures.collect())?;
    store::publish_variants(tx, email.id, false)?;
    if let Some(best) = chosen.filter(|best| *best != email.id) {
        let best = emails::find(tx, best)?.ok_or_else(|| Error::not_found("email", best))?;
        let mut after = email.clone();
        after.content = crate::emails::Content { language: email.content.language.clone(), ..best.content };
        after.version += 1;
        after.revision += i64::from(after.content != email.content);
        emails::save(tx, now, &after)?;
    }
    if email.send_state == SendingState::Sending {
        crate::sending::fill_rest(tx, now, email, by)?;
    }
    Ok(())
}

/// The content of a member changed while a test runs: what was counted is kept, and it begins anew.
pub(in crate::emails) fn changed(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, changed: &Email) -> Result<()> {
    let id = match changed.parent {
        Some((_, Role::Translation)) => return Ok(()),
        Some((parent, Role::Variant)) => parent,
        None => changed.id,
    };
    let Some(row) = store::running(tx, id)? else { return Ok(()) };
    let Some(email) = emails::find(tx, id)? else { return Ok(()) };
    let children = store::children(tx, id)?;
    let arms = arms(&email, &children, &row);
    if arms.iter().all(|(_, _, arm)| arm.sent == 0) {
        return Ok(());
    }
    let figures =
        arms.iter().map(|(id, name, arm)| json!({"id": id, "name": name, "sent": arm.sent, "responses": arm.responses}));
    store::end(tx, now, by, row.id, "changed", None, &figures.collect())?;
    let hours = row.decide_at.map(|at| (at.since(now).0 / Millis::minutes(60).0).max(1));
    let again = NewTrial { criterion: row.criterion, share: row.share, automatic: row.automatic, hours };
    set_out(tx, now, by, &email, again)
}

/// Looks at a running test, and ends it when its time has come.
pub struct DecideJob;

#[async_trait]
impl JobRunner for DecideJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, _handle: &JobHandle) -> Result<Outcome> {
        let id = EmailId(job.payload.get("email_id").and_then(Json::as_i64).unwrap_or(0));
        let now = cx.now();
        let again = cx
            .db()
            .write(move |tx| {
                let (Some(row), Some(email)) = (store::running(tx, id)?, emails::find(tx, id)?) else { return Ok(None) };
                let arms = arms(&email, &store::children(tx, id)?, &row);
                let figures: Vec<Arm> = arms.iter().map(|a| a.2).collect();
                let of = |at: usize| arms.get(at).map(|a| a.0);
                if row.automatic
                    && let Some(best) = winner(&figures).and_then(of)
                {
                    finish(tx, now, None, &email, &row, &arms, Some(best), "automatic")?;
                    return Ok(None);
                }
                let Some(decide_at) = row.decide_at else { return Ok(Some(LOOK)) };
                if decide_at > now {
                    return Ok(Some(LOOK.min(decide_at.since(now))));
                }
                // Nobody responded: the email stays what it is.
                let best = leader(&figures).and_then(of).unwrap_or(email.id);
                finish(tx, now, None, &email, &row, &arms, Some(best), "deadline")?;
                Ok::<_, Error>(None)
            })
            .await?;
        Ok(match again {
            Some(wait) => Outcome::Retry(wait, "No clear winner yet.".into()),
            None => Outcome::Done("The test has ended.".into()),
        })
    }
}
