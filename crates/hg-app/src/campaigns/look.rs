//! Conditions: a look at the contact, with what was found. The finding is kept in the log, so that anybody can see later why
//! somebody went this way.

use hg_core::campaigns::explain::{Decision, Membership, Traits, Visit, visit_answers};
use hg_core::campaigns::steps::DeviceTraits;
use hg_core::campaigns::{Step, StepType};
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId, FormId, PointGroupId, SegmentId};
use hg_core::segments::{Explained, Filter, Plan};
use hg_core::text::Email;
use hg_core::time::Timestamp;
use hg_store::{Flow, Sql, Tx};
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::workspace::Workspace;
use crate::{fields, segments};

/// Visits looked at for one contact, the newest first.
const MOST_VISITS: usize = 10_000;

/// What a look came to: the outcome, the words for people, and the decision that gives the same outcome whenever it is read.
pub(super) struct Found {
    pub verdict: bool,
    pub why: Explained,
    pub decision: Decision,
}

fn found(decision: Decision, label: impl Into<String>, actual: impl Into<String>) -> Found {
    let verdict = decision.outcome();
    let (label, actual) = (label.into(), Some(actual.into()));
    let why = Explained { verdict, label, actual, bounds: None, children: Vec::new(), group: None };
    Found { verdict, why, decision }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

/// The filter of a condition or decision that has one; wrong ones were refused when the campaign was published.
pub(super) fn filter(step: &StepType) -> Result<Option<Filter>> {
    let json = match step {
        StepType::FieldIs { field, op, value } => {
            serde_json::json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]})
        }
        StepType::Matches { filter } | StepType::Becomes { filter } => filter.clone(),
        _ => return Ok(None),
    };
    Filter::parse(&json).map(Some).map_err(|errors| {
        let fields = errors.into_iter().map(|e| crate::FieldError::new("/settings", e.code, e.detail)).collect();
        Error::invalid(fields)
    })
}

/// Whether a condition can be answered in this workspace: its fields are there and the operators fit.
pub(super) fn check(ws: &Workspace, tx: &mut Tx<'_>, step: &StepType) -> Result<()> {
    if let Some(filter) = filter(step)? {
        Plan::of(&filter, &*fields::catalogue(ws, tx)?).map_err(segments::SegmentProblem::Filter)?;
    }
    Ok(())
}

