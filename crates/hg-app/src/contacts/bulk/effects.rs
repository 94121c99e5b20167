//! What an action does to a piece of the contacts, and how that piece is taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hg_core::ids::{CampaignId, CategoryId, CompanyId, ContactId, SegmentId, StageId, UserId};
use hg_store::{Sql, Tx};

use super::action::change_rule;
use super::{BulkAction, Limit, Pause, store};
use crate::contacts::{NewDoNotContact, marks, service};
use crate::error::Result;
use crate::preferences::{self, Rule};
use crate::workspace::Workspace;
use crate::{campaigns, categories, companies, segments, stages, tags};

/// What happened to a piece.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// How many contacts changed.
    pub changed: u64,
    /// What takes it back, and for whom.
    pub undo: Vec<(BulkAction, Vec<ContactId>)>,
}

impl Effect {
    fn of(contacts: Vec<ContactId>, back: BulkAction) -> Self {
        let mut effect = Self { changed: contacts.len() as u64, undo: Vec::new() };
        effect.back(back, contacts);
        effect
    }

    fn back(&mut self, action: BulkAction, contacts: Vec<ContactId>) {
        if contacts.is_empty() {
            return;
        }
        match self.undo.iter_mut().find(|(known, _)| *known == action) {
            Some((_, more)) => more.extend(contacts),
            None => self.undo.push((action, contacts)),
        }
    }
}

/// Takes the last piece of an action back; how many contacts changed, none when all is taken back.
pub(super) fn take_back(ws: &Workspace, tx: &mut Tx<'_>, bulk: i64) -> Result<Option<u64>> {
    let Some((action, contacts)) = store::pop_undo(tx, bulk)? else { return Ok(None) };
    match apply(ws, tx, &contacts, &action) {
        Ok(effect) => Ok(Some(effect.changed)),
        // A stage, segment or owner that has gone since takes nobody back.
        Err(error) if error.is_not_found() => Ok(Some(0)),
        Err(error) => Err(error),
    }
}

/// Does an action to some contacts; those who are gone are left out.
pub(super) fn apply(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], action: &BulkAction) -> Result<Effect> {
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    match action {
        BulkAction::Delete => Ok(Effect::of(service::set_deleted(ws, tx, ids, true)?, BulkAction::Restore)),
        BulkAction::Restore => Ok(Effect::of(service::set_deleted(ws, tx, ids, false)?, BulkAction::Delete)),
        BulkAction::SetOwner { owner } => set_owner(ws, tx, ids, &plain, owner.map(UserId)),
        _ => {
            let there: Vec<ContactId> = tx.all(
                Sql::new("SELECT id FROM contacts WHERE id @in($1) AND deleted_at IS NULL ORDER BY id").bind(plain.as_slice()),
                |r| r.get(0),
            )?;
            to_those(ws, tx, &there, action)
        }
    }
}

