//! What happens when a form has been sent in.

use hg_core::forms::{Form, FormAction};
use hg_core::ids::{ContactId, DeviceId, FormId, PointGroupId, SegmentId, StageId};
use hg_core::tracking::utm_of_url;
use hg_store::{Sql, Tx};
use serde_json::{Value as Json, json};

use super::store;
use crate::companies;
use crate::contacts::{self, PointsOperator};
use crate::error::Result;
use crate::points::{self, Given};
use crate::stages;
use crate::workspace::Workspace;

/// Runs the actions of a form for whoever sent it in, and writes the consents she gave.
pub(super) fn run(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    form: &Form,
    contact: ContactId,
    consents: &[(String, String)],
    submission: i64,
) -> Result<()> {
    for (purpose, text) in consents {
        let proof = json!({"form_id": form.id, "submission_id": submission});
        let shown = Some(text.as_str()).filter(|t| !t.is_empty());
        crate::consents::record(ws, tx, contact, purpose, true, shown, &format!("form: {}", form.name), Some(&proof))?;
    }
    for action in &form.actions {
        match action {
            FormAction::AddTags { tags, remove } => contacts::change_tags(ws, tx, contact, tags, remove)?,
            FormAction::ChangePoints { operator, points, group } => {
                let operator = PointsOperator::parse(operator).unwrap_or(PointsOperator::Plus);
                let given = Given { event: Some(form.name.clone()), ..Given::by("form", format!("Form: {}", form.name)) };
                match points::change_in(ws, tx, contact, group.map(PointGroupId), operator, *points, &given) {
                    // A group deleted since is no reason to refuse the answer.
                    Err(error) if error.code == "points.no-group" => {}
                    other => other.map(|_| ())?,
                }
            }
            FormAction::ChangeCompanyScore { score } => {
                let why = format!("Form: {}", form.name);
                companies::score_companies_of(tx, contact, *score, &why, ws.clock.now())?;
            }
            FormAction::ChangeStage { stage } => {
                match stages::change_in(ws, tx, contact, Some(StageId(*stage)), &format!("Form: {}", form.name)) {
                    Err(error) if error.is_not_found() => {}
                    other => other.map(|_| ())?,
                }
            }
            FormAction::AddToSegment { add, remove } => {
                for (segments, is_add) in [(add, true), (remove, false)] {
                    for segment in segments {
                        match crate::segments::change_by_hand_in(ws, tx, SegmentId(*segment), &[contact], is_add, "form", None) {
                            // A segment deleted since is no reason to refuse the answer.
                            Err(error) if error.is_not_found() => {}
                            other => other.map(|_| ())?,
                        }
                    }
                }
            }
            FormAction::RecordUtm => {
                let referrer = Sql::new("SELECT referrer FROM submissions WHERE id = $1").bind(submission);
                let page: Option<String> = tx.opt(referrer, |r| r.get(0))?.flatten();
                let tags = contacts::NewUtm::from(utm_of_url(page.as_deref().unwrap_or("")));
                contacts::record_utm(ws, tx, contact, "form", &contacts::NewUtm { url: page, ..tags })?;
            }
            FormAction::AllowContact => {
                for reason in [1, 3] {
                    contacts::lift_do_not_contact(ws, tx, contact, "email", Some(reason))?;
                }
            }
        }
    }
    Ok(())
}

/// Runs what waited until a contact proved who she is. Only what came from the device that she proved: what somebody
/// else sent in under her name goes on waiting.
pub fn run_waiting_actions(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, device: DeviceId) -> Result<()> {
    let sql =
        "SELECT id, form_id, answers FROM submissions WHERE contact_id = $1 AND device_id = $2 AND actions_done = 0 ORDER BY id";
    let sql = Sql::new(sql).bind(contact).bind(device);
    let waiting: Vec<(i64, FormId, Json)> = tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for (submission, form, answers) in waiting {
        tx.exec(Sql::new("UPDATE submissions SET actions_done = 1, verified = 1 WHERE id = $1").bind(submission))?;
        if let Some(record) = store::find(tx, form)? {
            let form = record.form();
            let given = |alias: &str| answers.get(alias).and_then(Json::as_str) == Some("yes");
            let consents: Vec<(String, String)> = form
                .fields
                .iter()
                .filter(|f| f.kind == hg_core::forms::FieldKind::Consent && !f.purpose.is_empty() && given(&f.alias))
                .map(|f| (f.purpose.clone(), f.consent_text.clone()))
                .collect();
            run(ws, tx, &form, contact, &consents, submission)?;
        }
        points::form_proven(ws, tx, contact, form, submission)?;
    }
    Ok(())
}
