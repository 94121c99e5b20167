use std::collections::HashMap;
use std::collections::hash_map::Entry;

use hg_core::campaigns::{Needs, Problem, Republish, Source, check};
use hg_core::ids::{CampaignId, ContactId};
use hg_store::{Sql, Tx};

use super::effects;
use super::error::CampaignError;
use super::file::{FileRule, FileStep};
use super::goals::RuleIn;
use super::members::Entry as Way;
use super::model::{Campaign, CampaignPatch, CampaignQuery, NewCampaign, State, StepIn};
use super::run::{Run, TOPIC};
use super::{goals, look, steps, store, sync, versions};
use crate::audit::{self, Changes, Deed};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::Page;
use crate::workspace::Workspace;

pub async fn list(cx: &Cx, query: CampaignQuery) -> Result<Page<Campaign>> {
    cx.may(Action::View(Area::Campaigns))?;
    let query = CampaignQuery { list: query.list.asked_by(cx), ..query };
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let mut page = store::list(tx, &query)?;
            for campaign in &mut page.items {
                complete(&ws, tx, campaign)?;
            }
            Ok(page)
        })
        .await
}

pub async fn get(cx: &Cx, id: CampaignId) -> Result<Campaign> {
    cx.may(Action::View(Area::Campaigns))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| loaded(&ws, tx, id)).await
}

/// Names by id, for whoever shows campaigns beside something else.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    store::names(tx, ids)
}

fn loaded(ws: &Workspace, tx: &mut Tx<'_>, id: CampaignId) -> Result<Campaign> {
    let mut campaign = store::find(tx, id, false)?;
    complete(ws, tx, &mut campaign)?;
    Ok(campaign)
}

/// Adds the names of the sources and what still keeps the campaign from being published.
fn complete(ws: &Workspace, tx: &mut Tx<'_>, campaign: &mut Campaign) -> Result<()> {
    let mut problems = Vec::new();
    for (source, name) in &mut campaign.sources {
        match store::source_name(tx, *source)? {
            Some(found) => *name = found,
            None => problems.push(Problem {
                step: None,
                code: "campaign.source-missing",
                detail: format!("A {} that feeds the campaign was deleted; choose another.", source.kind.words()),
            }),
        }
    }
    let sources: Vec<Source> = campaign.sources.iter().map(|(s, _)| *s).collect();
    problems.extend(problems_of(ws, tx, campaign, &sources)?);
    campaign.problems = problems;
    Ok(())
}

fn problems_of(ws: &Workspace, tx: &mut Tx<'_>, campaign: &Campaign, sources: &[Source]) -> Result<Vec<Problem>> {
    let mut there: HashMap<Needs, bool> = HashMap::new();
    let asked = || campaign.rules.iter().map(|r| &r.rule.step);
    for needs in campaign.plan.steps.iter().chain(asked()).flat_map(|step| step.what.needs()) {
        if let Entry::Vacant(place) = there.entry(needs) {
            let (table, id) = table_of(needs);
            place.insert(store::exists(tx, table, id)?);
        }
    }
    let exists = |needs: Needs| there.get(&needs).copied().unwrap_or(false);
    let mut problems = check(&campaign.plan, sources, &exists);
    for rule in asked() {
        let missing = rule.what.missing().map(|(_, detail)| detail.to_string());
        let gone = rule.what.needs().into_iter().find(|needs| !exists(*needs));
        let wrong =
            missing.or_else(|| gone.map(|needs| format!("It asks for {} that was deleted; choose another.", needs.words())));
        if let Some(wrong) = wrong.or_else(|| look::check(ws, tx, &rule.what).err().map(|e| e.detail)) {
            let detail = format!("The goal or exit rule “{}”: {wrong}", rule.name);
            problems.push(Problem { step: None, code: "campaign.rule", detail });
        }
    }
    for step in &campaign.plan.steps {
        if step.what.missing().is_none()
            && let Err(error) = look::check(ws, tx, &step.what)
        {
            problems.push(Problem {
                step: Some(step.key.clone()),
                code: "step.condition",
                detail: format!("“{}”: {}", step.name, error.detail),
            });
        }
    }
    Ok(problems)
}

