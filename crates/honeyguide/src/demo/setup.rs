//! What the marketing team does on the first day: import, segment, emails, form, page, campaigns. Each step is noted
//! as soon as it is done, so that an interrupted demo goes on where it was.

use std::path::PathBuf;

use hg_app::campaigns::{self, NewCampaign, StepIn};
use hg_app::emails::{self, Content, NewEmail};
use hg_app::forms::{self, FormKind, NewForm};
use hg_app::imports::{self, ImportState};
use hg_app::pages::{self, NewPage};
use hg_app::segments::{self, NewSegment};
use hg_app::settings;
use hg_app::{Cx, Error, Result, engine};
use hg_core::campaigns::{IfPast, Path, Source, SourceKind, Timing, Unit};
use hg_core::forms::{FieldKind, FormField, PostAction};
use serde_json::{Value, json};

use super::content;
use super::people;
use super::state::State;
use crate::open;

pub async fn run(cx: &Cx, state: &mut State) -> Result<()> {
    site(cx).await?;
    if state.segment.is_none() {
        import(cx).await?;
        state.segment = Some(segment(cx).await?);
        state.save()?;
        engine::standard().settle(&cx.ws).await?;
    }
    if state.emails.is_empty() {
        state.emails = write_emails(cx, state).await?;
        state.save()?;
    }
    if state.form.is_none() {
        state.form = Some(form(cx).await?);
        state.save()?;
    }
    if state.page.is_none() {
        state.page = Some(page(cx, state).await?);
        state.save()?;
    }
    if state.registration.is_none() {
        state.registration = Some(registration(cx, state).await?);
        state.save()?;
    }
    if state.invitation.is_none() {
        state.invitation = Some(invitation(cx, state).await?);
        state.save()?;
    }
    Ok(())
}

async fn site(cx: &Cx) -> Result<()> {
    let before = cx.ws.settings();
    let general = settings::General {
        site_name: "Open Harvest community".into(),
        timezone: "America/New_York".into(),
        postal_address: "Open Harvest, 1 Orchard Lane, Boston".into(),
        ..before.general.clone()
    };
    settings::write_general(cx, general).await?;
    let sending = settings::Sending {
        sender_name: "Open Harvest community".into(),
        sender_email: "community@example.org".into(),
        ..before.sending.clone()
    };
    settings::write_sending(cx, sending).await?;
    Ok(())
}

/// Writes the community's list and takes it in through the importer, as a person would.
async fn import(cx: &Cx) -> Result<()> {
    let folder = cx.ws.site.data_dir.join("examples/ama");
    let file: PathBuf = folder.join("contacts.csv");
    let text = people::csv();
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&file, &text))
        .map_err(|e| open::plain(format!("{} cannot be written: {e}", file.display())))?;
    let bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let made = imports::create(cx, hg_core::imports::Object::Contact, "contacts.csv", file, bytes, None, None).await?;
    let engine = engine::standard();
    imports::start_dry_run(cx, made.id).await?;
    engine.settle(&cx.ws).await?;
    imports::start(cx, made.id).await?;
    engine.settle(&cx.ws).await?;
    let done = imports::get(cx, made.id).await?;
    if done.state != ImportState::Done {
        return Err(open::plain(format!("the sample contacts could not be imported: {}", done.message.unwrap_or_default())));
    }
    println!(
        "  {} contacts imported, {} met again, {} rows rejected with their reasons",
        done.counts.created,
        done.counts.updated + done.counts.skipped,
        done.counts.rejected
    );
    Ok(())
}

async fn segment(cx: &Cx) -> Result<i64> {
    let filter = json!({"match": "all", "rules": [
        {"field": "consent:newsletter", "op": "=", "value": true},
        {"field": "email", "op": "!empty"},
    ]});
    let new = NewSegment {
        name: "Community members who agreed to mail".into(),
        description: Some("Everybody who said yes to the newsletter and has an address.".into()),
        published: Some(true),
        filter: Some(filter),
        ..NewSegment::default()
    };
    Ok(segments::create(cx, new).await?.id.0)
}

async fn write_emails(cx: &Cx, state: &State) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    for (at, mail) in content::emails(&cx.ws.site.url, state.event_at).into_iter().enumerate() {
        let content = Content {
            subject: mail.subject.into(),
            preheader: mail.preheader.into(),
            format: "mjml".into(),
            source: mail.source,
            // Who sent in a question asked for these; the invitation and its reminder are marketing.
            purpose: if at < 2 { "marketing" } else { "transactional" }.into(),
            ..Content::default()
        };
        ids.push(emails::create(cx, NewEmail { name: mail.name.into(), content, ..NewEmail::default() }).await?.id.0);
    }
    Ok(ids)
}

