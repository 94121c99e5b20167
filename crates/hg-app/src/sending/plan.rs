//! When and how fast a send to segments goes out, and who said yes to it.
//!
//! `idle → (asked →) scheduled → sending ⇄ paused → sent`. Until it begins nothing is in the ledger, so calling it back
//! leaves no trace; afterwards the rest can be cancelled. Whoever may not send asks, and an administrator answers.

use hg_core::ids::{EmailId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};

use super::lanes::push_lane_job;
use super::queue::sendable;
use super::segment::{self, SegmentSend, push_fill, reload};
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::emails::{self, Email, EmailError, SendingState};
use crate::error::{Error, FieldError, Result};

/// Not sooner than wanted, and not later than this.
const FARTHEST: Millis = Millis::days(366);
/// The fastest that can be asked for; more is no limit.
const FASTEST: i64 = 10_000_000;
/// The longest time to change one's mind.
const LONGEST_UNDO: i64 = 60;
const LONGEST_ANSWER: usize = 1_000;

/// How a send is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wish {
    /// Not before; none: at once.
    pub at: Option<Timestamp>,
    /// Minutes in which it can be called back.
    pub undo_minutes: i64,
    /// At most so many an hour; 0: as fast as it goes.
    pub per_hour: i64,
    /// Whoever joins the audience later gets it too; none: as the email says.
    pub evergreen: Option<bool>,
}

/// How a send is to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendPlan {
    pub starts_at: Timestamp,
    pub per_hour: i64,
    pub asked_by: Option<UserId>,
    pub asked_at: Timestamp,
    pub answered_by: Option<UserId>,
    /// Why somebody said no.
    pub answer: Option<String>,
    pub paused_at: Option<Timestamp>,
}

/// The plan of an email's send, if one was ever made.
pub(super) fn find(tx: &mut Tx<'_>, email: EmailId) -> Result<Option<SendPlan>> {
    let text =
        "SELECT starts_at, per_hour, asked_by, asked_at, answered_by, answer, paused_at FROM send_plans WHERE email_id = $1";
    Ok(tx.opt(Sql::new(text).bind(email), |r| {
        Ok(SendPlan {
            starts_at: r.get(0)?,
            per_hour: r.get(1)?,
            asked_by: r.get(2)?,
            asked_at: r.get(3)?,
            answered_by: r.get(4)?,
            answer: r.get(5)?,
            paused_at: r.get(6)?,
        })
    })?)
}

/// An email's plan, for whoever looks.
pub async fn plan(cx: &Cx, id: EmailId) -> Result<(Email, Option<SendPlan>)> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            Ok((email, find(tx, id)?))
        })
        .await
}