/// The table that holds what a step needs.
pub(super) const fn table_of(needs: Needs) -> (&'static str, i64) {
    match needs {
        Needs::Email(id) => ("emails", id),
        Needs::Form(id) => ("forms", id),
        Needs::Page(id) => ("pages", id),
        Needs::Stage(id) => ("stages", id),
        Needs::PointGroup(id) => ("point_groups", id),
        Needs::Segment(id) => ("segments", id),
        Needs::Campaign(id) => ("campaigns", id),
        Needs::Company(id) => ("companies", id),
        Needs::User(id) => ("users", id),
        Needs::Tag(id) => ("tags", id),
        Needs::CompanySegment(id) => ("company_segments", id),
        Needs::Category(id) => ("categories", id),
    }
}

fn check_sources(tx: &mut Tx<'_>, sources: &[Source]) -> Result<()> {
    for (index, source) in sources.iter().enumerate() {
        if store::source_name(tx, *source)?.is_none() {
            return Err(CampaignError::NoSource { index, kind: source.kind.words(), id: source.id }.into());
        }
    }
    Ok(())
}

/// Makes a campaign as a draft; unfinished ones may be saved.
pub async fn create(cx: &Cx, new: NewCampaign) -> Result<Campaign> {
    cx.may(Action::Edit(Area::Campaigns))?;
    if new.publish {
        cx.may(Action::Send)?;
    }
    if new.name.trim().is_empty() {
        return Err(CampaignError::NoName.into());
    }
    let plan = steps::read(&new.steps)?;
    let rules = goals::read(&new.rules)?;
    let (ws, who, now, by) = (cx.ws.clone(), cx.who(), cx.now(), cx.user_id().map(|u| u.0));
    cx.db()
        .write(move |tx| {
            check_sources(tx, &new.sources)?;
            let id = store::insert(tx, now, by, &new)?;
            store::set_sources(tx, id, &new.sources)?;
            steps::save(tx, now, id, &hg_core::campaigns::Plan::default(), plan.clone())?;
            goals::save(tx, id, &rules)?;
            audit::record(tx, &who, audit::Entry::new(Deed::Create, "campaign", id.0, &new.name))?;
            if new.publish {
                return switch(&ws, tx, id, State::Published, by);
            }
            loaded(&ws, tx, id)
        })
        .await
}

/// Makes an unpublished copy of a campaign.
pub async fn duplicate(cx: &Cx, id: CampaignId) -> Result<Campaign> {
    let original = get(cx, id).await?;
    let steps = original.plan.steps.iter().map(|s| StepIn::from(FileStep::of(s)));
    let copy = NewCampaign {
        name: original.name.clone(),
        description: original.description.clone(),
        publish_up: None,
        publish_down: None,
        allow_restart: original.allow_restart,
        republish: original.republish,
        sources: original.sources.iter().map(|(s, _)| *s).collect(),
        steps: steps.collect(),
        rules: original.rules.iter().map(|r| RuleIn::from(FileRule::of(r))).collect(),
        layout: original.layout.clone(),
        extra: original.extra.clone(),
        publish: false,
    };
    create(cx, copy).await
}

