use hg_core::campaigns::{Source, SourceKind};
use hg_core::ids::CampaignId;
use hg_store::{Tx, Value};

use super::apply::people_at;
use super::model::{Kept, PeopleChoice, StepDifference, Version, VersionDetail};
use super::store;
use crate::campaigns::goals::RuleIn;
use crate::campaigns::model::{Campaign, CampaignPatch, StepIn};
use crate::campaigns::{service, steps};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, Page};

/// What an edit would change, and whom it concerns.
pub async fn difference(cx: &Cx, id: CampaignId, drawn: Vec<StepIn>) -> Result<Vec<StepDifference>> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let plan = steps::read(&drawn)?;
    cx.db()
        .read(move |tx| {
            let before = crate::campaigns::store::find(tx, id, false)?;
            Ok(people_at(&before, &plan))
        })
        .await
}

/// The versions of a campaign, the newest first.
pub async fn versions(cx: &Cx, id: CampaignId, query: ListQuery) -> Result<Page<Version>> {
    cx.may(Action::View(Area::Campaigns))?;
    let (limit, before) = (query.limit(), query.after()?.map_or(i64::MAX, |(_, number)| number));
    cx.db()
        .read(move |tx| {
            crate::campaigns::store::find(tx, id, false)?;
            Ok(Page::of(store::list(tx, id, before, limit)?, limit, None, |v| (Value::Null, v.number)))
        })
        .await
}

/// One version, and what going back to it would change.
pub async fn version(cx: &Cx, id: CampaignId, number: i64) -> Result<VersionDetail> {
    cx.may(Action::View(Area::Campaigns))?;
    cx.db()
        .read(move |tx| {
            let now = crate::campaigns::store::find(tx, id, false)?;
            let (version, kept) = store::find(tx, id, number)?;
            let plan = steps::read(&drawn(&kept))?;
            let back = people_at(&now, &plan);
            let sources = sources(tx, &kept)?;
            Ok(VersionDetail { version, plan, sources, allow_restart: kept.allow_restart, layout: kept.layout, back })
        })
        .await
}

fn drawn(kept: &Kept) -> Vec<StepIn> {
    kept.steps.iter().cloned().map(StepIn::from).collect()
}

/// Those of the version's sources that are still there.
fn sources(tx: &mut Tx<'_>, kept: &Kept) -> Result<Vec<Source>> {
    let mut there = Vec::new();
    for source in &kept.sources {
        let Some(kind) = SourceKind::from_key(&source.kind) else { continue };
        let source = Source { kind, id: source.id };
        if crate::campaigns::store::source_name(tx, source)?.is_some() {
            there.push(source);
        }
    }
    Ok(there)
}

/// Makes the campaign what it was in a version; that is a new version. `expected`: the lock of the campaign.
pub async fn go_back(cx: &Cx, id: CampaignId, number: i64, expected: Option<i64>, people: PeopleChoice) -> Result<Campaign> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let (kept, sources) = cx
        .db()
        .read(move |tx| {
            let (_, kept) = store::find(tx, id, number)?;
            let sources = sources(tx, &kept)?;
            Ok::<_, crate::error::Error>((kept, sources))
        })
        .await?;
    let note = people.note.clone().unwrap_or_else(|| format!("Back to version {number}."));
    let patch = CampaignPatch {
        version: expected,
        allow_restart: Some(kept.allow_restart),
        sources: Some(sources),
        steps: Some(drawn(&kept)),
        rules: Some(kept.rules.into_iter().map(RuleIn::from).collect()),
        layout: kept.layout,
        people: Some(PeopleChoice { note: Some(note), ..people }),
        ..CampaignPatch::default()
    };
    service::update(cx, id, patch).await
}