fn field(id: i64, alias: &str, label: &str, kind: FieldKind, mapped: Option<&str>) -> FormField {
    FormField {
        id,
        alias: alias.into(),
        label: label.into(),
        kind,
        required: true,
        mapped_field: mapped.map(str::to_owned),
        show_label: true,
        ..FormField::default()
    }
}

async fn form(cx: &Cx) -> Result<i64> {
    let new = NewForm {
        name: "AMA question".into(),
        description: "Questions for the ask-me-anything session.".into(),
        kind: FormKind::Campaign,
        published: true,
        fields: vec![
            field(1, "firstname", "Your first name", FieldKind::Text, Some("firstname")),
            field(2, "email", "Your email address", FieldKind::Email, Some("email")),
            field(3, "question", "Your question", FieldKind::Textarea, None),
        ],
        post_action: PostAction::Message(
            "Thank you! Your question is on the list. We have sent you a mail with the details.".into(),
        ),
        ..NewForm::default()
    };
    Ok(forms::create(cx, new).await?.id.0)
}

async fn page(cx: &Cx, state: &State) -> Result<i64> {
    let new = NewPage {
        title: "Ask us anything".into(),
        alias: "ama-2017".into(),
        html: content::page_html(state.form.unwrap_or(0), state.event_at),
        language: "en".into(),
        published: true,
        meta_description: "Send in your question for the community's first ask-me-anything session.".into(),
        ..NewPage::default()
    };
    Ok(pages::create(cx, new).await?.id.0)
}

fn step(key: &str, parent: Option<(&str, Option<Path>)>, name: &str, kind: &str, settings: Value, timing: Timing) -> StepIn {
    StepIn {
        key: key.into(),
        parent: parent.map(|p| p.0.into()),
        path: parent.and_then(|p| p.1),
        name: name.into(),
        kind: kind.into(),
        settings,
        timing,
    }
}

fn email(state: &State, at: usize) -> Result<Value> {
    let id = state.emails.get(at).ok_or_else(|| Error::internal("The demo's emails are missing."))?;
    Ok(json!({ "email_id": id }))
}

async fn invitation(cx: &Cx, state: &State) -> Result<i64> {
    let new = NewCampaign {
        name: "AMA invitation".into(),
        description: Some("Invites everybody who agreed to mail; reminds once who has not clicked.".into()),
        sources: vec![Source { kind: SourceKind::Segment, id: state.segment.unwrap_or(0) }],
        steps: vec![
            step("invite", None, "Invitation", "email.send", email(state, 0)?, Timing::immediate()),
            step("clicks", Some(("invite", None)), "Clicks the link", "email.click", json!({}), Timing::immediate()),
            step(
                "tag",
                Some(("clicks", Some(Path::Yes))),
                "Interested",
                "contact.tags",
                json!({"add": ["ama-interested"]}),
                Timing::immediate(),
            ),
            step(
                "remind",
                Some(("clicks", Some(Path::No))),
                "Reminder",
                "email.send",
                email(state, 1)?,
                Timing::after(2, Unit::Days),
            ),
        ],
        publish: true,
        ..NewCampaign::default()
    };
    Ok(campaigns::create(cx, new).await?.id.0)
}

async fn registration(cx: &Cx, state: &State) -> Result<i64> {
    let [day_before, hour_before, day_after] = content::registration_dates(state.event_at);
    let new = NewCampaign {
        name: "AMA registration".into(),
        description: Some("Thanks who sends in a question, reminds before the session, and sends the answers.".into()),
        sources: vec![Source { kind: SourceKind::Form, id: state.form.unwrap_or(0) }],
        steps: vec![
            step("points", None, "10 points", "contact.points", json!({"points": 10}), Timing::immediate()),
            step("thanks", Some(("points", None)), "Thank-you", "email.send", email(state, 2)?, Timing::immediate()),
            step(
                "tomorrow",
                Some(("thanks", None)),
                "One day before",
                "email.send",
                email(state, 3)?,
                Timing::on(day_before, IfPast::Skip),
            ),
            step(
                "hour",
                Some(("tomorrow", None)),
                "One hour before",
                "email.send",
                email(state, 4)?,
                Timing::on(hour_before, IfPast::Skip),
            ),
            step(
                "answers",
                Some(("hour", None)),
                "Thanks and answers",
                "email.send",
                email(state, 5)?,
                Timing::on(day_after, IfPast::Run),
            ),
        ],
        publish: true,
        ..NewCampaign::default()
    };
    Ok(campaigns::create(cx, new).await?.id.0)
}