fn to_those(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], action: &BulkAction) -> Result<Effect> {
    match action {
        BulkAction::AddTags { tags } => change_tags(ws, tx, ids, tags, true),
        BulkAction::RemoveTags { tags } => change_tags(ws, tx, ids, tags, false),
        BulkAction::AddToSegment { segment } => change_segment(ws, tx, ids, SegmentId(*segment), true),
        BulkAction::RemoveFromSegment { segment } => change_segment(ws, tx, ids, SegmentId(*segment), false),
        BulkAction::PutBack { segment, member, exception } => {
            let moved = segments::change_by_hand_in(ws, tx, SegmentId(*segment), ids, *member, "user", None)?;
            segments::set_exceptions(tx, SegmentId(*segment), ids, *exception)?;
            Ok(Effect { changed: moved.len() as u64, undo: Vec::new() })
        }
        BulkAction::AddToCampaign { campaign } => {
            let entered = campaigns::change_some_in(ws, tx, CampaignId(*campaign), ids, true)?;
            Ok(Effect::of(entered, BulkAction::RemoveFromCampaign { campaign: *campaign }))
        }
        BulkAction::RemoveFromCampaign { campaign } => {
            let left = campaigns::change_some_in(ws, tx, CampaignId(*campaign), ids, false)?;
            Ok(Effect { changed: left.len() as u64, undo: Vec::new() })
        }
        BulkAction::DoNotContact { channel, comments, reason } => stop(ws, tx, ids, channel, comments, *reason),
        BulkAction::ContactAgain { channel } => allow(ws, tx, ids, channel, &[3]),
        BulkAction::ChangeChannel { channel, subscribed, preferred, limit, pause } => {
            let mut effect = match subscribed {
                Some(true) => allow(ws, tx, ids, channel, &[1, 3])?,
                Some(false) => stop(ws, tx, ids, channel, "Changed with others", 3)?,
                None => Effect::default(),
            };
            let rules = change_rules(ws, tx, ids, channel, *preferred, *limit, *pause)?;
            effect.changed = effect.changed.max(rules.changed);
            effect.undo.extend(rules.undo);
            Ok(effect)
        }
        BulkAction::SetRule { rule } => {
            let mut effect = Effect::default();
            for id in ids {
                effect.changed += u64::from(preferences::write_rule(ws, tx, *id, rule, "user")?);
            }
            Ok(effect)
        }
        BulkAction::Subscribe { category, subscribed } => {
            let mut changed = Vec::new();
            for id in ids {
                if categories::subscribe_in(ws, tx, *id, CategoryId(*category), *subscribed, "user")? {
                    changed.push(*id);
                }
            }
            Ok(Effect::of(changed, BulkAction::Subscribe { category: *category, subscribed: !subscribed }))
        }
        BulkAction::AddToCompany { company, primary } => {
            let added = companies::link_many_in(tx, CompanyId(*company), ids, *primary, ws.clock.now())?;
            Ok(Effect::of(added, BulkAction::RemoveFromCompany { company: *company }))
        }
        BulkAction::RemoveFromCompany { company } => {
            let gone = companies::unlink_many_in(tx, CompanyId(*company), ids, ws.clock.now())?;
            let mut effect = Effect { changed: gone.len() as u64, undo: Vec::new() };
            for primary in [true, false] {
                let those = gone.iter().filter(|(_, was)| *was == primary).map(|(id, _)| *id).collect();
                effect.back(BulkAction::AddToCompany { company: *company, primary }, those);
            }
            Ok(effect)
        }
        BulkAction::ChangeStage { stage } => change_stage(ws, tx, ids, stage.map(StageId)),
        BulkAction::SetOwner { .. } | BulkAction::Delete | BulkAction::Restore => Ok(Effect::default()),
    }
}

fn change_tags(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], names: &[String], add: bool) -> Result<Effect> {
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut effect = Effect::default();
    let mut touched = BTreeSet::new();
    for name in names {
        let known = if add { tags::ensure(tx, name, ws.clock.now())? } else { tags::find_by_name(tx, name)? };
        let Some((tag, name)) = known else { continue };
        let tagged: BTreeSet<ContactId> = tx
            .all(
                Sql::new("SELECT contact_id FROM contact_tags WHERE tag_id = $1 AND contact_id @in($2)")
                    .bind(tag)
                    .bind(plain.as_slice()),
                |r| r.get(0),
            )?
            .into_iter()
            .collect();
        let changing: Vec<ContactId> = ids.iter().copied().filter(|id| tagged.contains(id) != add).collect();
        let one = [name.clone()];
        for id in &changing {
            if add { marks::change_tags(ws, tx, *id, &one, &[])? } else { marks::change_tags(ws, tx, *id, &[], &one)? }
        }
        touched.extend(changing.iter().copied());
        let tags = vec![name];
        effect.back(if add { BulkAction::RemoveTags { tags } } else { BulkAction::AddTags { tags } }, changing);
    }
    effect.changed = touched.len() as u64;
    Ok(effect)
}

fn change_segment(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], segment: SegmentId, add: bool) -> Result<Effect> {
    let before = segments::exceptions_of(tx, segment, ids)?;
    let moved = segments::change_by_hand_in(ws, tx, segment, ids, add, "user", None)?;
    let mut effect = Effect { changed: moved.len() as u64, undo: Vec::new() };
    for id in moved {
        let exception = before.get(&id).copied().unwrap_or(0);
        effect.back(BulkAction::PutBack { segment: segment.0, member: !add, exception }, vec![id]);
    }
    Ok(effect)
}

