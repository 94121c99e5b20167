//! Reads back what came of a simulation.

use std::collections::{BTreeMap, HashMap};

use hg_core::ids::{ContactId, StepId};
use hg_core::time::{self, Millis, TimeZone, Timestamp};
use hg_store::{Flow, Sql, Tx};

use super::model::{BusyPerson, DayReport, Reason, Report, Setup, StepReport, Walk, WalkedStep};
use super::play::day_of;
use super::scratch::Scratch;
use crate::campaigns::model::LogState;
use crate::campaigns::store;
use crate::contacts;
use crate::error::{Error, Result};
use crate::sending;

/// So many of the busiest are named.
const BUSIEST: usize = 10;
/// So many people's ways are told.
const WALKS: usize = 10;
/// So many different reasons are told for a step.
const REASONS: usize = 10;

/// What the copy says at the end.
pub(super) async fn read(scratch: &Scratch, setup: &Setup) -> Result<Report> {
    let zone = time::zone_or(Some(&scratch.cx.ws.settings().general.timezone), &TimeZone::UTC);
    let named: Vec<i64> = setup.contacts.iter().copied().take(WALKS).collect();
    let (campaign, begin, many) = (scratch.campaign, scratch.begin, setup.many_a_week);
    let mut report = scratch
        .cx
        .db()
        .read(move |tx| {
            let mut report = Report { from: begin, ..Report::default() };
            steps(tx, campaign, &mut report)?;
            mails(tx, campaign, begin, &zone, &mut report)?;
            busy(tx, begin, many, &mut report)?;
            walks(tx, campaign, &named, &mut report)?;
            name(tx, &mut report)?;
            Ok::<_, Error>(report)
        })
        .await?;
    report.audience = scratch.audience;
    report.people = i64::try_from(scratch.people.len()).unwrap_or(i64::MAX);
    report.until = begin.plus(Millis::days(setup.days));
    Ok(report)
}

fn steps(tx: &mut Tx<'_>, campaign: hg_core::ids::CampaignId, report: &mut Report) -> Result<()> {
    let (plan, counts, _) = store::steps(tx, campaign)?;
    let mut said: HashMap<StepId, Vec<Reason>> = HashMap::new();
    let mut texts: BTreeMap<(StepId, String), i64> = BTreeMap::new();
    let text = "SELECT step_id, detail FROM campaign_log WHERE campaign_id = $1 AND state IN (3, 5)";
    tx.each(Sql::new(text).bind(campaign), |r| {
        let detail: Option<serde_json::Value> = r.get(1)?;
        let text = detail.as_ref().and_then(|d| d["text"].as_str()).unwrap_or("It did not act.").to_owned();
        *texts.entry((r.get(0)?, text)).or_default() += 1;
        Ok(Flow::Next)
    })?;
    for ((step, text), times) in texts {
        said.entry(step).or_default().push(Reason { text, times });
    }
    for (step, n) in plan.steps.iter().zip(counts) {
        let mut said = said.remove(&step.id).unwrap_or_default();
        said.sort_by_key(|reason| -reason.times);
        said.truncate(REASONS);
        if n.done + n.waiting + n.failed == 0 {
            report.unreached.push(step.id);
        }
        report.steps.push(StepReport {
            step: step.id,
            key: step.key.clone(),
            name: step.name.clone(),
            done: n.done,
            waiting: n.waiting,
            yes: n.yes,
            no: n.no,
            failed: n.failed,
            said,
        });
    }
    Ok(())
}

fn mails(
    tx: &mut Tx<'_>,
    campaign: hg_core::ids::CampaignId,
    begin: Timestamp,
    zone: &TimeZone,
    report: &mut Report,
) -> Result<()> {
    let mut days: BTreeMap<String, i64> = BTreeMap::new();
    let mut reasons: BTreeMap<String, i64> = BTreeMap::new();
    let text = "SELECT state, sent_at, reason, held FROM sends WHERE campaign_id = $1 AND created_at >= $2";
    tx.each(Sql::new(text).bind(campaign).bind(begin), |r| {
        let (state, held): (i64, i64) = (r.get(0)?, r.get(3)?);
        report.held += i64::from(held > 0);
        match (state, r.get::<Option<Timestamp>>(1)?) {
            (3, Some(at)) => {
                report.sent += 1;
                *days.entry(day_of(at, zone)).or_default() += 1;
            }
            (4 | 6, _) => {
                let reason: Option<String> = r.get(2)?;
                *reasons.entry(sending::reason_text(&reason.unwrap_or_default())).or_default() += 1;
            }
            _ => report.still_held += i64::from(held > 0),
        }
        Ok(Flow::Next)
    })?;
    report.days = days.into_iter().map(|(day, sent)| DayReport { day, sent }).collect();
    report.not_sent = reasons.into_iter().map(|(text, times)| Reason { text, times }).collect();
    report.not_sent.sort_by_key(|reason| -reason.times);
    Ok(())
}

