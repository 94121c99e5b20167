//! The segments of a workspace with their filters compiled, kept until one of them or a field changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::SegmentId;
use hg_core::segments::{Dependencies, Filter, Plan};
use hg_store::Tx;
use serde_json::Value as Json;

use crate::error::Result;
use crate::fields;
use crate::segments::crowd::{self, Group};
use crate::segments::{Segment, SegmentProblem, store};
use crate::workspace::Workspace;

/// A segment and what its filter came to.
#[derive(Debug)]
pub(super) struct Known {
    pub segment: Segment,
    /// `None` without a filter, and when the filter cannot be understood.
    pub plan: Option<Plan>,
    pub depends: Dependencies,
    pub broken: Option<String>,
}

/// All segments in an order in which a segment comes after those that its filter asks about.
#[derive(Debug, Default)]
pub(super) struct AllKnown {
    pub ordered: Vec<Arc<Known>>,
    pub by_id: HashMap<SegmentId, Arc<Known>>,
    groups: OnceLock<Vec<Group>>,
}

impl AllKnown {
    /// The published ones in groups that are looked at together, put together when first asked for.
    pub fn groups(&self) -> &[Group] {
        self.groups.get_or_init(|| crowd::groups(&self.ordered))
    }
}

#[derive(Default)]
struct Cached(Mutex<Option<(Stamp, Arc<AllKnown>)>>);

struct Stamp {
    segments: (i64, i64, i64),
    fields: Arc<FieldCatalogue>,
}

impl Stamp {
    fn is(&self, other: &Stamp) -> bool {
        self.segments == other.segments && Arc::ptr_eq(&self.fields, &other.fields)
    }
}

/// Reads a filter as it is stored or sent and compiles it.
pub(crate) fn compile(json: &Json, fields: &FieldCatalogue) -> Result<Plan, SegmentProblem> {
    let filter = Filter::parse(json).map_err(SegmentProblem::Filter)?;
    Plan::of(&filter, fields).map_err(SegmentProblem::Filter)
}

/// The segments as they are now.
pub(super) fn all(ws: &Workspace, tx: &mut Tx<'_>) -> Result<Arc<AllKnown>> {
    let stamp = Stamp { segments: store::stamp(tx)?, fields: fields::catalogue(ws, tx)? };
    let cached = ws.part::<Cached>();
    {
        let held = cached.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = held.as_ref().filter(|(s, _)| s.is(&stamp)) {
            return Ok(known.clone());
        }
    }
    let segments = store::all(tx)?;
    let known = Arc::new(order(segments.into_iter().map(|segment| know(segment, &stamp.fields)).collect()));
    *cached.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, known.clone()));
    Ok(known)
}

pub(super) fn know(segment: Segment, fields: &FieldCatalogue) -> Known {
    let compiled = segment.filter.as_ref().map(|json| compile(json, fields)).transpose();
    let (plan, broken) = match compiled {
        Ok(plan) => (plan.filter(|p| !p.filter().is_empty()), None),
        Err(problem) => (None, Some(problem.to_string())),
    };
    let depends = plan.as_ref().map(Plan::dependencies).unwrap_or_default();
    Known { segment, plan, depends, broken }
}

/// Segments that are asked about come first. Circles cannot be saved; if one is there all the same, its
/// members come last.
fn order(known: Vec<Known>) -> AllKnown {
    let mut waiting: BTreeMap<SegmentId, Arc<Known>> = known.into_iter().map(|k| (k.segment.id, Arc::new(k))).collect();
    let by_id = waiting.iter().map(|(id, k)| (*id, k.clone())).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready: Vec<SegmentId> = waiting
            .values()
            .filter(|k| k.depends.segments.iter().all(|id| *id == k.segment.id || !waiting.contains_key(id)))
            .map(|k| k.segment.id)
            .collect();
        let ready = if ready.is_empty() { waiting.keys().copied().collect() } else { ready };
        ordered.extend(ready.into_iter().filter_map(|id| waiting.remove(&id)));
    }
    AllKnown { ordered, by_id, groups: OnceLock::new() }
}

/// These segments and all that their filters ask about, each with whether it changes with the calendar.
pub(crate) fn with_dependencies(ws: &Workspace, tx: &mut Tx<'_>, ids: &[SegmentId]) -> Result<Vec<(SegmentId, bool)>> {
    let known = all(ws, tx)?;
    let mut found: BTreeMap<SegmentId, bool> = BTreeMap::new();
    let mut waiting = ids.to_vec();
    while let Some(id) = waiting.pop() {
        let Some(segment) = known.by_id.get(&id).filter(|_| !found.contains_key(&id)) else { continue };
        found.insert(id, segment.depends.clock || segment.depends.daily);
        waiting.extend(segment.depends.segments.iter().copied());
    }
    Ok(found.into_iter().collect())
}

/// The way from a segment back to itself through filters, if there is one.
pub(super) fn circle(known: &AllKnown, changed: SegmentId, depends: &Dependencies) -> Option<String> {
    fn walk(known: &AllKnown, at: SegmentId, target: SegmentId, path: &mut Vec<SegmentId>) -> bool {
        if at == target {
            return true;
        }
        if path.contains(&at) {
            return false;
        }
        path.push(at);
        let next = known.by_id.get(&at).map(|k| k.depends.segments.clone()).unwrap_or_default();
        if next.into_iter().any(|id| walk(known, id, target, path)) {
            return true;
        }
        path.pop();
        false
    }
    for first in &depends.segments {
        let mut path = Vec::new();
        if walk(known, *first, changed, &mut path) {
            let name = |id: &SegmentId| known.by_id.get(id).map_or_else(|| id.to_string(), |k| k.segment.name.clone());
            let names: Vec<String> = [changed].iter().chain(path.iter()).chain([changed].iter()).map(name).collect();
            return Some(names.join(" → "));
        }
    }
    None
}