/// Changes a campaign. A published one must stay publishable; its members keep their place.
pub async fn update(cx: &Cx, id: CampaignId, patch: CampaignPatch) -> Result<Campaign> {
    cx.may(Action::Edit(Area::Campaigns))?;
    if patch.name.as_deref().is_some_and(|n| n.trim().is_empty()) {
        return Err(CampaignError::NoName.into());
    }
    let plan = patch.steps.as_deref().map(steps::read).transpose()?;
    let rules = patch.rules.as_deref().map(goals::read).transpose()?;
    // A campaign that runs sends: whoever may not send does not change whom it reaches or what they get.
    let sends = cx.may(Action::Send).err().map(|e| e.detail);
    let (ws, who, now, by) = (cx.ws.clone(), cx.who(), cx.now(), cx.user_id().map(|u| u.0));
    cx.db()
        .write(move |tx| {
            let mut c = store::find(tx, id, false)?;
            if let Some(refusal) = sends.as_ref().filter(|_| c.state == State::Published) {
                return Err(Error::forbidden(refusal.clone()));
            }
            let before = (c.name.clone(), c.description.clone(), c.allow_restart, c.republish.map(Republish::key));
            let redrawn = plan.as_ref().is_some_and(|plan| *plan != c.plan);
            if patch.version.is_some_and(|v| v != c.version) {
                return Err(changed_by_somebody(tx, id)?);
            }
            if let Some(sources) = &patch.sources {
                check_sources(tx, sources)?;
                store::set_sources(tx, id, sources)?;
            }
            if c.state != State::Draft {
                // Campaigns that were started before there were versions.
                versions::keep_first(tx, now, &c)?;
            }
            let mut edit = match &plan {
                Some(plan) => versions::apply(tx, now, &c, plan.clone(), patch.people.as_ref())?,
                None => versions::Edit::default(),
            };
            if let Some(rules) = &rules {
                edit.aim(&c, rules);
                goals::save(tx, id, rules)?;
            }
            c.name = patch.name.clone().unwrap_or(c.name);
            c.description = patch.description.clone().unwrap_or(c.description);
            c.publish_up = patch.publish_up.unwrap_or(c.publish_up);
            c.publish_down = patch.publish_down.unwrap_or(c.publish_down);
            c.allow_restart = patch.allow_restart.unwrap_or(c.allow_restart);
            c.republish = patch.republish.unwrap_or(c.republish);
            let changes = Changes::new()
                .field("name", &before.0, &c.name)
                .field("description", &before.1, &c.description)
                .field("allow_restart", &before.2, &c.allow_restart)
                .field("republish", &before.3, &c.republish.map(Republish::key))
                .touched("sources", patch.sources.is_some())
                .touched("steps", redrawn)
                .touched("rules", edit.aims);
            audit::record(tx, &who, audit::Entry::new(Deed::Update, "campaign", id.0, &c.name).changes(changes))?;
            c.layout = patch.layout.clone().or(c.layout);
            c.extra = patch.extra.clone().or(c.extra);
            store::write(tx, now, &c)?;
            let saved = loaded(&ws, tx, id)?;
            if saved.state != State::Draft && (edit.aims || !edit.differences.is_empty()) {
                versions::keep(tx, now, by, &saved, Some((&edit, patch.people.as_ref())))?;
                if !edit.work.is_empty() {
                    versions::push(tx, now, id, &saved.name)?;
                }
            }
            if saved.state == State::Published {
                refuse_problems(&saved)?;
                if patch.sources.is_some() {
                    sync::push(&ws, tx, id)?;
                }
                tx.wake(TOPIC);
            }
            Ok(saved)
        })
        .await
}

/// Says who saved meanwhile, so that two people can talk about it.
fn changed_by_somebody(tx: &mut Tx<'_>, id: CampaignId) -> Result<Error> {
    let sql = Sql::new("SELECT actor, at FROM audit WHERE object_type = 'campaign' AND object_id = $1 ORDER BY id DESC LIMIT 1");
    let last = tx.opt(sql.bind(id), |r| Ok((r.get::<String>(0)?, r.get::<hg_core::time::Timestamp>(1)?)))?;
    let mut error = Error::changed_meanwhile("campaign");
    if let Some((who, at)) = last {
        error.detail = format!("{who} changed this campaign on {} (UTC), after you opened it.", at.sql_text());
    }
    Ok(error)
}

fn refuse_problems(campaign: &Campaign) -> Result<()> {
    if campaign.problems.is_empty() { Ok(()) } else { Err(CampaignError::NotReady(campaign.problems.clone()).into()) }
}

/// Starts a campaign: people of its segments enter, and what waited while it was paused goes on.
pub async fn publish(cx: &Cx, id: CampaignId) -> Result<Campaign> {
    cx.may(Action::Send)?;
    set_state(cx, id, State::Published).await
}

/// Pauses a campaign: nothing runs and decisions are not heard until it is published again.
pub async fn pause(cx: &Cx, id: CampaignId) -> Result<Campaign> {
    cx.may(Action::Edit(Area::Campaigns))?;
    set_state(cx, id, State::Paused).await
}