fn refuse_nonsense(now: Timestamp, wish: &Wish) -> Result<()> {
    let mut wrong = Vec::new();
    if wish.at.is_some_and(|at| at > now.plus(FARTHEST)) {
        wrong.push(FieldError::new("/at", "range", "Choose a time within a year."));
    }
    if !(0..=LONGEST_UNDO).contains(&wish.undo_minutes) {
        wrong.push(FieldError::new("/undo_minutes", "range", "Choose between 0 and 60 minutes."));
    }
    if !(0..=FASTEST).contains(&wish.per_hour) {
        wrong.push(FieldError::new("/per_hour", "range", "Choose a number of mails an hour, or 0 for no limit."));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// Sends an email to its segments as wanted, or begins again for those who joined since. Who may not send asks for it.
pub async fn send_to_segments(cx: &Cx, id: EmailId, wish: Wish) -> Result<SegmentSend> {
    cx.may(Action::AskToSend)?;
    let may_send = cx.may(Action::Send).is_ok();
    if super::sender_of(&cx.ws).is_empty() {
        return Err(EmailError::NoSender.into());
    }
    let (now, by, who) = (cx.now(), cx.user_id(), cx.who());
    refuse_nonsense(now, &wish)?;
    cx.db()
        .write(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            let starts_at = wish.at.unwrap_or(now).max(now.plus(Millis::minutes(wish.undo_minutes)));
            sendable(&email, starts_at)?;
            write(
                tx,
                id,
                &SendPlan {
                    starts_at,
                    per_hour: wish.per_hour,
                    asked_by: by,
                    asked_at: now,
                    answered_by: None,
                    answer: None,
                    paused_at: None,
                },
            )?;
            if let Some(evergreen) = wish.evergreen {
                tx.exec(Sql::new("UPDATE emails SET evergreen = $2 WHERE id = $1").bind(id).bind(evergreen))?;
            }
            audit::record(tx, &who, Entry::new(Deed::Send, "email", id.0, &email.name))?;
            if may_send {
                begin(tx, now, &email, starts_at, by)?
            } else {
                set_state(tx, id, SendingState::Asked)?
            }
            reload(tx, id)
        })
        .await
}

fn write(tx: &mut Tx<'_>, email: EmailId, plan: &SendPlan) -> Result<()> {
    tx.exec(
        Sql::new(
            "INSERT INTO send_plans (email_id, starts_at, per_hour, asked_by, asked_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (email_id) DO UPDATE SET starts_at = excluded.starts_at, per_hour = excluded.per_hour, \
             asked_by = excluded.asked_by, asked_at = excluded.asked_at, answered_by = NULL, answer = NULL, paused_at = NULL",
        )
        .bind(email)
        .bind(plan.starts_at)
        .bind(plan.per_hour)
        .bind(plan.asked_by)
        .bind(plan.asked_at),
    )?;
    Ok(())
}

fn set_state(tx: &mut Tx<'_>, id: EmailId, state: SendingState) -> Result<()> {
    let text = "UPDATE emails SET send_state = $2, send_filled = 0, stopped_reason = NULL WHERE id = $1";
    tx.exec(Sql::new(text).bind(id).bind(state.key()))?;
    Ok(())
}

/// Lets it go, now or when its time has come.
fn begin(tx: &mut Tx<'_>, now: Timestamp, email: &Email, starts_at: Timestamp, by: Option<UserId>) -> Result<()> {
    let state = if starts_at > now { SendingState::Scheduled } else { SendingState::Sending };
    set_state(tx, email.id, state)?;
    // An earlier wish with another time is no longer meant.
    segment::forget_fill(tx, email.id)?;
    push_fill(tx, now, email, starts_at, by)
}

/// Says yes to a send that somebody asked for. The time to change one's mind counts from now.
pub async fn approve(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    let (now, by, who) = (cx.now(), cx.user_id(), cx.who());
    cx.db()
        .write(move |tx| {
            let (email, plan) = asked(tx, id)?;
            let late = now.since(plan.asked_at).max(Millis(0));
            // Asked for five minutes to change one's mind: they count from the answer. A fixed time stays what it is.
            let soon = plan.starts_at.since(plan.asked_at) <= Millis::minutes(LONGEST_UNDO);
            let starts_at = if soon { plan.starts_at.plus(late) } else { plan.starts_at };
            sendable(&email, starts_at)?;
            let text = "UPDATE send_plans SET answered_by = $2, answer = NULL, starts_at = $3 WHERE email_id = $1";
            tx.exec(Sql::new(text).bind(id).bind(by).bind(starts_at))?;
            audit::record(tx, &who, Entry::new(Deed::Publish, "email", id.0, &email.name))?;
            begin(tx, now, &email, starts_at, plan.asked_by)?;
            reload(tx, id)
        })
        .await
}

/// Says no, and why.
pub async fn refuse(cx: &Cx, id: EmailId, answer: &str) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    let (by, who, answer) = (cx.user_id(), cx.who(), answer.trim().to_owned());
    if answer.is_empty() || answer.chars().count() > LONGEST_ANSWER {
        return Err(Error::field("/answer", "required", "Say in a sentence what should change first."));
    }
    cx.db()
        .write(move |tx| {
            let (email, _) = asked(tx, id)?;
            let text = "UPDATE send_plans SET answered_by = $2, answer = $3 WHERE email_id = $1";
            tx.exec(Sql::new(text).bind(id).bind(by).bind(&answer))?;
            set_state(tx, id, rested(&email))?;
            audit::record(tx, &who, Entry::new(Deed::Unpublish, "email", id.0, &email.name))?;
            reload(tx, id)
        })
        .await
}

fn asked(tx: &mut Tx<'_>, id: EmailId) -> Result<(Email, SendPlan)> {
    let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
    match find(tx, id)? {
        Some(plan) if email.send_state == SendingState::Asked => Ok((email, plan)),
        _ => Err(EmailError::NotAsked.into()),
    }
}

/// The state of an email that is not on its way.
fn rested(email: &Email) -> SendingState {
    if email.counts.sent > 0 { SendingState::Sent } else { SendingState::Idle }
}

/// Calls a send back before it begins, or cancels what is left of it. What left the house cannot be called back; who was
/// left out can be sent to another time.
pub async fn call_back(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::AskToSend)?;
    let may_send = cx.may(Action::Send).is_ok();
    let (now, who) = (cx.now(), cx.who());
    let running = cx
        .db()
        .write(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            let running = match email.send_state {
                SendingState::Asked | SendingState::Scheduled => false,
                SendingState::Sending | SendingState::Paused => true,
                SendingState::Idle | SendingState::Sent => return Err(EmailError::NotSending.into()),
            };
            // Who asked may take the question back; stopping what runs is for those who may send.
            if !may_send && email.send_state != SendingState::Asked {
                return Err(EmailError::NeedsApproval.into());
            }
            segment::forget_fill(tx, id)?;
            set_state(tx, id, rested(&email))?;
            push_lane_job(tx, now, id)?;
            audit::record(tx, &who, Entry::new(Deed::Undo, "email", id.0, &email.name))?;
            Ok::<_, Error>(running)
        })
        .await?;
    if running {
        super::lanes::settle_lane(cx, id).await?;
    }
    cx.db().read(move |tx| reload(tx, id)).await
}
