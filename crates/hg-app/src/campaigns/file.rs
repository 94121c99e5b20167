//! A campaign as a file that people can read, keep beside their other texts, and bring into another workspace.
//!
//! Steps are known by their keys, everything else by its kind and name: the file lists what its ids mean. Brought in, each
//! thing is found again by its name; what is not there is left open, and told.

use std::collections::HashMap;

use hg_core::campaigns::goals::Aim;
use hg_core::campaigns::{Needs, Path, Republish, Source, SourceKind, Step, StepType, Timing};
use hg_core::ids::CampaignId;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::goals::{RuleIn, Ruled};
use super::model::{Campaign, NewCampaign, StepIn};
use super::service::{self, table_of};
use super::store;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// What the first line of a file says.
const WHAT: &str = "campaign";
/// Files of later versions may say what this one does not know.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    honeyguide: String,
    version: u32,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    allow_restart: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    republish: Option<Republish>,
    #[serde(default)]
    sources: Vec<Named>,
    steps: Vec<FileStep>,
    /// Goals and exit rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rules: Vec<FileRule>,
    /// What the ids in the settings mean.
    #[serde(default)]
    things: Vec<Named>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layout: Option<Json>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: String,
    id: i64,
    name: String,
}

/// A step as files and versions hold it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileStep {
    key: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<Path>,
    #[serde(default)]
    settings: Json,
    #[serde(default)]
    timing: Timing,
}

/// A goal or exit rule as files and versions hold it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRule {
    key: String,
    aim: Aim,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    settings: Json,
}

impl FileRule {
    pub fn of(ruled: &Ruled) -> Self {
        let (aim, step) = (ruled.rule.aim, FileStep::of(&ruled.rule.step));
        Self { key: step.key, aim, kind: step.kind, name: step.name, settings: step.settings }
    }
}

impl From<FileRule> for RuleIn {
    fn from(rule: FileRule) -> Self {
        let FileRule { key, aim, kind, name, settings } = rule;
        Self { key, aim, name, kind, settings }
    }
}

impl FileStep {
    pub fn of(step: &Step) -> Self {
        Self {
            key: step.key.clone(),
            kind: step.what.key().to_owned(),
            name: step.name.clone(),
            parent: step.parent.clone(),
            path: step.path,
            settings: step.what.write(),
            timing: step.timing.clone(),
        }
    }
}

impl From<FileStep> for StepIn {
    fn from(step: FileStep) -> Self {
        let FileStep { key, kind, name, parent, path, settings, timing } = step;
        Self { key, parent, path, name, kind, settings, timing }
    }
}

/// A campaign that came in from a file.
#[derive(Debug, Clone)]
pub struct Imported {
    pub campaign: Campaign,
    /// Sentences: what the file names and this workspace does not have.
    pub missing: Vec<String>,
}

/// The column that people know a thing by.
const fn name_of(needs: Needs) -> &'static str {
    match needs {
        Needs::Page(_) | Needs::Category(_) => "title",
        Needs::Company(_) => "companyname",
        Needs::User(_) => "email",
        _ => "name",
    }
}

/// Writes a campaign as a file.
pub async fn export(cx: &Cx, id: CampaignId) -> Result<Json> {
    let campaign = service::get(cx, id).await?;
    cx.db()
        .read(move |tx| {
            let mut things: Vec<Named> = Vec::new();
            let rules = campaign.rules.iter().map(|r| &r.rule.step);
            for needs in campaign.plan.steps.iter().chain(rules).flat_map(|s| s.what.needs()) {
                if things.iter().any(|t| t.kind == needs.kind() && t.id == needs.id()) {
                    continue;
                }
                let (table, id) = table_of(needs);
                let text = format!("SELECT {} FROM {table} WHERE id = $1", name_of(needs));
                if let Some(name) = tx.opt(Sql::new(text).bind(id), |r| r.get::<Option<String>>(0))?.flatten() {
                    things.push(Named { kind: needs.kind().to_owned(), id, name });
                }
            }
            let sources =
                campaign.sources.iter().map(|(s, name)| Named { kind: s.kind.key().into(), id: s.id, name: name.clone() });
            let steps = campaign.plan.steps.iter().map(FileStep::of);
            let file = File {
                honeyguide: WHAT.to_owned(),
                version: VERSION,
                name: campaign.name.clone(),
                description: campaign.description.clone(),
                allow_restart: campaign.allow_restart,
                republish: campaign.republish,
                sources: sources.collect(),
                steps: steps.collect(),
                rules: campaign.rules.iter().map(FileRule::of).collect(),
                things,
                layout: campaign.layout.clone(),
            };
            serde_json::to_value(file).map_err(|e| Error::internal(e.to_string()))
        })
        .await
}