async fn set_state(cx: &Cx, id: CampaignId, state: State) -> Result<Campaign> {
    let (ws, who, by) = (cx.ws.clone(), cx.who(), cx.user_id().map(|u| u.0));
    cx.db()
        .write(move |tx| {
            let campaign = switch(&ws, tx, id, state, by)?;
            let deed = if state == State::Published { Deed::Publish } else { Deed::Unpublish };
            audit::record(tx, &who, audit::Entry::new(deed, "campaign", id.0, &campaign.name))?;
            Ok(campaign)
        })
        .await
}

fn switch(ws: &Workspace, tx: &mut Tx<'_>, id: CampaignId, state: State, by: Option<i64>) -> Result<Campaign> {
    let before = loaded(ws, tx, id)?;
    if state == State::Published {
        refuse_problems(&before)?;
    }
    if state == State::Published {
        versions::keep(tx, ws.clock.now(), by, &before, None)?;
    }
    if before.state != state {
        versions::pause_ends_or_begins(tx, ws.clock.now(), &before, state)?;
        store::write(tx, ws.clock.now(), &Campaign { state, ..before })?;
    }
    if state == State::Published {
        sync::push(ws, tx, id)?;
        tx.wake(TOPIC);
    }
    loaded(ws, tx, id)
}

/// Deletes a campaign; it can be restored, and comes back paused.
pub async fn delete(cx: &Cx, id: CampaignId) -> Result<()> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let campaign = store::find(tx, id, false)?;
            store::mark_deleted(tx, now, id, true)?;
            audit::record(tx, &who, audit::Entry::new(Deed::Delete, "campaign", id.0, campaign.name))
        })
        .await
}

pub async fn restore(cx: &Cx, id: CampaignId) -> Result<Campaign> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            store::mark_deleted(tx, now, id, false)?;
            let campaign = loaded(&ws, tx, id)?;
            audit::record(tx, &who, audit::Entry::new(Deed::Restore, "campaign", id.0, &campaign.name))?;
            Ok(campaign)
        })
        .await
}

/// Adds and removes people by hand. A removal holds until somebody adds the contact again.
pub async fn change_people(cx: &Cx, id: CampaignId, add: Vec<ContactId>, remove: Vec<ContactId>) -> Result<u64> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            store::find(tx, id, false)?;
            let mut changed = 0;
            let mut run = Run::new(&ws, tx);
            for contact in &add {
                if !effects::is_there(run.tx, *contact)? {
                    return Err(Error::not_found("contact", contact));
                }
                changed += u64::from(run.enter(id, *contact, Way::ByHand)?);
            }
            for contact in &remove {
                changed += u64::from(run.leave(id, *contact, true, "Somebody removed the contact from the campaign.")?);
            }
            run.finish()?;
            Ok(changed)
        })
        .await
}

/// Adds a contact to a campaign or takes her out, in the caller's transaction: a point trigger did it.
pub(crate) fn change_one_in(ws: &Workspace, tx: &mut Tx<'_>, id: CampaignId, contact: ContactId, add: bool) -> Result<()> {
    store::find(tx, id, false)?;
    let mut run = Run::new(ws, tx);
    if add {
        run.enter(id, contact, Way::ByHand)?;
    } else {
        run.leave(id, contact, true, "A point trigger took the contact out of the campaign.")?;
    }
    run.finish()
}

/// Adds contacts by hand to a campaign or takes them out, in the caller's transaction; which of them moved.
pub(crate) fn change_some_in(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: CampaignId,
    contacts: &[ContactId],
    add: bool,
) -> Result<Vec<ContactId>> {
    store::find(tx, id, false)?;
    let mut run = Run::new(ws, tx);
    let mut moved = Vec::new();
    for contact in contacts {
        let changed = if add {
            run.enter(id, *contact, Way::ByHand)?
        } else {
            run.leave(id, *contact, true, "Somebody removed the contact from the campaign.")?
        };
        if changed {
            moved.push(*contact);
        }
    }
    run.finish()?;
    Ok(moved)
}