fn set_owner(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], plain: &[i64], owner: Option<UserId>) -> Result<Effect> {
    let before: HashMap<ContactId, Option<i64>> = tx
        .all(Sql::new("SELECT id, owner_id FROM contacts WHERE id @in($1)").bind(plain), |r| Ok((r.get(0)?, r.get(1)?)))?
        .into_iter()
        .collect();
    let touched = service::set_owner(ws, tx, ids, owner)?;
    let mut effect = Effect { changed: touched.len() as u64, undo: Vec::new() };
    for id in touched {
        effect.back(BulkAction::SetOwner { owner: before.get(&id).copied().flatten() }, vec![id]);
    }
    Ok(effect)
}

fn change_stage(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], stage: Option<StageId>) -> Result<Effect> {
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let before: HashMap<ContactId, Option<i64>> = tx
        .all(Sql::new("SELECT id, stage_id FROM contacts WHERE id @in($1)").bind(plain.as_slice()), |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?
        .into_iter()
        .collect();
    let mut effect = Effect::default();
    for id in ids {
        if stages::change_in(ws, tx, *id, stage, "By hand, with others")? {
            effect.changed += 1;
            effect.back(BulkAction::ChangeStage { stage: before.get(id).copied().flatten() }, vec![*id]);
        }
    }
    Ok(effect)
}

/// Entries of a channel: reason and comments.
fn entries(tx: &mut Tx<'_>, ids: &[ContactId], channel: &str) -> Result<BTreeMap<ContactId, (i64, String)>> {
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let text = "SELECT contact_id, reason, comments FROM do_not_contact WHERE channel = $1 AND contact_id @in($2)";
    let rows = tx.all(Sql::new(text).bind(channel).bind(plain.as_slice()), |r| {
        Ok((r.get(0)?, (r.get(1)?, r.get::<Option<String>>(2)?.unwrap_or_default())))
    })?;
    Ok(rows.into_iter().collect())
}

fn stop(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], channel: &str, comments: &str, reason: i64) -> Result<Effect> {
    let before = entries(tx, ids, channel)?;
    let entry = NewDoNotContact { channel: channel.to_owned(), reason, channel_id: None, comments: comments.to_owned() };
    let mut effect = Effect::default();
    let mut new = Vec::new();
    for id in ids {
        if marks::write_do_not_contact(ws, tx, *id, &entry)? {
            effect.changed += 1;
            // Whose address bounced before is not written to again because a colleague's entry is taken back.
            if !before.contains_key(id) {
                new.push(*id);
            }
        }
    }
    effect.back(BulkAction::ContactAgain { channel: channel.to_owned() }, new);
    Ok(effect)
}

/// Takes entries of these reasons away.
fn allow(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], channel: &str, reasons: &[i64]) -> Result<Effect> {
    let mut effect = Effect::default();
    for (id, (reason, comments)) in entries(tx, ids, channel)? {
        if reasons.contains(&reason) && marks::lift(ws, tx, id, channel)? {
            effect.changed += 1;
            effect.back(BulkAction::DoNotContact { channel: channel.to_owned(), comments, reason }, vec![id]);
        }
    }
    Ok(effect)
}

fn change_rules(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    ids: &[ContactId],
    channel: &str,
    preferred: Option<bool>,
    limit: Option<Limit>,
    pause: Option<Pause>,
) -> Result<Effect> {
    let mut effect = Effect::default();
    if preferred.is_none() && limit.is_none() && pause.is_none() {
        return Ok(effect);
    }
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut before = preferences::rules_of(tx, &plain)?;
    for id in ids {
        let rules = before.remove(id).unwrap_or_default();
        let mut rule = rules.iter().find(|r| r.channel == channel).cloned().unwrap_or_else(|| Rule::open(channel));
        let was = rule.clone();
        change_rule(&mut rule, preferred, limit, pause);
        if !preferences::write_rule(ws, tx, *id, &rule, "user")? {
            continue;
        }
        effect.changed += 1;
        effect.back(BulkAction::SetRule { rule: was }, vec![*id]);
        // Only one channel is the preferred one: the other becomes it again.
        if let Some(other) = rules.into_iter().find(|r| rule.preferred && r.preferred && r.channel != channel) {
            effect.back(BulkAction::SetRule { rule: other }, vec![*id]);
        }
    }
    Ok(effect)
}