/// Answers a condition for a contact.
pub(super) fn look(ws: &Workspace, tx: &mut Tx<'_>, campaign: CampaignId, step: &Step, contact: ContactId) -> Result<Found> {
    if let Some(filter) = filter(&step.what)? {
        let Some(why) = segments::judge(ws, tx, contact, &filter)? else {
            return Ok(found(Decision::Gone, "Is there", "the contact is gone"));
        };
        let decision = Decision::of_filter(&why);
        return Ok(Found { verdict: decision.outcome(), why, decision });
    }
    match &step.what {
        StepType::HasDevice { device } => devices(tx, contact, device),
        StepType::Visited { pages, url, from, to } => {
            let pages: Vec<i64> = pages.iter().map(|p| p.0).collect();
            visits(tx, contact, &Visits { pages: &pages, url: url.as_deref(), from: *from, to: *to })
        }
        StepType::HasTags { tags } => {
            let sql = Sql::new(
                "SELECT t.name FROM contact_tags c JOIN tags t ON t.id = c.tag_id WHERE c.contact_id = $1 AND t.deleted_at IS NULL \
                 ORDER BY t.name",
            );
            let has: Vec<String> = tx.all(sql.bind(contact), |r| r.get(0))?;
            let decision = Decision::AnyOf { has: has.clone(), wanted: tags.clone() };
            Ok(found(decision, format!("Has any of the tags {}", tags.join(", ")), listed(&has)))
        }
        StepType::InSegments { segments } => in_segments(tx, contact, segments),
        StepType::InStages { stages } => {
            let stage =
                one_of(tx, "SELECT s.id, s.name FROM contacts c JOIN stages s ON s.id = c.stage_id WHERE c.id = $1", contact)?;
            let has = stage.iter().map(|s| s.0).collect();
            let decision = Decision::AnyId { has, wanted: stages.iter().map(|s| s.0).collect() };
            Ok(found(decision, "Is in one of the stages", stage.map_or_else(|| "no stage".to_owned(), |s| s.1)))
        }
        StepType::OwnedBy { owners } => {
            let owner =
                one_of(tx, "SELECT u.id, u.email FROM contacts c JOIN users u ON u.id = c.owner_id WHERE c.id = $1", contact)?;
            let has = owner.iter().map(|o| o.0).collect();
            let decision = Decision::AnyId { has, wanted: owners.iter().map(|o| o.0).collect() };
            Ok(found(decision, "Belongs to one of the owners", owner.map_or_else(|| "nobody".to_owned(), |o| o.1)))
        }
        StepType::InCampaigns { campaigns, ever, joined } => in_campaigns(tx, contact, campaigns, *ever, *joined),
        StepType::Blocked { channels, reason } => {
            let sql = Sql::new("SELECT channel, reason FROM do_not_contact WHERE contact_id = $1 ORDER BY channel");
            let rows = tx.all(sql.bind(contact), |r| Ok((r.get::<String>(0)?, r.get::<i64>(1)?)))?;
            let words = |why: &i64| match why {
                1 => "unsubscribed",
                2 => "bounced",
                _ => "by hand",
            };
            let has: Vec<String> = rows.iter().map(|(channel, why)| format!("{channel} ({})", words(why))).collect();
            let decision = Decision::Blocked { has: rows, channels: channels.clone(), reason: *reason };
            Ok(found(decision, format!("Must not be contacted by {}", channels.join(", ")), listed(&has)))
        }
        StepType::PointsAre { op, points, group } => {
            let has = points_of(tx, contact, *group)?;
            let decision = Decision::Compare { op: op.clone(), has: vec![has.to_string()], wanted: Json::from(*points) };
            Ok(found(decision, format!("Points {op} {points}"), has.to_string()))
        }
        StepType::FormAnswer { form, field, op, value } => answer(tx, contact, *form, field, op, value),
        StepType::HasValidAddress => {
            let sql = Sql::new("SELECT email FROM contacts WHERE id = $1").bind(contact);
            let email = tx.opt(sql, |r| r.get::<Option<String>>(0))?.flatten().unwrap_or_default();
            let said = match Email::parse(&email) {
                Ok(_) => email.clone(),
                Err(_) if email.trim().is_empty() => "no address".to_owned(),
                Err(why) => format!("{email}: {why}"),
            };
            Ok(found(Decision::Address { text: email }, "Has a valid address", said))
        }
        StepType::Split { percent } => {
            let decision = Decision::Share { contact: contact.0, by: step.id.0, percent: *percent, held: false };
            let said = if decision.outcome() { "drawn" } else { "not drawn" };
            Ok(found(decision, format!("Drawn for the {percent} %"), said))
        }
        StepType::Holdout { percent } => {
            // By the campaign, not by the step: two of them in one campaign hold back the same people.
            let by = campaign.0.wrapping_neg();
            let decision = Decision::Share { contact: contact.0, by, percent: *percent, held: true };
            let said = if decision.outcome() { "goes on" } else { "held back" };
            Ok(found(decision, format!("Not among the {percent} % held back"), said))
        }
        _ => Err(Error::internal("This step looks at nothing.")),
    }
}

fn one_of(tx: &mut Tx<'_>, text: &'static str, contact: ContactId) -> Result<Option<(i64, String)>> {
    Ok(tx.opt(Sql::new(text).bind(contact), |r| Ok((r.get(0)?, r.get(1)?)))?)
}

fn points_of(tx: &mut Tx<'_>, contact: ContactId, group: Option<PointGroupId>) -> Result<i64> {
    let sql = match group {
        None => Sql::new("SELECT points FROM contacts WHERE id = $1").bind(contact),
        Some(group) => {
            Sql::new("SELECT score FROM contact_scores WHERE contact_id = $1 AND group_id = $2").bind(contact).bind(group)
        }
    };
    Ok(tx.opt(sql, |r| r.get(0))?.unwrap_or(0))
}

fn devices(tx: &mut Tx<'_>, contact: ContactId, wanted: &DeviceTraits) -> Result<Found> {
    let sql = Sql::new("SELECT kind, brand, os FROM devices WHERE contact_id = $1 ORDER BY seen_at DESC, id DESC LIMIT 100");
    let rows: Vec<Traits> = tx.all(sql.bind(contact), |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?]))?;
    let words = |traits: &Traits| traits.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let has: Vec<String> = rows.iter().map(words).collect();
    let DeviceTraits { types, brands, systems } = wanted.clone();
    Ok(found(Decision::Device { has: rows, types, brands, systems }, "Has such a device", listed(&has)))
}

struct Visits<'a> {
    pages: &'a [i64],
    url: Option<&'a str>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