/// Who would get too much within seven days, what she got before included.
fn busy(tx: &mut Tx<'_>, begin: Timestamp, many: i64, report: &mut Report) -> Result<()> {
    let week = Millis::days(7);
    let mut got: BTreeMap<ContactId, Vec<Timestamp>> = BTreeMap::new();
    let text = "SELECT contact_id, sent_at FROM sends WHERE state = 3 AND sent_at >= $1 ORDER BY sent_at";
    tx.each(Sql::new(text).bind(begin.minus(week)), |r| {
        got.entry(r.get(0)?).or_default().push(r.get(1)?);
        Ok(Flow::Next)
    })?;
    let mut busiest: Vec<(i64, ContactId, Timestamp)> = Vec::new();
    for (contact, instants) in got {
        let (mails, from) = busiest_week(&instants, week);
        if mails > many && instants.last().is_some_and(|last| *last >= begin) {
            report.too_many += 1;
            busiest.push((mails, contact, from));
        }
    }
    busiest.sort_by_key(|(mails, contact, _)| (-mails, contact.0));
    busiest.truncate(BUSIEST);
    report.busiest =
        busiest.into_iter().map(|(mails, contact, from)| BusyPerson { contact, name: String::new(), mails, from }).collect();
    Ok(())
}

/// Puts the names of people into a report, as they are now.
pub(super) fn name(tx: &mut Tx<'_>, report: &mut Report) -> Result<()> {
    let ids: Vec<i64> =
        report.busiest.iter().map(|p| p.contact).chain(report.walks.iter().map(|w| w.contact)).map(|c| c.0).collect();
    let names = contacts::names(tx, &ids)?;
    let name = |contact: ContactId| names.get(&contact.0).map(|n| n.name.clone()).unwrap_or_default();
    for person in &mut report.busiest {
        person.name = name(person.contact);
    }
    for walk in &mut report.walks {
        walk.name = name(walk.contact);
    }
    Ok(())
}

/// The ways of some people, step by step.
fn walks(tx: &mut Tx<'_>, campaign: hg_core::ids::CampaignId, people: &[i64], report: &mut Report) -> Result<()> {
    let steps: HashMap<StepId, String> = report.steps.iter().map(|s| (s.step, s.name.clone())).collect();
    for contact in people {
        let text = "SELECT step_id, state, path, base_at, coalesce(done_at, due_at), detail FROM campaign_log \
                    WHERE campaign_id = $1 AND contact_id = $2 ORDER BY base_at, id";
        let walked = tx.all(Sql::new(text).bind(campaign).bind(*contact), |r| {
            let step: StepId = r.get(0)?;
            let detail: Option<serde_json::Value> = r.get(5)?;
            Ok(WalkedStep {
                step,
                name: steps.get(&step).cloned().unwrap_or_default(),
                state: LogState::from_code(r.get(1)?).key().to_owned(),
                path: r.get(2)?,
                from: r.get(3)?,
                at: r.get(4)?,
                text: detail.and_then(|d| d["text"].as_str().map(str::to_owned)),
            })
        })?;
        report.walks.push(Walk { contact: ContactId(*contact), name: String::new(), steps: walked });
    }
    Ok(())
}

/// The most of these instants that lie within a week, and when that week began.
fn busiest_week(instants: &[Timestamp], week: Millis) -> (i64, Timestamp) {
    let mut best = (0, Timestamp::default());
    let mut first = 0;
    for (last, at) in instants.iter().enumerate() {
        while at.since(instants[first]) >= week {
            first += 1;
        }
        let within = i64::try_from(last - first + 1).unwrap_or(i64::MAX);
        if within > best.0 {
            best = (within, instants[first]);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_seven_days_are_found_wherever_they_begin() {
        let day = |n: i64| Timestamp(Millis::days(n).0);
        let week = Millis::days(7);
        assert_eq!(busiest_week(&[], week).0, 0);
        assert_eq!(busiest_week(&[day(1), day(8), day(15)], week), (1, day(1)), "seven days later is another week");
        assert_eq!(busiest_week(&[day(1), day(5), day(9), day(10), day(11), day(30)], week), (4, day(5)));
    }
}
