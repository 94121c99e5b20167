//! What a step does to everybody alike: done for many contacts with a few statements. A single contact goes the same way.

use hg_core::campaigns::{Step, StepType};
use hg_core::ids::ContactId;
use hg_store::Tx;
use serde_json::Value as Json;

use super::{Said, change_points, change_segments, fields};
use crate::contacts;
use crate::error::Result;
use crate::workspace::Workspace;

/// Whether the step does the same to everybody, whoever she is.
pub(in crate::campaigns) fn is_alike(ws: &Workspace, tx: &mut Tx<'_>, step: &Step) -> Result<bool> {
    Ok(match &step.what {
        StepType::ChangeTags { .. } | StepType::ChangePoints { .. } | StepType::ChangeSegments { .. } => true,
        StepType::UpdateContact { fields } => {
            // A token says something else for each.
            let plain = |value: &Json| value.as_str().is_none_or(|text| !text.contains('{'));
            fields.values().all(plain) && fields::are_plain(&*crate::fields::catalogue(ws, tx)?, fields)
        }
        _ => false,
    })
}

/// Does it; a sentence when it could not be had, which is so for all of them.
pub(in crate::campaigns) fn alike(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    step: &Step,
    contacts: &[ContactId],
    campaign: &str,
) -> Result<Said> {
    match &step.what {
        StepType::ChangeTags { add, remove } => contacts::change_tags_of(ws, tx, contacts, add, remove).map(|()| None),
        StepType::ChangePoints { points, group } => change_points(ws, tx, contacts, *points, *group, campaign),
        StepType::ChangeSegments { add, remove } => change_segments(ws, tx, contacts, add, remove),
        StepType::UpdateContact { fields } => fields::update_alike(ws, tx, contacts, fields),
        _ => Ok(None),
    }
}