fn visits(tx: &mut Tx<'_>, contact: ContactId, wanted: &Visits<'_>) -> Result<Found> {
    let sql = Sql::new(
        "SELECT e.object_id, u.url, e.occurred_at FROM events e LEFT JOIN urls u ON u.id = e.url_id \
         WHERE e.contact_id = $1 AND e.kind = $2 AND e.occurred_at >= $3 AND e.occurred_at <= $4 ORDER BY e.occurred_at DESC LIMIT $5",
    )
    .bind(contact)
    .bind(EventKind::PageHit.code())
    .bind(wanted.from.unwrap_or(Timestamp(0)))
    .bind(wanted.to.unwrap_or(Timestamp::MAX))
    .bind(i64::try_from(MOST_VISITS).unwrap_or(i64::MAX));
    let (mut seen, mut hit) = (0, None);
    tx.each(sql, |r| {
        let (page, url, at): (i64, Option<String>, Timestamp) = (r.get(0)?, r.get(1)?, r.get(2)?);
        seen += 1;
        let url = url.unwrap_or_default();
        if visit_answers(wanted.pages, wanted.url, page, &url) {
            hit = Some(Visit { page, url, at });
            return Ok(Flow::Stop);
        }
        Ok(Flow::Next)
    })?;
    let said = match &hit {
        Some(Visit { url, at, .. }) => format!("{url} on {}", at.sql_text()),
        None => format!("{seen} other visits"),
    };
    let (pages, url) = (wanted.pages.to_vec(), wanted.url.map(str::to_owned));
    Ok(found(Decision::Visit { hit, pages, url, from: wanted.from, to: wanted.to }, "Visited", said))
}

fn in_segments(tx: &mut Tx<'_>, contact: ContactId, wanted: &[SegmentId]) -> Result<Found> {
    let ids: Vec<i64> = wanted.iter().map(|s| s.0).collect();
    let sql = Sql::new("SELECT id, name FROM segments WHERE id @in($1) AND deleted_at IS NULL ORDER BY id").bind(ids.as_slice());
    let (mut has, mut inside) = (Vec::new(), Vec::new());
    for (id, name) in tx.all(sql, |r| Ok((r.get::<SegmentId>(0)?, r.get::<String>(1)?)))? {
        if segments::contains(tx, id, contact)? {
            has.push(id.0);
            inside.push(name);
        }
    }
    Ok(found(Decision::AnyId { has, wanted: ids }, "Is in one of the segments", listed(&inside)))
}

fn in_campaigns(
    tx: &mut Tx<'_>,
    contact: ContactId,
    wanted: &[CampaignId],
    ever: bool,
    joined: Option<(bool, Timestamp)>,
) -> Result<Found> {
    let sql = Sql::new(
        "SELECT m.campaign_id, c.name, m.state, m.joined_at FROM campaign_members m JOIN campaigns c ON c.id = m.campaign_id \
         WHERE m.contact_id = $1 AND c.deleted_at IS NULL ORDER BY m.campaign_id",
    );
    let rows = tx.all(sql.bind(contact), |r| {
        Ok((r.get::<CampaignId>(0)?, r.get::<String>(1)?, r.get::<String>(2)?, r.get::<Timestamp>(3)?))
    })?;
    let member = |(id, _, state, at): &(CampaignId, String, String, Timestamp)| Membership {
        campaign: id.0,
        active: state == "active",
        joined: *at,
    };
    let wanted = wanted.iter().map(|id| id.0).collect();
    let decision = Decision::Campaigns { has: rows.iter().map(member).collect(), wanted, ever, joined };
    let has: Vec<String> = rows.iter().map(|(_, name, state, at)| format!("{name} ({state} since {})", at.sql_text())).collect();
    Ok(found(decision, "Is in one of the campaigns", listed(&has)))
}

fn answer(tx: &mut Tx<'_>, contact: ContactId, form: Option<FormId>, field: &str, op: &str, value: &Json) -> Result<Found> {
    let sql = Sql::new(
        "SELECT answers FROM submissions WHERE contact_id = $1 AND form_id = $2 AND quarantined = 0 ORDER BY id DESC LIMIT 1",
    )
    .bind(contact)
    .bind(form.unwrap_or(FormId(0)));
    let answers: Option<Json> = tx.opt(sql, |r| r.get(0))?;
    let text = |v: &Json| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let given: Vec<String> = match answers.as_ref().and_then(|a| a.get(field)) {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(items)) => items.iter().map(text).collect(),
        // Several choices of one field stand with bars between.
        Some(one) => text(one).split('|').map(str::to_owned).collect(),
    };
    let said = match &answers {
        None => "the form was never sent in".to_owned(),
        Some(_) => listed(&given),
    };
    let decision = Decision::Compare { op: op.to_owned(), has: given, wanted: value.clone() };
    Ok(found(decision, format!("Answered {field} {op} {}", text(value)), said))
}