/// The id of the thing of this name; the same id where that is called so.
fn find(tx: &mut Tx<'_>, needs: Needs, name: &str) -> Result<Option<i64>> {
    let (table, id) = table_of(needs);
    let column = name_of(needs);
    let text = format!(
        "SELECT id FROM {table} WHERE {column} = $1 AND deleted_at IS NULL ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END, id LIMIT 1"
    );
    Ok(tx.opt(Sql::new(text).bind(name).bind(id), |r| r.get(0))?)
}

/// Makes a draft of a file. What the file names and nobody has here is left open.
pub async fn import(cx: &Cx, file: Json) -> Result<Imported> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let wrong = |detail: String| Error::field("/file", "campaign.file", detail);
    let file: File = serde_json::from_value(file).map_err(|e| {
        wrong(format!("This is not the file of a campaign: {e}. Take one that was written by “Export as a file”."))
    })?;
    if file.honeyguide != WHAT || file.version > VERSION {
        return Err(wrong(format!(
            "This file holds a {} of version {}, which cannot be read here.",
            file.honeyguide, file.version
        )));
    }
    let (sources, things) = (file.sources, file.things);
    let (found, missing, sources) = cx
        .db()
        .read(move |tx| {
            let (mut found, mut missing, mut kept) = (HashMap::new(), Vec::new(), Vec::new());
            for named in &things {
                let Some(needs) = Needs::of(&named.kind, named.id) else { continue };
                match find(tx, needs, &named.name)? {
                    Some(id) => {
                        found.insert(needs, id);
                    }
                    None => missing
                        .push(format!("There is no {} “{}” here; choose another where it was used.", named.kind, named.name)),
                }
            }
            for named in &sources {
                let Some(kind) = SourceKind::from_key(&named.kind) else { continue };
                let needs = match kind {
                    SourceKind::Segment => Needs::Segment(named.id),
                    SourceKind::Form => Needs::Form(named.id),
                    SourceKind::CompanySegment => Needs::CompanySegment(named.id),
                };
                match find(tx, needs, &named.name)? {
                    Some(id) if store::source_name(tx, Source { kind, id })?.is_some() => kept.push(Source { kind, id }),
                    _ => missing.push(format!("There is no {} “{}” here; choose who enters.", named.kind, named.name)),
                }
            }
            Ok::<_, Error>((found, missing, kept))
        })
        .await?;
    let moved = |pointer: String, name: &str, kind: &str, settings: &Json| {
        let what = StepType::read(kind, settings).map_err(|e| Error::field(pointer, "step.settings", format!("{name}: {e}.")))?;
        Ok::<_, Error>(what.with_needs(&|needs| found.get(&needs).copied()).write())
    };
    let mut rules = Vec::with_capacity(file.rules.len());
    for (index, rule) in file.rules.into_iter().enumerate() {
        let settings = moved(format!("/file/rules/{index}"), &rule.name, &rule.kind, &rule.settings)?;
        rules.push(RuleIn::from(FileRule { settings, ..rule }));
    }
    let mut steps = Vec::with_capacity(file.steps.len());
    for (index, step) in file.steps.into_iter().enumerate() {
        let settings = moved(format!("/file/steps/{index}"), &step.name, &step.kind, &step.settings)?;
        steps.push(StepIn::from(FileStep { settings, ..step }));
    }
    let new = NewCampaign {
        name: file.name,
        description: file.description,
        allow_restart: file.allow_restart,
        republish: file.republish,
        sources,
        steps,
        rules,
        layout: file.layout,
        ..NewCampaign::default()
    };
    Ok(Imported { campaign: service::create(cx, new).await?, missing })
}
