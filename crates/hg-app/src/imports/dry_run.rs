//! Trying an import out: everything is read and judged, nothing is written.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use hg_core::contacts::FieldCatalogue;
use hg_core::imports::{Object, Rejected};

use crate::cx::Cx;
use crate::error::Result;
use crate::imports::known::{self, Judged};
use crate::imports::reader::{self, Batch, Source};
use crate::imports::rules::Rules;
use crate::imports::{DryRun, ImportOptions, Reason, companies};
use crate::jobs::JobHandle;

/// How many kinds of mistakes are told apart.
const MOST_REASONS: usize = 50;

/// Reads the whole file and says what would happen. `None` when it was stopped.
pub(super) async fn judge_all(
    cx: &Cx,
    source: Source,
    object: Object,
    options: ImportOptions,
    handle: Option<&JobHandle>,
) -> Result<Option<DryRun>> {
    let (fields, rules) = (source.fields.clone(), source.rules.clone());
    let mut batches = reader::read(source);
    let mut found = DryRun::default();
    let mut reasons = Reasons::new();
    // Identifiers met before in the file, by their hash: a million of them need few megabytes.
    let mut met: HashSet<u64> = HashSet::new();
    let mut read = 0;
    while let Some(next) = batches.recv().await {
        let next = next?;
        reject(&mut found, &mut reasons, &next);
        let judge = (object, &fields, &rules, &options);
        count(cx, judge, next, &mut found, &mut reasons, &mut met).await?;
        read += 1;
        if let (Some(handle), 0) = (handle, read % 50)
            && !handle.progress(found.counts.rows(), None, None).await?
        {
            return Ok(None);
        }
    }
    found.reasons = reasons.into_iter().map(|(reason, (count, example_line))| Reason { reason, count, example_line }).collect();
    found.reasons.sort_by_key(|r| std::cmp::Reverse(r.count));
    Ok(Some(found))
}

type Reasons = BTreeMap<String, (i64, i64)>;

fn reject(found: &mut DryRun, reasons: &mut Reasons, batch: &Batch) {
    for (line, rejected, _) in &batch.rejected {
        reject_one(found, reasons, *line, rejected);
    }
}

fn reject_one(found: &mut DryRun, reasons: &mut Reasons, line: i64, rejected: &Rejected) {
    found.counts.rejected += 1;
    let reason = rejected.group();
    if reasons.len() < MOST_REASONS || reasons.contains_key(&reason) {
        reasons.entry(reason).or_insert((0, line)).0 += 1;
    }
}

async fn count(
    cx: &Cx,
    (object, fields, rules, options): (Object, &Arc<FieldCatalogue>, &Rules, &ImportOptions),
    next: Batch,
    found: &mut DryRun,
    reasons: &mut Reasons,
    met: &mut HashSet<u64>,
) -> Result<()> {
    let (fields, rules, tags) = (fields.clone(), rules.clone(), options.tags.clone());
    let lines: Vec<i64> = next.rows.iter().map(|(line, _)| *line).collect();
    let judged = cx
        .db()
        .read(move |tx| match object {
            Object::Contact => known::judge(tx, &fields, &rules, &tags, &next.rows),
            Object::Company => companies::judge(tx, &fields, &rules, &next.rows),
        })
        .await?;
    for (Judged { verdict, keys }, line) in judged.into_iter().zip(lines) {
        let differs = match verdict {
            Ok(differs) => differs,
            Err(reason) => {
                reject_one(found, reasons, line, &reason);
                continue;
            }
        };
        let hash = |key: &(String, String)| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish()
        };
        let before = keys.iter().any(|key| met.contains(&hash(key)));
        match differs {
            None if before => found.counts.updated += 1,
            None => {
                met.extend(keys.iter().map(hash));
                found.counts.created += 1;
            }
            Some(true) => found.counts.updated += 1,
            Some(false) => found.counts.skipped += 1,
        }
    }
    Ok(())
}
