//! Where each contact is: what happened, what comes next and when, in words.

use std::collections::HashMap;

use hg_core::campaigns::{Kind, Path, Plan, StepType};
use hg_core::ids::{CampaignId, ContactId, SegmentId, StepId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::Value as Json;

use super::calls::is_call;
use super::model::{LogState, State};
use super::store;
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::segments;

/// What part of the people is wanted.
#[derive(Debug, Clone, Default)]
pub struct PeopleQuery {
    pub list: ListQuery,
    /// Only those who passed or wait at this step (its key).
    pub step: Option<String>,
    /// `active`, `left` or `removed`; with a step: a state of the log (`waiting`, `done`, …).
    pub state: Option<String>,
}

/// A contact in a campaign, as a row of the list.
#[derive(Debug, Clone)]
pub struct Person {
    pub contact: ContactId,
    pub name: String,
    pub email: Option<String>,
    pub rotation: i64,
    pub joined_at: Timestamp,
    pub state: String,
    /// Somebody or a form brought the contact in, not a segment.
    pub by_hand: bool,
    pub left_at: Option<Timestamp>,
    /// `goal` or `exit` where a rule of the campaign said so.
    pub left_why: Option<String>,
    pub current: Vec<Next>,
}

/// Something a contact went through.
#[derive(Debug, Clone)]
pub struct History {
    pub step_key: String,
    pub name: String,
    pub state: &'static str,
    pub at: Timestamp,
    pub path: Option<Path>,
    pub detail: Option<String>,
    /// What a condition was decided by: it gives the same outcome whenever it is read.
    pub decision: Option<Json>,
}

/// Something still to come.
#[derive(Debug, Clone)]
pub struct Next {
    pub step_key: String,
    pub name: String,
    /// `scheduled`, `sending`, `calling` or `waiting`.
    pub state: &'static str,
    pub due_at: Option<Timestamp>,
    /// A sentence: what is waited for, and what then.
    pub explain: String,
}

/// One contact's way through one campaign.
#[derive(Debug, Clone)]
pub struct Progress {
    pub person: Person,
    pub history: Vec<History>,
    pub next: Vec<Next>,
}

/// One campaign of a contact.
#[derive(Debug, Clone)]
pub struct InCampaign {
    pub id: CampaignId,
    pub name: String,
    pub state: String,
    pub joined_at: Timestamp,
    /// Somebody or a form brought her in, not a segment.
    pub by_hand: bool,
    /// Segments that feed it and that she belongs to.
    pub through: Vec<SegmentId>,
    pub next: Vec<Next>,
}

struct Row {
    step: StepId,
    state: LogState,
    due_at: Option<Timestamp>,
    done_at: Option<Timestamp>,
    base_at: Timestamp,
    path: Option<String>,
    detail: Option<Json>,
    sending: bool,
}

const LOG: &str = "SELECT step_id, state, due_at, done_at, base_at, path, detail, CASE WHEN send_id IS NULL THEN 0 ELSE 1 END FROM campaign_log";

fn read(r: &hg_store::Row<'_>) -> hg_store::Result<Row> {
    Ok(Row {
        step: r.get(0)?,
        state: LogState::from_code(r.get(1)?),
        due_at: r.get(2)?,
        done_at: r.get(3)?,
        base_at: r.get(4)?,
        path: r.get(5)?,
        detail: r.get(6)?,
        sending: r.get(7)?,
    })
}

/// What the log tells of a step: a sentence, or what a condition found.
pub(super) fn told(detail: &Json) -> Option<String> {
    let text = |json: &Json, key: &str| json.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    text(detail, "text").or_else(|| {
        let mut found = Vec::new();
        gather(detail.get("why")?, &mut found);
        (!found.is_empty()).then(|| found.join("; "))
    })
}

/// The conditions of a finding, in reading order: "City equals “Prague”: Brno".
fn gather(why: &Json, found: &mut Vec<String>) {
    let text = |key: &str| why.get(key).and_then(Json::as_str);
    if let (Some(label), Some(actual)) = (text("label"), text("actual")) {
        let sign = if why.get("verdict").and_then(Json::as_bool) == Some(true) { "✓" } else { "✗" };
        let actual = if actual.is_empty() { "nothing" } else { actual };
        found.push(format!("{sign} {label}: {actual}"));
    }
    for child in why.get("children").and_then(Json::as_array).into_iter().flatten() {
        gather(child, found);
    }
}

fn open_rows(tx: &mut Tx<'_>, campaign: CampaignId, contact: ContactId) -> Result<Vec<Row>> {
    let sql = Sql::new(format!("{LOG} WHERE contact_id = $1 AND campaign_id = $2 AND state IN (0, 1) ORDER BY due_at, id"));
    Ok(tx.all(sql.bind(contact).bind(campaign), read)?)
}

fn next_of(plan: &Plan, row: &Row, running: bool) -> Option<Next> {
    let step = plan.by_id(row.step)?;
    let state = match row.state {
        LogState::Waiting => "waiting",
        _ if row.due_at.is_none() && is_call(&step.what) => "calling",
        _ if row.due_at.is_none() && row.sending => "sending",
        _ => "scheduled",
    };
    let mut explain = match (state, step.what.kind()) {
        ("calling", _) => "The other program is being called; what follows begins when it has answered.".to_owned(),
        ("sending", _) => "The mail is on its way; what follows begins when it has left.".to_owned(),
        ("waiting", Kind::Decision) => {
            let what = match &step.what {
                StepType::OpensEmail { .. } => "the email to be opened",
                StepType::ClicksEmail { .. } => "a link of the email to be clicked",
                StepType::RepliesToEmail => "the email to be answered",
                StepType::SubmitsForm { .. } => "a form to be sent in",
                StepType::Becomes { .. } => "the contact to match the conditions",
                StepType::UsesDevice { .. } => "a visit with such a device",
                _ => "a visit of the page",
            };
            match row.due_at {
                Some(_) => format!("Waits since {} for {what}; otherwise the no path is taken then.", row.base_at.sql_text()),
                None => format!("Waits since {} for {what}, without an end.", row.base_at.sql_text()),
            }
        }
        _ => format!("Runs {}, counted from {}.", step.timing.in_words(), row.base_at.sql_text()),
    };
    if !running {
        explain.push_str(" The campaign does not run at the moment, so this waits until it does.");
    }
    Some(Next { step_key: step.key.clone(), name: step.name.clone(), state, due_at: row.due_at, explain })
}

fn read_person(r: &hg_store::Row<'_>) -> hg_store::Result<Person> {
    Ok(Person {
        contact: r.get(0)?,
        rotation: r.get(1)?,
        joined_at: r.get(2)?,
        state: r.get(3)?,
        by_hand: r.get(4)?,
        left_at: r.get(5)?,
        left_why: r.get(6)?,
        name: String::new(),
        email: None,
        current: Vec::new(),
    })
}

/// The people of a campaign, the newest first.
pub async fn people(cx: &Cx, id: CampaignId, query: PeopleQuery) -> Result<Page<Person>> {
    cx.may(Action::View(Area::Campaigns))?;
    cx.may(Action::View(Area::Contacts))?;
    let now = cx.now();
    cx.db()
        .read(move |tx| {
            let campaign = store::find(tx, id, false)?;
            let limit = query.list.limit();
            let after = query.list.after()?.map_or(i64::MAX, |(_, id)| id);
            let (filter, step) = match &query.step {
                Some(key) => {
                    let step = campaign.plan.by_key(key).ok_or_else(|| Error::field("/step", "step", "There is no such step in this campaign."))?.id;
                    let states = match query.state.as_deref() {
                        None | Some("") => "0, 1, 2, 3, 4, 5",
                        Some("waiting" | "scheduled") => "0, 1",
                        Some("done") => "2, 3",
                        Some("cancelled") => "4",
                        Some("failed") => "5",
                        Some(_) => return Err(Error::field("/state", "state", "Choose waiting, done, cancelled or failed.")),
                    };
                    (format!("AND EXISTS (SELECT 1 FROM campaign_log l WHERE l.step_id = $4 AND l.contact_id = m.contact_id AND l.rotation = m.rotation AND l.state IN ({states}))"), step)
                }
                None => ("AND ($5 = '' OR m.state = $5) AND $4 = 0".to_owned(), StepId(0)),
            };
            let text = format!(
                "SELECT m.contact_id, m.rotation, m.joined_at, m.state, m.by_hand, m.left_at, m.left_why FROM campaign_members m \
                 WHERE m.campaign_id = $1 AND m.contact_id < $2 {filter} ORDER BY m.contact_id DESC LIMIT $3"
            );
            let mut sql = Sql::new(text).bind(id).bind(after).bind(i64::from(limit) + 1).bind(step);
            if query.step.is_none() {
                sql = sql.bind(query.state.clone().unwrap_or_default());
            }
            let mut people = tx.all(sql, read_person)?;
            let ids: Vec<i64> = people.iter().map(|p| p.contact.0).collect();
            let names = contacts::names(tx, &ids)?;
            let running = campaign.runs_at(now);
            for person in &mut people {
                person.current = open_rows(tx, id, person.contact)?.iter().filter_map(|r| next_of(&campaign.plan, r, running)).collect();
                if let Some(name) = names.get(&person.contact.0) {
                    person.name.clone_from(&name.name);
                    person.email.clone_from(&name.email);
                }
            }
            Ok(Page::of(people, limit, Some(u64::try_from(campaign.counts.members).unwrap_or(0)), |p| (Value::Null, p.contact.0)))
        })
        .await
}

/// What happened to one contact in one campaign, and what comes next.
pub async fn progress(cx: &Cx, id: CampaignId, contact: ContactId) -> Result<Progress> {
    cx.may(Action::View(Area::Campaigns))?;
    cx.may(Action::View(Area::Contacts))?;
    let now = cx.now();
    cx.db()
        .read(move |tx| {
            let campaign = store::find(tx, id, false)?;
            let member = Sql::new(
                "SELECT contact_id, rotation, joined_at, state, by_hand, left_at, left_why FROM campaign_members WHERE campaign_id = $1 AND contact_id = $2",
            );
            let mut person = tx.opt(member.bind(id).bind(contact), read_person)?.ok_or_else(|| Error::not_found("member", contact))?;
            let names = all_steps(tx, id)?;
            let running = campaign.runs_at(now);
            let sql = Sql::new(format!("{LOG} WHERE contact_id = $1 AND campaign_id = $2 ORDER BY coalesce(done_at, due_at, base_at), id"));
            let rows = tx.all(sql.bind(contact).bind(id), read)?;
            let next: Vec<Next> = rows
                .iter()
                .filter(|r| matches!(r.state, LogState::Scheduled | LogState::Waiting))
                .filter_map(|r| next_of(&campaign.plan, r, running))
                .collect();
            let history = rows
                .iter()
                .filter(|r| !matches!(r.state, LogState::Scheduled | LogState::Waiting))
                .map(|r| {
                    let (key, name) = names.get(&r.step).cloned().unwrap_or_default();
                    History {
                        step_key: key,
                        name,
                        state: r.state.key(),
                        at: r.done_at.unwrap_or(r.base_at),
                        path: r.path.as_deref().and_then(Path::from_key),
                        detail: r.detail.as_ref().and_then(told),
                        decision: r.detail.as_ref().and_then(|d| d.get("decision")).cloned(),
                    }
                })
                .collect();
            if let Some(who) = contacts::names(tx, &[contact.0])?.remove(&contact.0) {
                (person.name, person.email) = (who.name, who.email);
            }
            person.current.clone_from(&next);
            Ok(Progress { person, history, next })
        })
        .await
}

/// Keys and names of every step, deleted ones too: history outlives them.
fn all_steps(tx: &mut Tx<'_>, id: CampaignId) -> Result<HashMap<StepId, (String, String)>> {
    let sql = Sql::new("SELECT id, client_key, name FROM campaign_steps WHERE campaign_id = $1").bind(id);
    Ok(tx.all(sql, |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?.into_iter().collect())
}

/// The campaigns of a contact, with what comes next in each.
pub async fn campaigns_of(cx: &Cx, contact: ContactId) -> Result<Vec<InCampaign>> {
    cx.may(Action::View(Area::Campaigns))?;
    cx.may(Action::View(Area::Contacts))?;
    let now = cx.now();
    cx.db()
        .read(move |tx| {
            let rows = tx.all(
                Sql::new(
                    "SELECT m.campaign_id, m.state, m.joined_at, m.by_hand FROM campaign_members m JOIN campaigns c ON c.id = m.campaign_id \
                     WHERE m.contact_id = $1 AND c.deleted_at IS NULL ORDER BY m.joined_at DESC",
                )
                .bind(contact),
                |r| Ok((r.get::<CampaignId>(0)?, r.get::<String>(1)?, r.get::<Timestamp>(2)?, r.get::<bool>(3)?)),
            )?;
            let mut out = Vec::new();
            for (id, state, joined_at, by_hand) in rows {
                let campaign = store::find(tx, id, false)?;
                let running = campaign.state == State::Published && campaign.runs_at(now);
                let next = open_rows(tx, id, contact)?.iter().filter_map(|r| next_of(&campaign.plan, r, running)).collect();
                let through = sources_of(tx, id, contact)?;
                out.push(InCampaign { id, name: campaign.name, state, joined_at, by_hand, through, next });
            }
            Ok(out)
        })
        .await
}

fn sources_of(tx: &mut Tx<'_>, campaign: CampaignId, contact: ContactId) -> Result<Vec<SegmentId>> {
    let text = "SELECT source_id FROM campaign_sources WHERE campaign_id = $1 AND kind = 'segment' ORDER BY source_id";
    let sources: Vec<SegmentId> = tx.all(Sql::new(text).bind(campaign), |r| r.get(0))?;
    let mut inside = Vec::new();
    for segment in sources {
        if segments::contains(tx, segment, contact)? {
            inside.push(segment);
        }
    }
    Ok(inside)
}
