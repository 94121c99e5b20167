//! What people would do: thought up from shares and a seed alone, so that a simulation can be repeated.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use hg_core::campaigns::StepType;
use hg_core::ids::{ContactId, SendId, StepId, share_of};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};

use super::model::Setup;
use crate::error::Result;
use crate::sending::Rehearsed;

/// What somebody will do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Open(SendId),
    Click(SendId, String),
    Submit(ContactId, i64),
    Visit(ContactId, i64, String),
}

/// How often somebody opens and clicks what she gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    open: f64,
    click: f64,
}

/// What everybody will do, and when.
pub(super) struct Mind {
    setup: Setup,
    habits: HashMap<ContactId, Habit>,
    deeds: BinaryHeap<Reverse<(Timestamp, u64, Deed)>>,
    drawn: u64,
}

/// What is drawn for one person and thing: each has a number of its own.
mod about {
    pub const OPENS: u64 = 1;
    pub const CLICKS: u64 = 2;
    pub const LINK: u64 = 3;
    pub const DELAY: u64 = 4;
    pub const SUBMITS: u64 = 5;
    pub const VISITS: u64 = 6;
}

/// Hours until people act, with the share of those who acted by then: most do at once, some days later.
const DELAYS: [(f64, i64); 7] = [(0.25, 1), (0.45, 2), (0.60, 4), (0.75, 8), (0.87, 20), (0.95, 44), (1.0, 90)];
/// How many mails the assumed share weighs against what is known of somebody.
const ASSUMED_MAILS: f64 = 2.0;

impl Mind {
    pub fn new(setup: &Setup) -> Self {
        Self { setup: setup.clone(), habits: HashMap::new(), deeds: BinaryHeap::new(), drawn: 0 }
    }

    /// What is assumed of people of whom nothing is known.
    pub fn assumed(&self) -> Habit {
        Habit { open: self.setup.open_percent / 100.0, click: self.setup.click_percent / 100.0 }
    }

    /// From now on people do as they did before.
    pub fn know(&mut self, habits: HashMap<ContactId, Habit>) {
        self.habits = habits;
    }

    fn part(&self, contact: ContactId, thing: i64, about: u64) -> f64 {
        share_of(&[self.setup.seed.cast_unsigned(), contact.0.cast_unsigned(), thing.cast_unsigned(), about])
    }

    /// When somebody who acts does so: on a full hour, so that many act at once.
    fn instant(&self, now: Timestamp, drawn: f64) -> Timestamp {
        let hours = DELAYS.iter().find(|(share, _)| drawn < *share).map_or(90, |(_, hours)| *hours);
        let hour = Millis::hours(1).0;
        let at = now.plus(Millis::hours(hours)).0;
        Timestamp(at - at.rem_euclid(hour))
    }

    fn plan(&mut self, at: Timestamp, deed: Deed) {
        self.drawn += 1;
        self.deeds.push(Reverse((at, self.drawn, deed)));
    }

    /// Mails arrived: who will open them, and click.
    pub fn got(&mut self, mails: Vec<Rehearsed>, now: Timestamp) {
        for mail in mails {
            let part = |about| self.part(mail.contact, mail.send.0, about);
            let habit = self.habits.get(&mail.contact).copied().filter(|_| self.setup.replay).unwrap_or_else(|| self.assumed());
            let clicks = part(about::CLICKS) < habit.click && !mail.links.is_empty();
            // Who clicks has opened: the others make the share of openers full.
            let others = ((habit.open - habit.click) / (1.0 - habit.click).max(f64::EPSILON)).max(0.0);
            if !clicks && part(about::OPENS) >= others {
                continue;
            }
            let at = self.instant(now, part(about::DELAY));
            let link = (part(about::LINK) * mail.links.len() as f64) as usize;
            match mail.links.get(link).filter(|_| clicks) {
                Some(url) => {
                    let url = url.clone();
                    self.plan(at, Deed::Click(mail.send, url));
                }
                None => self.plan(at, Deed::Open(mail.send)),
            }
        }
    }

    /// The campaign waits for something that people do on the site.
    pub fn waited_for(&mut self, contact: ContactId, step: StepId, what: &StepType, site: &str, now: Timestamp) {
        let (share, about) = match what {
            StepType::SubmitsForm { .. } => (self.setup.submit_percent, about::SUBMITS),
            StepType::VisitsPage { .. } => (self.setup.visit_percent, about::VISITS),
            _ => return,
        };
        if self.part(contact, step.0, about) >= share / 100.0 {
            return;
        }
        let at = self.instant(now, self.part(contact, step.0, about::DELAY));
        let deed = match what {
            StepType::SubmitsForm { forms } => Deed::Submit(contact, forms.first().map_or(0, |f| f.0)),
            StepType::VisitsPage { pages, url, .. } => {
                let url = match url.as_deref().and_then(|u| u.split(',').next()).map(str::trim).filter(|u| !u.is_empty()) {
                    Some(pattern) => pattern.replace('*', ""),
                    None => site.to_owned(),
                };
                Deed::Visit(contact, pages.first().map_or(0, |p| p.0), url)
            }
            _ => return,
        };
        self.plan(at, deed);
    }

    /// When somebody acts next.
    pub fn next(&self) -> Option<Timestamp> {
        self.deeds.peek().map(|Reverse((at, _, _))| *at)
    }

    /// What is done by then.
    pub fn until(&mut self, now: Timestamp) -> Vec<Deed> {
        let mut due = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            due.extend(self.deeds.pop().map(|Reverse((_, _, deed))| deed));
        }
        due
    }
}

/// How people answered the mail that they got so far.
pub(super) fn habits(tx: &mut Tx<'_>, assumed: Habit) -> Result<HashMap<ContactId, Habit>> {
    let text = "SELECT contact_id, count(*), count(opened_at), count(clicked_at) FROM sends WHERE state = 3 GROUP BY contact_id";
    let rows: Vec<(ContactId, i64, i64, i64)> = tx.all(text, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    let share = |times: i64, mails: i64, assumed: f64| (times as f64 + assumed * ASSUMED_MAILS) / (mails as f64 + ASSUMED_MAILS);
    let habit =
        |mails, opened, clicked| Habit { open: share(opened, mails, assumed.open), click: share(clicked, mails, assumed.click) };
    Ok(rows.into_iter().map(|(contact, mails, opened, clicked)| (contact, habit(mails, opened, clicked))).collect())
}

/// Those who began to wait for something on the site since a row of the log, with the last row.
pub(super) fn waiting_since(tx: &mut Tx<'_>, steps: &[i64], after: i64) -> Result<(i64, Vec<(ContactId, StepId)>)> {
    if steps.is_empty() {
        return Ok((after, Vec::new()));
    }
    let text = "SELECT id, contact_id, step_id FROM campaign_log WHERE id > $1 AND state = 1 AND step_id @in($2) ORDER BY id";
    let rows: Vec<(i64, ContactId, StepId)> =
        tx.all(Sql::new(text).bind(after).bind(steps), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let last = rows.last().map_or(after, |row| row.0);
    Ok((last, rows.into_iter().map(|(_, contact, step)| (contact, step)).collect()))
}
